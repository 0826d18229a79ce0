"""The whole suite on one machine: real PostgreSQL, real Kafka, every service's processes, no Docker.

Read `suite` (what is started), `supervisor` (how it is kept running), `cli` (the command `rapport`).
"""
