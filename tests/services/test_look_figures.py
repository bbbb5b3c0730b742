"""`/experiment why N FIGURE` explains what stands on a look's card: by its name, or by the number itself."""

import re
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bot.core.analysis import analyse
from bot.core.launch import Kind
from bot.core.ledger import GENESIS, sealed
from bot.core.registration import Registration, load
from bot.core.timetable import Calendar
from bot.errors import InputError
from bot.limits import check_blocks
from bot.sources.samples import observe
from bot.views import look, look_figures
from bot.views.look_shown import Shown
from tests.services.incident_bench import Shown as Read

pytestmark = pytest.mark.filterwarnings("ignore:fetch_arrow_table:DeprecationWarning")

UNITS = 4000
AT = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def registration(**changes: Any) -> Registration:
    """A covariate, clipped values, every kind of guardrail, two dimensions of cohorts."""
    return load(
        {
            "id": "figures",
            "title": "Every figure there is",
            "arms": {"control": "c", "treatment": "t"},
            "horizon_days": 4,
            "data": {"path": "rows.parquet", "unit": "user", "arm": "arm", "day": "day"},
            "metrics": {
                "score": {
                    "kind": "mean",
                    "column": "score",
                    "covariate": "before",
                    "winsorise": {"upper": 0.99},
                },
                "useful": {"kind": "ratio", "numerator": "useful", "denominator": "turns"},
                "bought": {"kind": "proportion", "column": "bought"},
                "latency": {"kind": "quantile", "q": 0.95, "column": "latency"},
                "gone": {"kind": "mean", "column": "gone"},
            },
            "primary": {"metric": "score", "baseline": 0.22, "sd": 0.09, "mde": {"relative": 0.02}},
            "sequential": {"looks": [3, 4]},
            "guardrails": [
                {"metric": "useful", "max_relative_regression": 0.05},
                {"metric": "bought", "max_relative_increase": 0.05},
                {"metric": "latency", "max": 1000},
                {"metric": "gone", "min": 1},
            ],
            "cohorts": {
                "dimensions": {"locale": ["en", "jp"], "tenure": ["new", "old"]},
                "max_relative_regression": 0.03,
            },
        }
        | changes
    )


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of two days a user, in Parquet."""
    rng = np.random.default_rng(271)
    treated = rng.random(UNITS) < 0.5
    before = rng.gamma(4, 0.05, UNITS)
    turns = rng.poisson(4, UNITS) + 1.0
    columns = {
        "user": np.arange(UNITS),
        "day": rng.integers(1, 4, UNITS),
        "arm": np.where(treated, "t", "c"),
        "locale": rng.choice(["en", "jp"], UNITS, p=[0.9, 0.1]),
        "tenure": rng.choice(["new", "old"], UNITS),
        "score": (0.8 * before + rng.gamma(2, 0.03, UNITS)) * np.where(treated, 0.998, 1.0),
        "before": before,
        "useful": rng.binomial(turns.astype(int), 0.6).astype(float),
        "turns": turns,
        "bought": (rng.random(UNITS) < np.where(treated, 0.104, 0.1)).astype(float),
        "latency": rng.lognormal(5, 0.4, UNITS),
    }
    folder = tmp_path_factory.mktemp("figures")
    pq.write_table(pa.table(columns), folder / "rows.parquet")
    return folder


@pytest.fixture(scope="module")
def shown(root: Path) -> Shown:
    """Look 1, on record, with its calendar."""
    rule = registration()
    seen = observe(rule, day=3, sources={}, root=root)
    entry = sealed(12, AT, Kind.LOOK, "figures", "", {"record": 41}, GENESIS)
    calendar = Calendar(date(2026, 11, 21), time(9), ZoneInfo("Europe/Berlin"))
    return Shown(rule, analyse(rule, "9f2c" * 16, seen, look=1), 41, calendar=calendar, entry=entry)


def explained(shown: Shown, name: str) -> str:
    """The answer's text, checked against Slack's limits."""
    said = look_figures.figure(shown, name)
    assert check_blocks(said.blocks) == []
    assert said.text
    return Read({"text": said.text, "blocks": said.blocks}).text.replace("\u00a0", " ")


def test_every_number_on_the_card_is_explained(shown: Shown) -> None:
    """Each percentage, p, count, level and threshold that a reader can point at, typed as it stands there."""
    card = look.card(shown)
    facts = [b["text"]["text"] for b in card.blocks if b["type"] == "section"]
    facts.append(next(b for b in card.blocks if b["type"] == "context")["elements"][0]["text"])
    said = re.sub(r"Nothing to decide before .*|look \d|[Dd]ay \d( \(.*?\))?|m\d\b", "", "\n".join(facts))
    numbers = re.findall(r"[+\N{MINUS SIGN}±]?\d[\d,]*(?:\.\d+)?(?:\s%)?", said)
    assert len(numbers) > 25
    for number in numbers:
        assert "computed from the record alone" in explained(shown, number), number


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("score", "Welch's t-test on units' values"),
        ("score", "both arms together: values above the 99 % quantile are pulled in to it"),
        ("p", "It is the probability of a difference at least this large if the change does nothing"),
        ("p-value", "Look 1 asks for p below"),
        ("boundary", "O'Brien-Fleming type (Lan &amp; DeMets 1983)"),
        ("stops only below", "75 % of the planned information is there, counted in days"),
        ("alpha spent", "of 0.05 is spent by now"),
        ("interval", "the delta method with the variances of both means"),
        ("allowing for the looks", "Jennison &amp; Turnbull 1989"),
        ("cuped", "Deng, Xu, Kohavi &amp; Walker 2013"),
        ("later look", "conditional power, Lan &amp; Wittes 1988"),
        ("n", "have a value of score: the n of the test"),
        ("split", "below 0.001 the split counts as broken"),
        ("useful", "linearised per unit"),
        ("bought", "So it is a near-veto: crossed, but that may be chance"),
        ("latency", "outer intervals"),
        ("gone", "rows.parquet has no column gone (gone); it has user, day, arm"),
        ("guardrails", "guardrail_rule harm: a veto takes a line that is crossed"),
        ("matrix", "gone is unknown"),
        ("jp", "So it is under-powered: too few units"),
        ("locale=en", "registered as cohorts.max_relative_regression before any data"),
        ("cohorts", "tenure=old"),
        ("reconciliation", "Kitagawa (1955)"),
        ("heterogeneity", "Cochran's Q"),
        ("mix", "Miratrix, Sekhon &amp; Yu 2013"),
        ("data", "SHA-256 of all that the look saw"),
        ("next look", "Next is look 2, after day 4 (Tue 24 Nov), which stops only below"),
        ("record", "Ledger 12 is the entry that says so"),
        ("chart", "z of the primary at each look against the boundary"),
        ("`P`", "p = "),
    ],
)
def test_a_figure_is_explained_by_its_test_its_boundary_and_its_rule(
    shown: Shown, name: str, said: str
) -> None:
    """By what the card calls it, by what statisticians call it, by the metric's or the cohort's name."""
    assert said in explained(shown, name)


def test_the_verdict_is_explained_step_by_step(shown: Shown) -> None:
    """As [Why …?] does."""
    assert "*Why CONTINUE at look 1 of 2*" in explained(shown, "verdict")


def test_a_number_on_several_lines_is_explained_for_each_and_the_rest_are_named(shown: Shown) -> None:
    """Three at most, so that it can be read."""
    treated = f"{shown.result.units[1]:,}"
    assert explained(shown, treated).count("*Look 1 of 2: ") in (2, 3)


def test_what_is_no_figure_is_refused_with_those_there_are(shown: Shown) -> None:
    """And what was typed stays text."""
    with pytest.raises(InputError, match="no figure `&lt;!channel&gt;`") as refused:
        look_figures.figure(shown, "<!channel>")
    assert "verdict, primary, p, boundary" in refused.value.hint
    assert "locale=jp" in refused.value.hint
    assert refused.value.hint.endswith("or a number as the card shows it.")
    with pytest.raises(InputError, match=r"no figure `77\.7`"):
        look_figures.figure(shown, "77.7")


def test_a_metric_named_as_one_of_our_figures_comes_first(root: Path) -> None:
    """Whoever calls a metric `power` means that one."""
    rule = registration()
    metrics = {**{name: one.model_dump(exclude_none=True) for name, one in rule.metrics.items()}}
    metrics["power"] = metrics.pop("bought")
    guardrails = [{"metric": "power", "max_relative_increase": 0.05}]
    renamed = registration(metrics=metrics, guardrails=guardrails)
    seen = observe(renamed, day=3, sources={}, root=root)
    one = Shown(renamed, analyse(renamed, "9f2c" * 16, seen, look=1), 41)
    assert "registered as max_relative_increase" in explained(one, "power")
