"""Contacts: who customers are, what they allow, and the one history of all that happened with them.

Read `service` (the declaration), then the rules: `contact`, `registration`, `reach`, `alias`, `interaction`, `consent`
and `erasure`; what people look up: `directory`, `history` and `erasures`; what happens by itself: `registering`,
`withdrawing` and `erasing`; then `api` (how the world gets in).
"""
