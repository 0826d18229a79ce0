"""Commands that read: the history of a contact, and the audit."""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from crm.local.calling import NotNow, calling, described
from crm.local.suite import Layout, service_named
from crm.local.terminal import terminal

_When = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])]


app = typer.Typer()
console = terminal()


@app.command(
    epilog="Examples:  rapport history ada@example.com  ·  rapport history 'Ada Lovelace' --service sales"
    "  ·  rapport history +49301234567 --since 2026-01-01 --oldest  ·  rapport history ada@example.com --json"
)
def history(
    contact: Annotated[str, typer.Argument(help="An id, e-mail address, phone number, external id, or a name.")],
    service: Annotated[str | None, typer.Option(help="Only what happened in one service.")] = None,
    fact_type: Annotated[str | None, typer.Option("--type", help="Only facts of one type.")] = None,
    channel: Annotated[str | None, typer.Option(help="Only what came by web, email, phone, …")] = None,
    since: _When = None,
    until: _When = None,
    oldest: Annotated[bool, typer.Option("--oldest", help="Oldest first instead of newest.")] = False,
    limit: Annotated[int, typer.Option(help="At most so many lines; 0 for all.", min=0)] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Show everything that happened with a contact, in every service, as one history."""
    from crm.local.timeline import find_person, timeline

    asked = {
        "service": service,
        "type": fact_type,
        "channel": channel,
        "from": _moment(since),
        "to": _moment(until),
        "order": "oldest" if oldest else "newest",
    }
    with calling(described(Layout.from_environment())) as apis:
        person = find_person(apis, contact)
        items = apis.pages("contacts", f"/contacts/{person.contact_id}/history", asked, limit or None)
        if as_json:
            found = {"contact_id": str(person.contact_id), "items": list(items)}
            sys.stdout.write(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
        else:
            console.print(timeline(person, items))


@app.command(epilog="Examples:  rapport audit  ·  rapport audit --json")
def audit(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Check that no fact is lost, doubled or out of order, in any log, topic, view or history."""
    from psycopg import OperationalError

    from crm.chassis.audit import Place
    from crm.chassis.audit import audit as check
    from crm.chassis.kafka import KafkaUnavailable
    from crm.local.progress import Progress
    from crm.local.standing import audited

    suite = described(Layout.from_environment())
    timelines = {
        each: view.table.name
        for each in suite["services"]
        for view in service_named(each).views
        if view.family == "history"
    }
    places = [Place(name, suite["postgres"][name], timelines.get(name)) for name in suite["services"]]
    try:
        with Progress(terminal(stderr=True)) as progress:
            done = check(places, suite["kafka"], tell=progress)
    except (KafkaUnavailable, OperationalError) as away:
        raise NotNow(f"The audit needs all databases and Kafka, and one does not answer: {away}") from away
    if as_json:
        sys.stdout.write(json.dumps(asdict(done), indent=2) + "\n")
    else:
        console.print(audited(done))
    raise typer.Exit(0 if done.is_clean else 1)


def _moment(given: datetime | None) -> str | None:
    """As entered, in this machine's zone, for the API."""
    return given.astimezone(UTC).isoformat() if given else None
