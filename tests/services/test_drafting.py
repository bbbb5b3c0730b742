"""The form for a new experiment: it says on the way what it takes, names what is wrong, and registers."""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlmodel import Session

from bot.core.draft import read
from bot.core.inbound import Place, Submit
from bot.core.lint import check_registration
from bot.core.strict_yaml import parse
from bot.errors import InputError
from bot.limits import check_view
from bot.services import drafting
from bot.services.opening import open_desk
from bot.settings import Settings
from bot.store import blobs
from bot.store.database import Database
from handlers.switchboard import FORMS
from tests.services.incident_bench import Shown
from tests.services.signing_bench import AUTHOR, Bench

FILLED = {
    "id": "reranker-l12",
    "title": "Reranker L6 to L12",
    "owner": "applied-ml",
    "intervention": "do(reranker = L12)",
    "h0": "nothing changes",
    "h1": "the useful-answer rate rises",
    "disconfirming": "csat falls by 1 %\n- p95 latency above 800 ms",
    "metric": "useful_answer_rate",
    "kind": "mean",
    "direction": "increase",
    "baseline": "0.183",
    "sd": "0.142",
    "mde": "3",
    "traffic": "14,286",
    "horizon": "14",
    "looks": "4, 7, 11, 14",
    "spending": "obrien-fleming",
    "source": "path",
    "table": "reranker.parquet",
    "unit": "user_id",
    "arm": "arm",
    "control": "l6",
    "treatment": "l12",
    "day": "day",
    "guardrails": "csat: -1 %\np95 latency_ms: <= 800",
    "signoffs": "pm\nem",
}


@pytest.fixture
def bench(database: Database) -> Bench:
    """A bench on each kind of database."""
    return Bench(database)


@pytest.fixture
def lite(sqlite: Database) -> Iterator[Bench]:
    """A bench on SQLite."""
    return Bench(sqlite)  # type: ignore[return-value]  # a fixture that needs no tear-down


def _fields(**changed: str) -> dict[str, str]:
    """By action id, as the form sends them."""
    return {f"experiment.new.{name}": value for name, value in (FILLED | changed).items()}


def _send(bench: Bench, **changed: str) -> None:
    submit = Submit(AUTHOR, Place("C0LAUNCH"), drafting.FORM, "", _fields(**changed))
    with bench.db.write() as session:
        FORMS[drafting.FORM].submit(session, bench.desk, submit, "inbox/1", bench.now)


def test_the_form_says_what_it_comes_to_while_it_is_filled_in() -> None:
    """Nothing yet, then units per arm, then days of traffic and the looks."""
    assert drafting.so_far({}) == [
        "? Sample size and runtime: needs the smallest effect worth having, baseline, sd and the days of "
        "the looks"
    ]
    sized = {name: FILLED[name] for name in ("baseline", "sd", "mde", "looks")}
    size, runtime, looks = drafting.so_far(sized)
    assert size.startswith("*Sample size* 10,7")
    assert "4 looks cost" in size
    assert runtime == "? Runtime: needs eligible units a day"
    assert looks == "*Looks* the first on day 4, the last on day 14"
    assert drafting.so_far(sized | {"traffic": "14286", "horizon": "14"})[1] == (
        "✓ *Runtime* 2 days of traffic, within the horizon of 14"
    )
    late = drafting.so_far(sized | {"traffic": "500", "horizon": "14"})[1]
    assert late.startswith("✗ *Runtime* 43 days of traffic, longer than the horizon of 14")
    day = drafting.so_far(sized | {"start": "2026-11-30"})[2]
    assert day == "*Looks* the first on day 4 (Thu 3 Dec), the last on day 14 (Sun 13 Dec)"


def test_what_was_entered_stays_when_the_form_is_drawn_again(lite: Bench) -> None:
    """Every field keeps its value, and Slack takes the view."""
    view = {**drafting.view(lite.desk, _fields()), "callback_id": drafting.FORM}
    assert check_view(view) == []
    elements = {block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"}
    assert set(FILLED) <= set(elements)
    assert elements["looks"]["initial_value"] == "4, 7, 11, 14"
    assert elements["source"]["initial_option"]["value"] == "path"
    assert [one["value"] for one in elements["signoffs"]["initial_options"]] == ["pm", "em"]
    empty = {**drafting.view(lite.desk, {}), "callback_id": drafting.FORM}
    assert check_view(empty) == []


def test_without_any_source_of_data_there_is_no_form() -> None:
    """It could not say where the data is; an admin is told what to write."""
    with pytest.raises(InputError, match="No warehouse is configured"):
        drafting.view(open_desk(Settings()), {})


def test_sent_off_it_is_registered_and_the_file_given_to_the_channel(bench: Bench) -> None:
    """The card with its signatures, and under it the YAML, which says the same to the linter."""
    assert drafting.check(_fields()) == {}
    _send(bench)
    card = Shown(next(e["message"] for e in bench.effects("post")))
    assert card.notification.startswith("Waiting for 2 signatures: pm, em")
    (file,) = bench.effects("upload")
    assert (file["filename"], file["thread"]) == ("reranker-l12.yaml", "experiment/reranker-l12/card")
    with bench.db.read() as session:
        text = blobs.get(session, file["blob"]).decode()
    assert text.startswith("# Written with /experiment new.")
    registration, findings = check_registration(text, "reranker-l12.yaml")
    assert registration is not None
    assert [one for one in findings if one.level == "error"] == []
    assert registration.guardrails[1].max == 800
    assert registration.primary.mde is not None
    assert registration.primary.mde.relative == 0.03


@pytest.mark.parametrize(
    ("changed", "field", "said"),
    [
        ({"id": "Reranker L12"}, "id", "id"),
        ({"baseline": "eighteen"}, "baseline", "`eighteen` is not a number"),
        ({"looks": "4, tomorrow"}, "looks", "`tomorrow` is not a day. Write e.g. `4, 7, 11, 14`"),
        ({"looks": "4, 7, 20"}, "looks", "20"),
        ({"looks": "7, 4"}, "looks", "increas"),
        ({"intervention": "a better reranker"}, "intervention", "do("),
        ({"guardrails": "csat minus one"}, "guardrails", "csat"),
        ({"kind": "ratio", "column": "useful"}, "column", "a ratio has two columns"),
        ({"kind": "quantile", "column": "latency"}, "column", "a quantile has its percentage before it"),
        ({"horizon": "13.5"}, "horizon", "`13.5` is not a whole number"),
        ({"start": "soon"}, "start", "`soon` is not a date"),
        ({"cohort_limit": "3"}, "cohort_limit", "no cohort is named above"),
        ({"table": "../../etc/passwd"}, "table", "path"),
        ({"sd": "1e999"}, "sd", "too large a number"),
    ],
)
def test_what_is_wrong_stands_under_its_field(changed: dict[str, str], field: str, said: str) -> None:
    """What was read and what to write; nothing is sent off."""
    found = drafting.check(_fields(**changed))
    assert said in found[f"experiment.new.{field}"], found


def test_an_id_that_is_taken_is_said_before_anything_is_lost(lite: Bench) -> None:
    """Under the id; where it was taken meanwhile, what was written comes back to who wrote it."""
    _send(lite)
    with lite.db.read() as session:
        said = drafting.taken(session, _fields())
    assert "is registered already" in said["experiment.new.id"]
    _send(lite, title="Another")
    (whisper,) = lite.effects("ephemeral")
    assert whisper["user"] == AUTHOR
    assert "mend it and paste it behind `/experiment register`" in str(whisper["message"])
    assert "title: Another" in str(whisper["message"])


def test_hostile_text_is_text(lite: Bench) -> None:
    """It mentions nobody on the card and breaks out of no line of the file."""
    hostile = "<!channel> *x*\nsignoffs: []"
    _send(lite, title=hostile, owner="<@U0PM>")
    card = next(e["message"] for e in lite.effects("post"))
    header, *rest = card["blocks"]
    assert header["text"]["type"] == "plain_text"  # where nothing mentions anybody
    assert "<!channel>" not in str(rest) + card["text"]
    assert _registered(lite)["signoffs"] == ["pm", "em"]


def _registered(bench: Bench) -> dict[str, Any]:
    (file,) = bench.effects("upload")
    with bench.db.read() as session:
        data: dict[str, Any] = parse(_text(session, file["blob"]), name="x.yaml").data
    return data


def _text(session: Session, blob: str) -> str:
    return blobs.get(session, blob).decode()


def test_an_empty_form_has_no_data() -> None:
    """Nothing is made up."""
    assert "baseline" not in read({}).data["primary"]
