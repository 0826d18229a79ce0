"""Contacts: who customers are, what they allow, and the one history of all that happened with them.

Read `service` (the declaration), then the rules of people: `contact`, `registration`, `reach`, `alias`, `merger` with
`survivorship`, `interaction`, `consent` and `erasure`; of organisations: `account`, `account_record`, `account_tree`,
`affiliation`; of people's rights: `subject_request`, `legal_hold` with `holding`, `returning`. What people look up:
`directory`, `history`, `erasures`, `erasure_list`, `request_list`, `account_list` and `belonging`; `accessing` puts
together what somebody is told of themselves. What happens by itself: `registering`, `withdrawing`, `erasing` and
`honouring`. Then `api` (how the world gets in).
"""
