"""Sales: from somebody's first interest to a deal won or lost.

Read `service` (the declaration), `lead`, `pipeline`, `opportunity` and `probability` (the rules), `lead_list`, `board`
and `weights` (what people look up), `people` (what sales knows of contacts), then `api` (how the world gets in).
"""
