"""Contacts: who customers are, what they allow, and the one history of all that happened with them.

Read `service` (the declaration), then the rules, noun by noun:

- people: `contact`, `registration`, `reach`, `alias`, `merger` with `survivorship`, `interaction`
- what they allow: `consent`, `double_opt_in`, `objection`, `wording`, `preferences`
- their rights: `subject_request`, `erasure`, `legal_hold` with `holding`, `returning`
- organisations: `account`, `account_record`, `account_name`, `account_tree`, `affiliation`
- duplicates: `merge_case`, and how they are found in `duplicates`

Then what people look up (`directory`, `history`, `consent_matrix`, `consent_proof`, `erasures`, `request_list`,
`account_list`, `belonging`, `accessing`), what happens by itself (`registering`, `withdrawing`, `erasing`,
`honouring`), and `api` (how the world gets in).
"""
