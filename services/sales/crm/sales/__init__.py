"""Sales: from somebody's first interest to a deal won or lost.

Read `service` (the declaration), `lead`, `pipeline` and `opportunity` (the rules), `lead_list` and `board` (what people
look up), `capturing` (who a lead is about), `forgetting` (what happens by itself), then `api` (how the world gets in).
"""
