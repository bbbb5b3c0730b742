"""The `lookout` command: one verb, one file in `bot/commands`, imported only when it is called."""

import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

from bot import __version__, cli_quarter
from bot.errors import InputError, LookoutError, UserError

app = typer.Typer(
    name="lookout",
    help="Walk product-ML incidents and judge pre-registered launches, in Slack.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
database = typer.Typer(help="Lookout's own database.", no_args_is_help=True)
app.add_typer(database, name="db")
incident_app = typer.Typer(help="What is on record of incidents.", no_args_is_help=True)
app.add_typer(incident_app, name="incident")
monitors = typer.Typer(help="Change detection on metrics, by cohort.", no_args_is_help=True)
app.add_typer(monitors, name="monitor")
playbook = typer.Typer(help="The triage trees.", no_args_is_help=True)
app.add_typer(playbook, name="playbook")

Json = Annotated[bool, typer.Option("--json", help="Print JSON, as in the contract.")]
File = Annotated[Path, typer.Argument(help="A registration (YAML).")]


def main() -> None:
    """Run the command; what a person can mend is one line on stderr and exit code 2."""
    try:
        app()
    except UserError as error:
        print(f"lookout: {error.message} {error.hint}".rstrip(), file=sys.stderr)
        sys.exit(2)
    except LookoutError as error:
        print(f"lookout: {error}", file=sys.stderr)
        sys.exit(2)


def _verb(name: str) -> Callable[..., int]:
    run: Callable[..., int] = import_module(f"bot.commands.{name}").run
    return run


def _done(code: int) -> None:
    raise typer.Exit(code)


@app.command()
def demo(
    headless: Annotated[bool, typer.Option(help="Play the stories, check every step, and end.")] = False,
    port: Annotated[int, typer.Option(help="Port of the local workspace's page; 0 takes a free one.")] = 8787,
    story: Annotated[
        str, typer.Option(help="incident, ship, veto, cohort, inconclusive or quarter; all, or none.")
    ] = "all",
) -> None:
    """Try Lookout without Slack, on sample data: six stories are played, then it is yours."""
    _done(_verb("demo")(headless=headless, port=port, story=story))


@app.command()
def drill(
    name: Annotated[str | None, typer.Argument(help="Which one; without, they are listed.")] = None,
    headless: Annotated[
        bool, typer.Option(help="Walk it by its own key, check every step, and end.")
    ] = False,
    port: Annotated[int, typer.Option(help="Port of the local workspace's page; 0 takes a free one.")] = 8787,
    playbooks: Annotated[Path | None, typer.Option(help="Your playbooks' folder; else the shipped.")] = None,
) -> None:
    """Practise a past incident in a local workspace: its evidence is played back, the walk is scored."""
    _done(_verb("drill")(name, headless=headless, port=port, playbooks=playbooks))


@app.command()
def serve() -> None:
    """Run the bot."""
    _done(_verb("serve")(os.environ))


@app.command()
def check(paths: Annotated[list[Path], typer.Argument(help="Files or folders.")], json: Json = False) -> None:
    """Validate registrations and playbooks."""
    _done(_verb("check")(paths, json=json))


@app.command()
def explain(
    code: Annotated[
        str | None, typer.Argument(help="A finding's code, e.g. R136; all codes without.")
    ] = None,
    json: Json = False,
) -> None:
    """Say what a finding means, with an example and the mend."""
    _done(_verb("explain")(code, json=json))


@app.command()
def plan(
    file: File,
    days: Annotated[int | None, typer.Option(help="Also say what so many days of traffic show.")] = None,
    json: Json = False,
) -> None:
    """Sample size, boundaries, error rates, guardrails, runtime."""
    _done(_verb("plan")(file, days=days, json=json))


@app.command()
def look(
    file: File,
    look: Annotated[int | None, typer.Option("--look", help="Which look, from 1; else a peek.")] = None,
    day: Annotated[int | None, typer.Option(help="The day it is held on, if not the planned one.")] = None,
    held: Annotated[str, typer.Option(help="Days of the looks held before, peeks too: 4,7,9.")] = "",
    record: Annotated[Path | None, typer.Option(help="Write a record of the look to this file.")] = None,
    cross_check: Annotated[
        bool, typer.Option("--cross-check", help="Also fit the mixed model of the cohorts, on small data.")
    ] = False,
    json: Json = False,
) -> None:
    """Analyse one look, offline."""
    _done(_verb("look")(file, look=look, day=day, held=held, record=record, check=cross_check, json=json))


@app.command()
def verify(
    file: Annotated[Path | None, typer.Option(help="A record that `look --record` wrote.")] = None,
    head: Annotated[
        list[str] | None,
        typer.Option(help="NUMBER:HASH of a ledger entry, as a message in Slack has it. May be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Compute every look on record again, bit for bit, and check the ledger.

    Prints the first row that does not hold, and exits with 1. A ledger cut off at its end, or written anew
    from some entry on, holds by itself: give --head what a message says (ledger 88 · head 5d1e0a2b9c4d).
    """
    _done(_verb("verify")(os.environ, file=file, heads=head or (), json=json))


@app.command()
def ledger(
    experiment: Annotated[str, typer.Option(help="Only this experiment's entries.")] = "",
    markdown: Annotated[bool, typer.Option("--markdown", help="A history to be read.")] = False,
    json: Annotated[bool, typer.Option("--json", help="JSON lines; so without it, too.")] = False,
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Print what was registered, signed, decided and seen, by whom and when.

    A line is an entry. Its hash is the SHA-256 of the line without "hash":"…", and `previous` is the hash of
    the entry before, so that anybody can check the chain without Lookout.
    """
    if json and markdown:
        raise InputError("--json and --markdown are two forms.", "Give one of them.")
    _done(_verb("ledger")(os.environ, experiment=experiment, markdown=markdown, out=out))


@app.command()
def register(
    file: File,
    channel: Annotated[str, typer.Option(help="Channel id or name; else the configured one.")] = "",
    url: Annotated[str, typer.Option(help="Address of the running Lookout; else LOOKOUT_URL.")] = "",
    json: Json = False,
) -> None:
    """Put a registration on record in a running Lookout, from a repository's CI."""
    _done(_verb("register")(os.environ, file, channel=channel, url=url, json=json))


@app.command()
def doctor() -> None:
    """Say what is wrong, and how to mend it."""
    _done(_verb("doctor")(os.environ))


@app.command()
def manifest(
    request_url: Annotated[str, typer.Option(help="Public URL, for HTTP mode only.")] = "",
) -> None:
    """Print the Slack app manifest."""
    _done(_verb("manifest")(request_url=request_url))


@playbook.command()
def draw(
    file: Annotated[Path, typer.Argument(help="A triage tree (YAML).")],
    form: Annotated[
        str, typer.Option("--as", help="text, mermaid, svg or png; else by the name of --out, else text.")
    ] = "",
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Draw a tree: every question, its answers and where they lead."""
    if form not in ("", "text", "mermaid", "svg", "png"):
        raise InputError(f"A tree cannot be drawn as {form!r}.", "Use text, mermaid, svg or png.")
    _done(import_module("bot.commands.playbook").draw(file, form=form or None, out=out))


@playbook.command()
def pick(
    labels: Annotated[list[str], typer.Argument(help="NAME=VALUE, for example metric=turn_latency_p95_ms.")],
) -> None:
    """Say which tree an incident with these labels walks."""
    _done(import_module("bot.commands.playbook").pick(os.environ, labels))


@database.command()
def upgrade() -> None:
    """Apply the migrations."""
    _done(_verb("db")(os.environ))


@incident_app.command()
def export(
    number: Annotated[str, typer.Argument(help="INC-7, or 7.")],
    form: Annotated[str, typer.Option("--format", help="html, md or json.")] = "html",
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Print an incident's record: timeline, marked messages with their images, evidence, retrospective."""
    _done(_verb("incident")(os.environ, number, form=form, out=out))


@monitors.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A monitor (YAML).")],
    data: Annotated[Path | None, typer.Option(help="Its history: Parquet or CSV.")] = None,
    since: Annotated[str, typer.Option("--from", help="From when on it watches: 2026-11-03.")] = "",
    until: Annotated[str, typer.Option("--to", help="Up to when.")] = "",
    out: Annotated[Path | None, typer.Option(help="The picture; else NAME.png here.")] = None,
    json: Json = False,
) -> None:
    """Say what a monitor would have raised over its past, with a picture, before it is trusted."""
    told = {"data": data, "since": since, "until": until, "out": out, "json": json}
    _done(_verb("monitor")(os.environ, file, **told))


@monitors.command("list")
def list_monitors(json: Json = False) -> None:
    """Say how the configured monitors stand."""
    from bot.commands.monitor import listing

    _done(listing(os.environ, json=json))


def _version(value: bool) -> None:
    if value:
        print(f"lookout {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


cli_quarter.add_to(app)

__all__: list[Any] = ["app", "main"]
