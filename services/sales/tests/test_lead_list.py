"""The lead list: rows from facts, in memory."""

from uuid import UUID

from crm.chassis.testing.views import DAY_ONE, recorded
from crm.events import Fact
from crm.events.sales import LeadCaptured, LeadConverted, LeadDisqualified, LeadQualified
from crm.sales.lead_list import LeadRow, lead_list

LEAD, ADA, DEAL = UUID(int=7), UUID(int=1), UUID(int=8)
captured = LeadCaptured(contact=ADA, provisional=True, source="web", name="Ada", email="ada@x.example")


def row_after(*facts: Fact) -> LeadRow:
    return lead_list.fold(recorded(LEAD, fact, at) for at, fact in enumerate(facts, start=1))[LEAD]


def test_a_new_lead_is_on_the_list() -> None:
    row = row_after(captured)
    assert (row.contact, row.name, row.email, row.status, row.captured_at) == (
        ADA,
        "Ada",
        "ada@x.example",
        "new",
        DAY_ONE,
    )


def test_the_list_says_what_became_of_a_lead() -> None:
    assert row_after(captured, LeadQualified()).status == "qualified"
    assert row_after(captured, LeadDisqualified(reason="no need")).status == "disqualified"
    converted = row_after(captured, LeadQualified(), LeadConverted(contact=ADA, opportunity=DEAL))
    assert (converted.status, converted.opportunity, converted.version) == ("converted", DEAL, 3)
