"""Contacts: who customers are, what they allow, and the one history of all that happened with them.

Read `service` (the declaration), `contact`, `reach`, `alias`, `interaction`, `consent` and `erasure` (the rules),
`directory`, `history` and `erasures` (what people look up), `registering`, `withdrawing` and `erasing` (what happens by
itself), then `api` (how the world gets in).
"""
