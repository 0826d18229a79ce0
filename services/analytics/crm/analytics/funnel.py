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

# The last row of a rollup, without a campaign, is that of all campaigns.
_COUNT = f"""
    WITH RECURSIVE chain AS (
        SELECT alias, holder, 1 AS length FROM {aliases.table.name}
        UNION ALL
        SELECT chain.alias, further.holder, length + 1
        FROM chain JOIN {aliases.table.name} AS further ON further.alias = chain.holder
        WHERE length < {LONGEST_CHAIN}
    ), canonical AS (
        SELECT DISTINCT ON (alias) alias, holder FROM chain ORDER BY alias, length DESC
    ), reached AS (
        SELECT coalesce(holder, contact_id) AS person, step, about, min(first_at) AS first_at
        FROM {milestones.table.name} LEFT JOIN canonical ON alias = contact_id
        GROUP BY 1, 2, 3
    ), mailed AS (
        SELECT person, about AS campaign, min(first_at) AS sent_at,
            min(first_at) FILTER (WHERE step = 'clicked') AS clicked_at
        FROM reached WHERE step IN ('sent', 'clicked') AND (%(campaign)s::uuid IS NULL OR about = %(campaign)s)
        GROUP BY person, about
    ), followed AS (
        SELECT campaign, mailed.person, clicked_at,
            bool_or(opened.person IS NOT NULL) AS opportunity, bool_or(won.person IS NOT NULL) AS won
        FROM mailed
        LEFT JOIN reached AS opened ON opened.person = mailed.person AND opened.step = 'opportunity'
            AND opened.first_at >= clicked_at
        LEFT JOIN reached AS won ON won.person = opened.person AND won.step = 'won' AND won.about = opened.about
        WHERE (%(first)s::date IS NULL OR sent_at >= %(first)s::date)
            AND (%(last)s::date IS NULL OR sent_at < %(last)s::date + 1)
        GROUP BY campaign, mailed.person, clicked_at
    )
    SELECT campaign, count(DISTINCT person), count(DISTINCT person) FILTER (WHERE clicked_at IS NOT NULL),
        count(DISTINCT person) FILTER (WHERE opportunity), count(DISTINCT person) FILTER (WHERE won)
    FROM followed GROUP BY ROLLUP (campaign) ORDER BY campaign NULLS LAST
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
    with db.connection() as connection:
        params = {"campaign": campaign, "first": first, "last": last}
        rows = connection.execute(_COUNT.encode(), params).fetchall()
    steps = {each: Steps(*numbers) for each, *numbers in rows}
    overall = steps.pop(None, Steps(0, 0, 0, 0))
    named = _names(db, steps)
    return Funnel(overall, tuple(CampaignFunnel(each, named.get(each), steps[each]) for each in steps))


def _names(db: Database, campaigns: Iterable[UUID]) -> dict[UUID, str]:
    found = campaign_names.select(db, "campaign = ANY(%s)", (list(campaigns),))
    return {each.campaign: each.name for each in found}
