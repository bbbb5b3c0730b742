"""The ways to a registration: the form, a file dropped, `lookout register` and where it posts to."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.commands import register
from bot.errors import ConfigError
from bot.workspace.records import View
from tests.e2e.house import MANAGER, SCIENTIST, House, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")

REGISTRATIONS = Path(__file__).parents[1] / "data" / "registrations"
GOOD = (REGISTRATIONS / "good.yaml").read_text()
SECRET = "from-ci"
BEARER = {"Authorization": f"Bearer {SECRET}"}
TOML = """\
[roles]
engineer = ["U0ENG", "U0DS"]
owner = ["U0EM"]
[signoffs]
pm = ["U0PM"]
em = ["U0EM"]
[data]
path = "data"
"""
FORM = {
    "id": "from-a-form",
    "title": "Reranker L6 to L12",
    "intervention": "do(reranker = l12)",
    "h0": "no lift",
    "h1": "a lift",
    "disconfirming": "csat falls by 1 %",
    "metric": "rate",
    "baseline": "0.183",
    "sd": "0.142",
    "mde": "3",
    "traffic": "20000",
    "horizon": "14",
    "looks": "4, 7, 11, 14",
    "table": "exposure.parquet",
    "unit": "user_id",
    "arm": "arm",
    "control": "l6",
    "treatment": "l12",
    "day": "day",
    "guardrails": "csat: -1 %",
}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot that CI may register with."""
    folder = tmp_path_factory.mktemp("ways-in")
    async with House(folder, toml=TOML, environment={"LOOKOUT_WEBHOOK_SECRET_REGISTER": SECRET}) as house:
        yield house


def named(name: str) -> str:
    """The good registration under another id."""
    return GOOD.replace("id: reranker-l12", f"id: {name}")


async def drop(house: House, name: str, text: str, said: str = "Here it is") -> str:
    """Drop a file into the channel, without a word to Lookout; the newest ts before."""
    before = house.newest("launches")
    await house.people.say(SCIENTIST, "launches", said, files=[(name, text.encode())])
    house.people.advance(4)
    return before


def entered(view: View, fields: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """What a person puts into the form, as the workspace takes it."""
    return {name: {f"experiment.new.{name}": value} for name, value in fields.items()}


async def test_the_form_counts_while_it_is_filled_in_and_registers(house: House) -> None:
    """Sample size and runtime before anything is sent; then the card, and the file in its thread."""
    await house.people.command(SCIENTIST, "launches", "/experiment new")
    view = await house.form(SCIENTIST)
    assert "? Sample size and runtime: needs" in str(view.blocks)
    known = entered(view, FORM)
    await house.people.click_in_view(
        SCIENTIST, view.id, "experiment.new.looks", block_id="looks", value=FORM["looks"], values=known
    )

    def counted() -> View | None:
        drawn = house.workspace.view(view.id)
        return drawn if drawn and "units per arm" in str(drawn.blocks) else None

    drawn: View = await house.until(counted, "the sample size in the form")
    assert "days of traffic, within the horizon of 14" in str(drawn.blocks)
    assert "initial_value': 'do(reranker = l12)'" in str(drawn.blocks)
    await house.people.submit(SCIENTIST, view.id, entered(drawn, FORM | {"looks": "4, never"}))
    faulty = house.workspace.view(view.id)
    assert faulty is not None
    assert "`never` is not a day" in str(faulty.errors)
    await house.people.submit(SCIENTIST, view.id, known)
    card = await house.hears("launches", "from-a-form", "do(reranker = l12)")
    await house.until(
        lambda: any(file.name == "from-a-form.yaml" for file in house.workspace.files.values()), "the file"
    )
    assert "20,000" not in card.text


async def test_a_framing_is_written_on_pages_kept_one_by_one_forwards_and_back(house: House) -> None:
    """In one form on the screen; what is closed half done goes on from the card."""
    await house.people.command(SCIENTIST, "launches", "/frame new New readers leave")
    view = await house.form(SCIENTIST)

    async def page(number: int) -> View:
        title = f"Framing, page {number} of 7"

        def there() -> View | None:
            drawn = house.workspace.view(view.id)
            return drawn if drawn and drawn.payload["title"]["text"] == title else None

        found: View = await house.until(there, title)
        return found

    def given(**fields: str) -> dict[str, dict[str, Any]]:
        return {name: {name: value} for name, value in fields.items()}

    letter = given(title="New readers leave", who="Yuki, 24", words="None of them felt like my thing")
    await house.people.submit(SCIENTIST, view.id, letter)
    await page(2)
    card = await house.hears("launches", "FRM-1 · New readers leave", "*Draft.*")
    await house.people.submit(SCIENTIST, view.id, given(cohort="New readers, locale JP"))
    await page(3)
    await house.people.submit(SCIENTIST, view.id, given(do="readers who quiz retain better"))
    faulty = house.workspace.view(view.id)
    assert faulty is not None
    assert "what they chose to do" in str(faulty.errors)
    half = given(do="readers who quiz retain better", h1="It rises by 4 points")
    await house.people.click_in_view(
        SCIENTIST, view.id, "frame.back", block_id="back", value="signals", values=half
    )
    second = await page(2)
    assert "New readers, locale JP" in str(second.blocks)
    await house.people.close(SCIENTIST, view.id)
    await house.hears("launches", "FRM-1", "It rises by 4 points")
    await house.press(SCIENTIST, "launches", "Continue")
    again = await house.form(SCIENTIST)
    assert "page 1 of 7" in again.payload["title"]["text"]
    await house.people.close(SCIENTIST, again.id)
    assert card.ts


async def test_a_file_with_an_error_on_line_31_is_answered_with_it_in_its_thread(house: House) -> None:
    """Line, code and mend; nothing is registered, and nobody has to have asked."""
    lines = named("dropped-faulty").splitlines()
    lines[19:19] = ["# " for _ in range(31 - 1 - lines.index("  mde: {relative: 0.03}"))]
    text = "\n".join(lines).replace("mde: {relative: 0.03}", "mde: {relatve: 0.03}")
    before = await drop(house, "faulty.yaml", text)
    message = await house.hears("launches", "faulty.yaml: ", "so nothing was registered", after=before)
    assert "line 31" in shown(message)
    assert message.thread_ts


async def test_a_dropped_registration_is_offered_and_anybody_registers_it(house: House) -> None:
    """The offer becomes who took it; the same file again is known."""
    before = await drop(house, "dropped.yaml", named("dropped"))
    await house.hears("launches", "This is a registration: ", "`dropped`", after=before)
    await house.press(MANAGER, "launches", "Register")
    await house.hears("launches", "dropped.yaml was registered by <@U0EM>")
    again = await drop(house, "dropped.yaml", named("dropped"))
    await house.hears("launches", "This is `dropped` as registered", "Nothing to do", after=again)


async def test_other_files_are_passed_over_in_silence(house: House) -> None:
    """YAML of something else, a picture named like it, and one that a mention registers."""
    before = await drop(house, "values.yaml", "replicas: 3\n")
    await drop(house, "notes.txt", GOOD)
    await drop(house, "asked.yaml", named("by-mention"), "@lookout experiment register")
    await house.hears("launches", "do(reranker = l12)", "by-mention")
    await house.settled()
    said = [shown(m) for m in house.said() if m.ts > before]
    assert not any("This is a registration" in text or "values.yaml" in text for text in said)


async def test_a_repository_registers_by_the_command_and_its_card_comes(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Sent, then unchanged, then other content; each with an exit code that CI understands."""
    import asyncio

    file = tmp_path / "ci.yaml"
    file.write_text(named("from-ci"))
    environment = {"LOOKOUT_URL": house.url, register.TOKEN: SECRET, "GITHUB_ACTOR": "ravi"}
    assert await asyncio.to_thread(register.run, environment, file, channel="#launches") == 0
    assert "from-ci was sent (" in capsys.readouterr().out
    await house.hears("launches", "from-ci", "do(reranker = l12)")
    await house.hears("launches", "Sent by CI, for ravi as it says.")
    assert await asyncio.to_thread(register.run, environment, file) == 0
    assert "from-ci is already registered, unchanged" in capsys.readouterr().out
    file.write_text(named("from-ci").replace("power: 0.9", "").replace("relative: 0.03", "relative: 0.04"))
    assert await asyncio.to_thread(register.run, environment, file) == 1
    assert "from-ci is registered with other content" in capsys.readouterr().err
    with pytest.raises(ConfigError, match="refuses the token"):
        await asyncio.to_thread(register.run, environment | {register.TOKEN: "wrong"}, file)
    file.write_text(named("from-ci").replace("do(reranker", "(reranker"))
    assert await asyncio.to_thread(register.run, environment, file) == 1
    assert "error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("body", "headers", "status", "said"),
    [
        ({"text": GOOD}, {}, 401, "unauthorized"),
        ({"text": GOOD}, {"Authorization": "Bearer wrong"}, 401, "unauthorized"),
        ({"name": "x.yaml"}, BEARER, 422, "text is missing or empty"),
        ({"text": GOOD, "channel": "no such!"}, BEARER, 422, "channel is 'no such!'"),
        ({"text": named("elsewhere"), "channel": "#nowhere"}, BEARER, 422, "no channel #nowhere is there"),
        ({"text": "id: x"}, BEARER, 422, "has errors"),
        ({"text": "a: [", "name": "<x>.yaml"}, BEARER, 422, "has errors"),
    ],
)
async def test_what_cannot_be_registered_is_told_to_the_sender(
    house: House, body: dict[str, str], headers: dict[str, str], status: int, said: str
) -> None:
    """What, where in the body, what to do; nothing reaches the channel."""
    await house.settled()
    before = house.newest("launches")
    answer = await house.http.post("/registrations", json=body, headers=headers)
    assert (answer.status_code, said in answer.text) == (status, True), answer.text
    assert {"error", "path", "hint"} <= set(answer.json())
    await house.settled()
    assert house.newest("launches") == before
