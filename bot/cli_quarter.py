"""The commands of the quarter: portfolio, latency, harness."""

from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

Json = Annotated[bool, typer.Option("--json", help="Print JSON, as in the contract.")]
Seed = Annotated[int, typer.Option(help="Of the random numbers: the same seed, the same figures.")]


class _FileFirst(TyperGroup):
    """A group whose first word may be a file: `lookout latency FILE` is `lookout latency simulate FILE`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the default command before what names none."""
        named = next((word for word in args if not word.startswith("-")), None)
        if args and "--help" not in args and named not in self.commands:
            args = ["simulate", *args]
        return super().parse_args(ctx, args)


latency = typer.Typer(
    cls=_FileFirst,
    help="Whether a turn fits its latency budget: `lookout latency FILE`, or one of the commands below.",
    no_args_is_help=True,
)


def add_to(app: typer.Typer) -> None:
    """Let `lookout` know these commands."""
    app.command()(portfolio)
    app.command()(harness)
    app.add_typer(latency, name="latency")


def portfolio(
    file: Annotated[Path, typer.Argument(help="The quarter's candidates: YAML, or CSV.")],
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Score the candidates of a quarter, and pick what its capacity allows."""
    raise typer.Exit(import_module("bot.commands.portfolio").run(file, json=json, seed=seed))


def harness(
    file: Annotated[Path, typer.Argument(help="A harness of offline metrics (YAML).")],
    json: Json = False,
) -> None:
    """Compute offline metrics from logged data: ranking by device, and counterfactual estimates."""
    raise typer.Exit(import_module("bot.commands.harness").run(file, json=json))


@latency.command()
def simulate(
    file: Annotated[Path, typer.Argument(help="A latency budget (YAML).")],
    charts: Annotated[Path | None, typer.Option(help="A folder that gets the pictures.")] = None,
    seed: Seed = 1,
    json: Json = False,
) -> None:
    """Say how long a turn takes: by whole turns, by independent stages, and by adding p95s up."""
    raise typer.Exit(import_module("bot.commands.latency").run(file, json=json, seed=seed, charts=charts))


@latency.command()
def rules(
    file: Annotated[Path, typer.Argument(help="A latency budget (YAML).")],
    out: Annotated[Path | None, typer.Option(help="Write to this file.")] = None,
) -> None:
    """Print Prometheus alert rules for a budget."""
    raise typer.Exit(import_module("bot.commands.latency").rules(file, out=out))
