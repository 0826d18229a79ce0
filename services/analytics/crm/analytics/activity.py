"""Activity: how many facts there were per day, service and type. A day is one of UTC, and a fact's that it occurred on.

A count does not depend on the order in which facts come (A9), and names nobody, so an erasure changes nothing (A10).
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date
from typing import Any

from crm.chassis.database import Database
from crm.chassis.paging import Page, PageRequest
from crm.chassis.projection import EVERYTHING, View
from crm.events import Fact, Recorded, type_of
from crm.events.upcasts import current_type, versions_of


@dataclass(frozen=True)
class Activity:
    """Facts of one type on one day. A type that is not known here counts as it is.

    A row keeps the version of its type that was the newest when it was counted; it is found and shown as the newest of
    today. So there are two rows for a day on which that changed.
    """

    day: date
    service: str
    type: str
    facts: int


activity = View(
    "activity",
    Activity,
    key=("day", "service", "type"),
    version=1,
    indexes=("service, type, day",),
    services=(EVERYTHING,),
)


@activity.on_any(keys=lambda e: (e.occurred_at.astimezone(UTC).date(), e.service, type_of(e.fact)))
def count(row: Activity | None, e: Recorded[Fact], key: tuple[date, str, str]) -> Activity:
    return replace(row, facts=row.facts + 1) if row else Activity(*key, facts=1)


@dataclass(frozen=True)
class Days:
    """What of the activity is asked for; the first and the last day are included."""

    first: date | None = None
    last: date | None = None
    service: str | None = None
    type: str | None = None

    @property
    def where(self) -> tuple[str, list[Any]]:
        """As an SQL condition and its parameters."""
        asked = {
            "day >= %s": self.first,
            "day <= %s": self.last,
            "service = %s": self.service,
            "type = ANY(%s)": versions_of(self.type) if self.type else None,
        }
        given = {condition: value for condition, value in asked.items() if value is not None}
        return " AND ".join(given) or "true", list(given.values())


@dataclass(frozen=True)
class Totals:
    """Sums over all days asked for, not only those on the page."""

    facts: int
    by_service: Mapping[str, int]
    by_type: Mapping[str, int]


def find(db: Database, days: Days, page: PageRequest) -> Page[Activity]:
    """Counts, the latest day first."""
    where, params = days.where
    found = activity.page(db, where, params, order_by=("day DESC", "service", "type"), page=page)
    return replace(found, items=tuple(replace(each, type=current_type(each.type)) for each in found.items))


def add_up(db: Database, days: Days) -> Totals:
    """The sums."""
    where, params = days.where
    statement = (
        f"SELECT service, type, sum(facts)::bigint FROM {activity.table.name} WHERE {where}"
        " GROUP BY service, type ORDER BY service, type"
    )
    with db.connection() as connection:
        rows = connection.execute(statement.encode(), params).fetchall()
    by_service, by_type = Counter[str](), Counter[str]()
    for service, fact_type, facts in rows:
        by_service[service] += facts
        by_type[current_type(fact_type)] += facts
    return Totals(by_service.total(), by_service, by_type)
