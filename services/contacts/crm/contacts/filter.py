"""Which items of a history are asked for, as SQL over the rows of the history."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from crm.chassis.projection.history import FOREVER
from crm.contacts.item import STANDS_FOR
from crm.events import type_of
from crm.events.upcasts import versions_of


@dataclass(frozen=True)
class Filter:
    """Which items are asked for; `since` is included, `until` is not. Times are UTC (C11)."""

    service: str | None = None
    types: Sequence[str] = ()
    channel: str | None = None
    actor: str | None = None
    stream: UUID | None = None
    since: datetime | None = None
    until: datetime | None = None
    text: str = ""
    as_of: datetime | None = None
    """What had happened then."""
    as_known_at: datetime | None = None
    """What was known then, as it was known."""
    also_hidden: bool = False
    """What was corrected or taken back as well: all that is kept."""

    @property
    def where(self) -> tuple[list[str], list[Any]]:
        """As SQL conditions and their parameters; `text` is not among them."""
        types = versions_of(*self.types)  # a row keeps the version that was the newest when it came
        standing = [each for each, meant in STANDS_FOR.items() if type_of(meant) in types]
        asked = {
            "service = %s": self.service,
            "type = ANY(%s)": [*types, *versions_of(*standing)] or None,
            "channel = %s": self.channel,
            "actor = %s": self.actor,
            "stream = %s": self.stream,
            "occurred_at >= %s": self.since,
            "occurred_at < %s": self.until,
            "occurred_at <= %s": self.as_of,
            "recorded_at <= %s": self.as_known_at,
            "hidden_at > %s": self.as_known_at,
            "hidden_at = %s": FOREVER if self.as_known_at is None and not self.also_hidden else None,
        }
        given = {condition: value for condition, value in asked.items() if value is not None}
        return list(given), list(given.values())
