"""Mails: at most one per recipient and campaign; one that nobody can be sure of is told as unknown, never repeated."""

from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path
from typing import Any

from tests.proving.memory import Memory
from tests.proving.stage import Stage

_MESSAGES = """
    SELECT originator_id,
        count(*) FILTER (WHERE topic = 'crm.campaigns.message-handed-off.v1'),
        count(*) FILTER (WHERE topic = 'crm.campaigns.message-sent.v1'),
        count(*) FILTER (WHERE topic = 'crm.campaigns.message-unknown.v1'),
        count(*) FILTER (WHERE topic = 'crm.campaigns.message-failed.v1'),
        count(*) FILTER (WHERE topic = 'crm.campaigns.message-suppressed.v1')
    FROM events WHERE topic LIKE 'crm.campaigns.message-%%' GROUP BY 1
"""


def judge_mails(stage: Stage, memory: Memory, figures: dict[str, Any]) -> Iterator[str]:
    """Compares what arrived with what was recorded about each message."""
    arrived = _arrived(Path(stage.suite.described["mail"]))
    with stage.database("campaigns") as db:
        messages: list[Any] = db.execute(_MESSAGES).fetchall()
    handed, sent, unknown, failed, suppressed = (sum(row[n] for row in messages) for n in range(1, 6))
    figures |= {"mails that arrived": arrived.total(), "messages sent": sent, "unknown": unknown}
    figures |= {"failed": failed, "suppressed": suppressed}
    for mail, times in arrived.items():
        if times > 1:
            yield f"a mail arrived {times} times: {mail}"
        if mail not in memory.mails:
            yield f"a mail arrived that nobody asked for: {mail}"
    for stream, *counted in messages:
        if counted[0] > 1 or sum(counted[1:]) != 1 or counted[0] != sum(counted[1:4]):
            yield f"message {stream}: handed off, sent, unknown, failed, suppressed {counted} times"
    if not sent <= arrived.total() <= sent + unknown:
        yield f"{arrived.total()} mails arrived, but {sent} were recorded as sent, and {unknown} as unknown"


def _arrived(folder: Path) -> Counter[tuple[str, str]]:
    mails = (message_from_bytes(each.read_bytes(), policy=default) for each in folder.glob("*.eml"))
    return Counter((str(mail["To"]), str(mail["Subject"])) for mail in mails)
