"""Service desk: from a question to an answer that stands.

Read `service` (the declaration), `ticket`, `reply` and `solution` (the rules), `delivery` (which ticket a reply belongs
in), `number`, `inbox` and `thread` (what people look up), `people` (what the desk knows of contacts), then `api` (how
the world gets in).
"""
