"""PostgreSQL and Kafka without Docker: the real servers, from packages, as child processes.

Read `process.py` (how a server is run) and `account.py` (as whom), then `postgres.py`, `kafka.py` and `jars.py`
(where Kafka's jars come from).
"""
