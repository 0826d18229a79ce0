"""What people read: the catalogue of facts, and the canvas in a service's README."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from crm.chassis.documents.canvas import BEGIN, END, canvas, with_canvas
from crm.chassis.documents.reading import facts_markdown
from crm.chassis.service import Service
from crm.events import catalogue

NAMES = ("contacts", "sales", "service-desk", "campaigns", "analytics")
OPENAPI: dict[str, Any] = {
    "paths": {
        "/leads": {
            "post": {
                "summary": "Capture Lead",
                "description": "Somebody\nasked.\n\nNeeds the permission `sales:write`.",
            },
            "get": {"summary": "List Leads", "description": "Needs the permission `sales:read`."},
        },
        "/health/live": {"get": {"summary": "Live"}},
    }
}


def service(*foreign: str) -> Service:
    """The parts of a declaration that a canvas shows."""
    policies = [SimpleNamespace(name="greeting", types=["crm.contacts.b.v1", "crm.contacts.a.v1"])]
    views = [SimpleNamespace(family="lead_list")]
    parts = {"name": "sales", "purpose": "Deals.", "foreign": frozenset(foreign), "views": views, "policies": policies}
    return cast(Service, SimpleNamespace(**parts, timers=[]))


def listed(text: str, title: str) -> list[str]:
    """The lines below a title."""
    _, _, rest = text.partition(f"**{title}**\n\n")
    return [line.removeprefix("- ") for line in rest.split("\n\n")[0].splitlines()]


def test_a_canvas_tells_commands_queries_facts_views_and_policies() -> None:
    text = canvas(service("contacts"), OPENAPI, NAMES)
    assert listed(text, "Commands") == ["`POST /leads` Somebody asked."]
    assert listed(text, "Queries") == ["`GET /leads` List leads."]
    assert len(listed(text, "Facts out")) == len(catalogue.of_service("sales"))
    assert "`crm.sales.opportunity-won.v1`: Won: {amount}" in listed(text, "Facts out")
    assert listed(text, "Facts in") == ["`crm.contacts.v1`"]
    assert listed(text, "Views") == ["`lead_list`"]
    assert listed(text, "Policies") == ["`greeting` whenever `crm.contacts.a.v1`, `crm.contacts.b.v1`"]
    assert "Timers" not in text


def test_whoever_reads_everything_reads_all_others() -> None:
    text = canvas(service("*", "contacts"), OPENAPI, NAMES)
    others = ["analytics", "campaigns", "contacts", "service-desk"]
    assert listed(text, "Facts in") == [f"`crm.{each}.v1`" for each in others]


def test_a_canvas_replaces_the_one_before_and_nothing_else() -> None:
    readme = f"# Sales\n\n{BEGIN}\nold\n{END}\n\nMore.\n"
    once = with_canvas(readme, f"{BEGIN}\nnew\n{END}")
    assert once == f"# Sales\n\n{BEGIN}\nnew\n{END}\n\nMore.\n"
    assert with_canvas(once, f"{BEGIN}\nnew\n{END}") == once


@pytest.mark.parametrize("readme", ["# Sales\n", f"{END}\n{BEGIN}\n", f"{BEGIN}\n"])
def test_a_readme_without_a_place_for_it_is_told(readme: str) -> None:
    with pytest.raises(ValueError, match="no place"):
        with_canvas(readme, "new")


def test_the_catalogue_shows_every_fact_once_and_marks_what_is_personal() -> None:
    lines = facts_markdown([(each, "What for.") for each in NAMES]).splitlines()
    shown = [line.split("`")[1] for line in lines if line.startswith("| `crm.")]
    assert sorted(shown) == sorted(each for each in catalogue.BY_TYPE if each.split(".")[1] in NAMES)
    (lead,) = (line for line in lines if line.startswith("| `crm.sales.lead-captured.v1`"))
    assert "`contact` UUID" in lead
    assert "`name` 🔒 text" in lead
    assert "`email`? 🔒 text or none" in lead
    (won,) = (line for line in lines if line.startswith("| `crm.sales.opportunity-won.v1`"))
    assert "[Money](#money)" in won
    assert any(line.startswith('| <a id="money"></a>`Money`') for line in lines)


def test_every_row_of_the_catalogue_has_its_three_cells() -> None:
    rows = [line for line in facts_markdown([(each, "What for.") for each in NAMES]).splitlines() if line[:1] == "|"]
    assert {line.replace("\\|", "").count("|") for line in rows} == {4}
