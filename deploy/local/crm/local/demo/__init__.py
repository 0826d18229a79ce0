"""The demo: a suite in a temporary place, a file of people, a story through the public APIs, and one history.

Read `playing` (what is done in which order), `people` (the file), `story` and `mailing` (what happens), `cast` and
`calls` (who plays), `stage` (where), `tracing` and `telling` (what is shown of it).
"""

from crm.local.demo.playing import play

__all__ = ["play"]
