"""Scans of all contacts for duplicates: asked for here, worked off in the background."""

from datetime import datetime
from typing import Literal
from uuid import UUID, uuid4

from pydantic import BaseModel

from crm.chassis.decider import Unknown
from crm.chassis.http import Created, Log, Router, Streams, Tables, Versioned
from crm.contacts.api.bodies import CanMergeContacts, CanReadContacts
from crm.contacts.duplicates.scan_job import scans, start

router = Router(prefix="/duplicates", tags=["duplicates"])

_ASK_FOR = "INSERT INTO duplicate_scans (scan_id, actor) VALUES (%s, %s) ON CONFLICT DO NOTHING"
_SHOW = """
    SELECT state, progress, contacts, passed_over, compared, suggested, started_at, finished_at
    FROM duplicate_scans WHERE scan_id = %s
"""


class ScanAnswer(BaseModel):
    """How far a scan is; `progress` goes from 0 to 1.

    `passed_over`: keys that so many contacts share that they tell nothing of one. Times are UTC.
    """

    id: UUID
    status: Literal["running", "completed"]
    progress: float
    contacts: int
    passed_over: int
    compared: int
    suggested: int
    started_at: datetime
    finished_at: datetime | None


@router.post("/scan")
def post_scan(log: Log, db: Tables, agent: CanMergeContacts) -> Created:
    """Asks for all contacts to be compared; that happens in the background."""
    written = log.execute(scans, uuid4(), start)
    with db.connection() as connection:
        connection.execute(_ASK_FOR, (written.stream, agent.actor))
    return Created(written, "/duplicates/scans/{id}")


@router.get("/scans/{scan_id}")
def get_scan(scan_id: UUID, streams: Streams, db: Tables, agent: CanReadContacts) -> Versioned[ScanAnswer]:
    """How far a scan is."""
    with db.connection() as connection:
        row = connection.execute(_SHOW, (scan_id,)).fetchone()
    if row is None:
        raise Unknown("There is no such scan.")
    folded = streams.get(scans, scan_id)
    status, progress, contacts, passed_over, pairs, suggested, started_at, finished_at = row
    answer = ScanAnswer(
        id=scan_id,
        status=status,
        progress=progress,
        contacts=contacts,
        passed_over=passed_over,
        compared=pairs,
        suggested=suggested,
        started_at=started_at,
        finished_at=finished_at,
    )
    return Versioned(answer, folded.version, folded.token)
