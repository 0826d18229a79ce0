"""Who follows a link without a token: as much of them as can be shown later."""

from datetime import datetime
from typing import Annotated, TypeAlias

from fastapi import Depends, Request

from crm.events.particulars import ConsentEvidence

_LONGEST_AGENT = 500


async def visitor(request: Request) -> ConsentEvidence:
    """Where they came from, and the program they used."""
    agent = request.headers.get("user-agent", "").encode("ascii", "replace").decode().replace("\x00", "")
    ip = request.client.host if request.client else None
    return ConsentEvidence(ip=ip, user_agent=agent[:_LONGEST_AGENT] or None)


Visitor: TypeAlias = Annotated[ConsentEvidence, Depends(visitor)]
"""Who follows a link, as evidence."""


def day(moment: datetime) -> str:
    """A date for people who read any language, such as 3 March 2026 (UTC)."""
    return f"{moment.day} {moment:%B %Y}"
