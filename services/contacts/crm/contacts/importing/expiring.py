"""Forgetting files: those that nobody started, rejected rows of long ago, and uploads that nobody refers to."""

from datetime import timedelta
from uuid import UUID

from crm.chassis.decider import Rejected
from crm.chassis.log import Context
from crm.chassis.runtime import Runtime
from crm.contacts.import_job import cancel, imports
from crm.contacts.importing.job import end_now, forget_rejected
from crm.contacts.importing.spool import discard

ABANDONED = timedelta(days=1)
_SOME = 100

_OVER = """
    SELECT import_id, upload_id, rejected_upload, finished_at IS NULL FROM imports
    WHERE (state IN ('uploaded', 'mapped', 'dry_run') AND started_at < now() - %s)
        OR (rejected_upload IS NOT NULL AND finished_at < now() - %s)
    LIMIT %s
"""
_ORPHANS = """
    SELECT DISTINCT upload_id FROM import_chunks WHERE uploaded_at < now() - %s AND NOT EXISTS (
        SELECT FROM imports WHERE imports.upload_id = import_chunks.upload_id AND finished_at IS NULL
            OR imports.rejected_upload = import_chunks.upload_id)
    LIMIT %s
"""


def expire(runtime: Runtime, kept: timedelta) -> None:
    """Forgets what was kept long enough; waiting imports are cancelled."""
    with runtime.database.connection() as connection:
        over = connection.execute(_OVER, (kept, kept, _SOME)).fetchall()
        orphans = connection.execute(_ORPHANS, (ABANDONED, _SOME)).fetchall()
    for import_id, upload_id, rejected, waiting in over:
        if waiting:
            give_up(runtime, import_id, upload_id)
        else:
            discard(runtime.database, runtime.keys, rejected)
            forget_rejected(runtime.database, import_id)
    for (upload_id,) in orphans:
        discard(runtime.database, runtime.keys, upload_id)


def give_up(runtime: Runtime, import_id: UUID, upload_id: UUID) -> None:
    """Cancels an import that waited too long."""
    context = Context(actor="policy:importing", channel="import", correlation_id=str(import_id))
    try:
        runtime.log.commands(context).execute(imports, import_id, cancel)
    except Rejected:
        return  # it was started just now
    end_now(runtime.database, import_id, "cancelled")
    discard(runtime.database, runtime.keys, upload_id)
