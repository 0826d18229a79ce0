"""Documents generated from the code: schemas of facts, AsyncAPI, the catalogue of facts, canvases of services.

Read `schemas` (a fact as it travels), `examples`, `compatibility` (what may change), `headers` and `asyncapi` (the
topic), then `reading` (the same for people).
"""
