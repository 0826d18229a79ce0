"""Contacts: who customers are, what they allow, and the one history of all that happened with them.

Read `service` (the declaration), then the rules of people: `contact`, `registration`, `reach`, `alias`, `merger` with
`survivorship`, `interaction` and `erasure`; of what they allow: `consent`, `double_opt_in`, `objection`, `wording` and
`preferences`; of organisations: `account`, `account_record`, `account_tree`, `affiliation`. What people look up:
`directory`, `history`, `erasures`, `consent_matrix`, `consent_proof`, `account_list` and `belonging`. What happens by
itself: `registering`, `withdrawing` and `erasing`. Then `api` (how the world gets in).
"""
