"""Campaigns: mailings to people who agreed to them, and what became of every single message.

Read `service` (the declaration), `campaign`, `template`, `resolution`, `message`, `notice`, `suppression` and
`eligibility` (the rules), `people`, `audience` and `freshness` (what campaigns knows of contacts, and how fresh that
is), `planning`, `sending` and `confirming` (what happens by itself) with `mail`, `links` and `mail_server`, then
`campaign_list`, `funnel` and `recipient_list` (what people look up) and `api` (how the world gets in).
"""
