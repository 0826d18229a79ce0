"""Analytics: numbers about what all services record. It decides nothing and writes no facts about customers.

Read `service` (the declaration), `activity`, `milestones` and `funnel` (what people look up), `freshness` (what every
number says of itself), `window`, `worker`, `live` and `live_counts` (the last hour, while it happens), then `api`.
"""
