"""The event path beside its peers: append, relay, project, rebuild, and what each costs. `python -m bench.path`.

Read `lines` (what a line of the table is), `stage` (the servers), `crew` (processes at work), then one module per
subject. Peers do the same work in the same run, turn by turn, so that the ratio between them means something; what
they need is fetched for the measurement only, and never a dependency of the suite.
"""
