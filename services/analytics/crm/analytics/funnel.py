"""The funnel: how many people got a mail, clicked, became an opportunity, and bought; per campaign and overall.

Who counts for a step counts for all before it. A click shows that the mail was sent. An opportunity counts if it was
opened at or after the first click on that campaign's mail, and a deal if it is one of those opportunities. People are
told apart by their canonical ids as known now (A8): several ids of one person count once, and an unmerge restates it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from crm.analytics.milestones import campaign_names, milestones
from crm.analytics.views import aliases
from crm.chassis.database import Database
from crm.chassis.people.aliases import LONGEST_CHAIN

# Whether any opportunity was opened since the click is a question to the latest one. The last row of the rollup,
# without a campaign, is that of all campaigns.
_COUNT = f"""
    WITH RECURSIVE chain AS (
        SELECT alias, holder, 1 AS length FROM {aliases.table.name}
        UNION ALL
        SELECT chain.alias, further.holder, length + 1
        FROM chain JOIN {aliases.table.name} AS further ON further.alias = chain.holder
        WHERE length < {LONGEST_CHAIN}
    ), canonical AS (
        SELECT DISTINCT ON (alias) alias, holder FROM chain ORDER BY alias, length DESC
    ), mailed AS (
        SELECT coalesce(holder, contact_id) AS person, about AS campaign, min(first_at) AS sent_at,
            min(first_at) FILTER (WHERE step = 'clicked') AS clicked_at
        FROM {milestones.table.name} LEFT JOIN canonical ON alias = contact_id
        WHERE step IN ('sent', 'clicked') AND (%(campaign)s::uuid IS NULL OR about = %(campaign)s)
        GROUP BY 1, 2
    ), deals AS (
        SELECT coalesce(holder, contact_id) AS person, about, bool_or(step = 'won') AS won,
            min(first_at) FILTER (WHERE step = 'opportunity') AS opened_at
        FROM {milestones.table.name} LEFT JOIN canonical ON alias = contact_id
        WHERE step IN ('opportunity', 'won')
        GROUP BY 1, 2
    ), latest AS (
        SELECT person, max(opened_at) AS opened_at, max(opened_at) FILTER (WHERE won) AS won_one_opened_at
        FROM deals GROUP BY person
    )
    SELECT campaign, count(DISTINCT person), count(DISTINCT person) FILTER (WHERE clicked_at IS NOT NULL),
        count(DISTINCT person) FILTER (WHERE opened_at >= clicked_at),
        count(DISTINCT person) FILTER (WHERE won_one_opened_at >= clicked_at)
    FROM mailed LEFT JOIN latest USING (person)
    WHERE (%(first)s::date IS NULL OR sent_at >= %(first)s::date)
        AND (%(last)s::date IS NULL OR sent_at < %(last)s::date + 1)
    GROUP BY ROLLUP (campaign) ORDER BY campaign NULLS LAST
"""


@dataclass(frozen=True)
class Steps:
    """How many people came how far."""

    sent: int
    clicked: int
    opportunity: int
    won: int


@dataclass(frozen=True)
class CampaignFunnel:
    """The funnel of one campaign; its name is there as soon as analytics has heard of it."""

    campaign: UUID
    name: str | None
    steps: Steps


@dataclass(frozen=True)
class Funnel:
    """All people, whichever campaign they belong to; somebody in two campaigns counts once."""

    overall: Steps
    campaigns: tuple[CampaignFunnel, ...]


def find(db: Database, *, campaign: UUID | None = None, first: date | None = None, last: date | None = None) -> Funnel:
    """The funnel of those whose first mail of a campaign was sent on these days (UTC), whenever they went on."""
    with db.transaction() as connection:
        connection.execute(b"SET LOCAL work_mem = '32MB'")  # else it sorts on disk, which may take seconds
        params = {"campaign": campaign, "first": first, "last": last}
        rows = connection.execute(_COUNT.encode(), params).fetchall()
    steps = {each: Steps(*numbers) for each, *numbers in rows}
    overall = steps.pop(None, Steps(0, 0, 0, 0))
    named = _names(db, steps)
    return Funnel(overall, tuple(CampaignFunnel(each, named.get(each), steps[each]) for each in steps))


def _names(db: Database, campaigns: Iterable[UUID]) -> dict[UUID, str]:
    found = campaign_names.select(db, "campaign = ANY(%s)", (list(campaigns),))
    return {each.campaign: each.name for each in found}
