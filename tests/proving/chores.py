"""What operators do to views while everything breaks: rebuild one, and mend one that cannot take some facts."""

import time
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from psycopg import sql

from crm.events import ERASED
from tests.proving.operators import Operator

HIT_WITHIN_S, TIMES = 10.0, 4
"""How long a poisoned view may wait for a fact that it cannot take, and how often: a rebuild may heal it meanwhile."""


class Place(NamedTuple):
    """A view that can be poisoned: what says whom a row is about, and what stands there of the person."""

    service: str
    view: str
    subject: str
    personal: str


POISONED = (
    Place("contacts", "history", "contact_id", "personal"),
    Place("sales", "lead_list", "contact", "name"),
    Place("service-desk", "inbox", "contact", "subject"),
    Place("campaigns", "recipient_list", "contact", "address"),
)


@dataclass(frozen=True)
class Rebuild:
    """A view is built anew from the whole history, again until it is done; its process may be killed once."""

    service: str
    view: str
    killed_after_s: float | None

    rest = 2.0
    """A view grows, and so does what a rebuild takes from all others."""

    def __str__(self) -> str:
        return f"rebuild {self.service}/{self.view}"

    def do(self, operator: Operator) -> None:
        command = ("rebuild", f"{self.service}/{self.view}")
        if self.killed_after_s is not None:
            operator.figures["rebuilds killed"] += operator.cut(self.killed_after_s, *command)
        operator.figures["attempts at rebuilds"] += operator.insist(*command)
        operator.figures["views rebuilt"] += 1


@dataclass(frozen=True)
class Poison:
    """A view cannot take what some people say of themselves; later the cause is mended, and what waits is retried.

    Nothing is in the way of an erasure. Where too many facts fail at once the view stops, and is resumed.
    """

    place: Place
    contacts: tuple[str, ...]
    lasts_s: float

    rest = 0.3

    def __str__(self) -> str:
        return f"poison {self.place.service}/{self.place.view} for {len(self.contacts)} contacts"

    def do(self, operator: Operator) -> None:
        for each in POISONED:
            _resume(operator, each)  # a process that was frozen may have stopped it after it was mended
        try:
            for _ in range(TIMES):
                operator.constrain(self.place.service, self.place.view, self._check())
                if self._hits(operator):
                    break
            operator.pause(self.lasts_s)
            parked = self._waiting(operator)
        finally:
            operator.constrain(self.place.service, self.place.view, None)
        operator.figures["views poisoned"] += parked > 0
        operator.figures["facts parked and queued"] += parked
        _resume(operator, self.place)
        retry = ("parked", "retry", "--service", self.place.service, "--view", self.place.view)
        while self._waiting(operator):
            operator.figures["attempts at retrying them"] += operator.insist(*retry)

    def _hits(self, operator: Operator) -> bool:
        """Whether some fact is parked soon, or the view stops, or all is to end."""
        deadline = time.monotonic() + HIT_WITHIN_S
        while time.monotonic() < deadline:
            if self._waiting(operator) or _is_stopped(operator, self.place) or operator.pause(0.5):
                return True
        return False

    def _check(self) -> sql.Composable:
        return sql.SQL("{subject} <> ALL({contacts}) OR coalesce({personal}::text, {erased}) = {erased}").format(
            subject=sql.Identifier(self.place.subject),
            contacts=sql.Literal([UUID(each) for each in self.contacts]),
            personal=sql.Identifier(self.place.personal),
            erased=sql.Literal(ERASED),
        )

    def _waiting(self, operator: Operator) -> int:
        (found,) = operator.ask(
            self.place.service,
            "SELECT count(*) FROM parked JOIN feeds USING (feed) JOIN view_state USING (view) WHERE family = %s",
            self.place.view,
        )
        return int(found)


def _resume(operator: Operator, place: Place) -> None:
    if _is_stopped(operator, place):
        operator.figures["views stopped and resumed"] += 1
        operator.insist("resume", f"{place.service}/{place.view}")


def _is_stopped(operator: Operator, place: Place) -> bool:
    asked = "SELECT count(*) FROM view_state WHERE family = %s AND state = 'stopped'"
    (found,) = operator.ask(place.service, asked, place.view)
    return bool(found)
