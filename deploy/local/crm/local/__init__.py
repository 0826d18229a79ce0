"""The whole suite on one machine: real PostgreSQL, real Kafka, every service's processes, no Docker.

Read `suite` (what there is), `running` (what is started, in which order), `supervisor` (how it is kept running),
`lifecycle` (how it starts and ends from a command line), then `cli` and the commands beside it.
"""
