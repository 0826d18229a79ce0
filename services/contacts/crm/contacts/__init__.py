"""Contacts: who customers are, what they allow, and the one history of all that happened with them.

Read `service` (the declaration), then the rules of people: `contact`, `registration`, `reach`, `alias`, `merger` with
`survivorship`, `interaction`, `consent` and `erasure`; of organisations: `account`, `account_record`, `account_tree`,
`affiliation`. What people look up: `directory`, `history`, `erasures`, `account_list` and `belonging`. What happens by
itself: `registering`, `withdrawing` and `erasing`. Who may be there twice: `merge_case` and `duplicates`. Then `api`
(how the world gets in).
"""
