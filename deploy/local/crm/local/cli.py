"""The command `rapport`: the whole suite on one machine."""

import sys
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from crm.chassis.embedded.process import ServerFailed
from crm.local import cli_duplicates, cli_importing, cli_operating, cli_reading
from crm.local.calling import NothingRuns, NotNow, Refused, described
from crm.local.progress import Progress
from crm.local.state import Lock, RunsAlready
from crm.local.suite import ADMINISTRATOR, Layout
from crm.local.terminal import terminal

console = terminal()
DAY_S = 86_400.0


class _Commands(TyperGroup):
    """Tells what people can do something about in a sentence instead of a trace."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except (ServerFailed, RunsAlready, NothingRuns, NotNow, Refused, LookupError, ValueError, OSError) as error:
            terminal(stderr=True).print(str(error), style="red", markup=False, highlight=False, soft_wrap=True)
            raise typer.Exit(1) from error


app = typer.Typer(
    cls=_Commands,
    help="Rapport on this machine: PostgreSQL, Kafka and every service, without Docker.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command(epilog="Examples:  rapport up  ·  rapport up --detach  ·  RAPPORT_PORT_BASE=9100 rapport up")
def up(
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Start in the background; return when ready.")] = False,
) -> None:
    """Start the whole suite, and keep it running until Ctrl-C or `rapport down`."""
    from crm.local import lifecycle
    from crm.local.running import RunningSuite
    from crm.local.standing import addresses

    layout = Layout.from_environment()
    with Progress(console) as progress:

        def ready(suite: RunningSuite) -> None:
            progress.done()
            console.print(addresses(suite.description))
            progress.note(f"Ready. Everything else is in {layout.suite_file}. Ctrl-C or `rapport down` stops it.")

        if not detach:
            lifecycle.up(layout, progress, progress.note, ready)
            return
        lifecycle.up_in_background(layout, progress)
        progress.done()
        progress.note("`rapport status` shows what runs; `rapport down` stops it.")


@app.command(epilog="Example:  rapport down")
def down() -> None:
    """Stop the suite, and wait until nothing of it runs any more."""
    from crm.local import lifecycle

    layout = Layout.from_environment()
    with Progress(console) as progress:
        stopped = lifecycle.down(layout, progress)
    console.print("Stopped." if stopped else f"Nothing runs in {layout.folder}.", highlight=False, soft_wrap=True)


@app.command(epilog="Example:  rapport status")
def status() -> None:
    """Show every process, where the services are, and what needs attention."""
    from crm.local.standing import standing

    layout = Layout.from_environment()
    if Lock(layout.lock_file).holder() is None:
        raise NothingRuns(f"Nothing runs in {layout.folder}. Start the suite with `rapport up`.")
    try:
        suite = described(layout)
    except NothingRuns:
        suite = None  # it is on its way
    console.print(standing(layout, suite))


@app.command(epilog='Examples:  rapport token  ·  rapport token --scope "contacts:read sales:*" --subject ada --ttl 1')
def token(
    scope: Annotated[str, typer.Option(help="What it permits; `*` is everything.")] = "*",
    role: Annotated[str, typer.Option(help="Roles it has, such as `reader`; the scope limits them then.")] = "",
    subject: Annotated[str, typer.Option(help="Who it is for; facts will name this user.")] = ADMINISTRATOR,
    ttl: Annotated[float, typer.Option(help="Days it stays valid.", min=0.0001, max=3650)] = 30.0,
) -> None:
    """Print an access token for this machine's services."""
    layout = Layout.from_environment()
    if not layout.folder.exists():
        raise NothingRuns(f"There is no suite in {layout.folder} yet. Start one with `rapport up`.")
    roles: dict[str, Any] = {"roles": role.split()} if role else {}
    sys.stdout.write(layout.issuer().issue(subject, scope.split(), ttl_s=ttl * DAY_S, **roles) + "\n")


@app.command(epilog="Examples:  rapport demo  ·  rapport demo --json")
def demo(as_json: Annotated[bool, typer.Option("--json", help="Print the history as JSON.")] = False) -> None:
    """Start a suite in a temporary place, play a story, show one person's history, and stop it."""
    from crm.local.demo import play

    raise typer.Exit(play(console, as_json=as_json))


app.add_typer(cli_reading.app)
app.add_typer(cli_operating.app)
app.add_typer(cli_duplicates.app)
app.add_typer(cli_importing.app)

if __name__ == "__main__":
    app()
