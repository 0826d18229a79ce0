"""COPY of the log in the order of its streams: as fast as PostgreSQL hands it out, with nothing done to it."""

import time

from bench.path.crew import Told
from crm.chassis.database import connect


def read(told: Told, dsn: str) -> float:
    """Returns how many seconds it took."""
    with connect(dsn, limited=False) as connection, connection.cursor() as cursor:
        began = told.ready()
        # By the index, as a rebuild reads: it works while the rest is still being read.
        cursor.execute("SELECT set_config('enable_seqscan', 'off', false), set_config('enable_sort', 'off', false)")
        statement = "COPY (SELECT * FROM events ORDER BY originator_id, originator_version) TO STDOUT (FORMAT BINARY)"
        with cursor.copy(statement) as copy:
            for _ in copy:
                pass
    return time.monotonic() - began
