"""Contacts: who customers are, what they allow, and the one history of all that happened with them.

Read `service` (the declaration), then the rules of people: `contact`, `registration`, `reach`, `alias`, `interaction`,
`consent` and `erasure`; of organisations: `account`, `account_record`, `account_tree` and `affiliation`; what people look
up: `directory`, `history`, `erasures`, `account_list` and `belonging`; what happens by itself: `registering`,
`withdrawing` and `erasing`; then `api` (how the world gets in).
"""
