"""A registration from its first error to its amendment, as people do it in Slack, with a real bot."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.workspace import accounts
from bot.workspace.records import Message
from tests.e2e.house import ENGINEER, MANAGER, PRODUCT, SCIENTIST, House, shown

pytestmark = pytest.mark.asyncio(loop_scope="module")

DIRECTOR = "U0DIR"
REGISTRATIONS = Path(__file__).parents[1] / "data" / "registrations"
WEAK = (REGISTRATIONS / "cohort_underpowered.yaml").read_text().partition("# expect")[0]
TEXT = WEAK.replace("day: day}", "day: day, start: 2026-12-01}") + "signoffs: [pm, em, applied_ml]\n"
TOML = """\
timezone = "Asia/Tokyo"
[roles]
engineer = ["S0ML", "U0DS"]
owner = ["maria@example.com"]
approver = ["U0EM"]
[signoffs]
pm = ["maria@example.com", "U0DIR"]
em = ["U0EM"]
applied_ml = ["S0ML", "U0DS"]
[data]
path = "data"
"""


OTHER = TEXT.replace("id: reranker-l12", "id: reranker-l13")
"""The same under another id: what is amended."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    """A bot with roles: a user group, an address and ids."""
    async with House(tmp_path_factory.mktemp("signing"), toml=TOML) as house:
        yield house


async def register(house: House, name: str, text: str) -> None:
    """Give a file to the bot by mention."""
    said = "@lookout experiment register"
    await house.people.say(SCIENTIST, "launches", said, files=[(name, text.encode())])


def card(house: House, experiment: str) -> Message:
    """The living card as it stands."""
    key = f"experiment/{experiment}/card"
    return next(m for m in house.said() if (m.metadata or {}).get("event_payload", {}).get("key") == key)


async def stands(house: House, experiment: str, *parts: str) -> Message:
    """Wait until the living card has every part."""

    def there() -> Message | None:
        try:
            found = card(house, experiment)
        except StopIteration:
            return None
        return found if all(part in shown(found) for part in parts) else None

    return await house.until(there, f"{parts} on the card of {experiment}")


async def locked(house: House) -> None:
    """A launch that is signed and locked, unless a test before made it so."""
    if any(card_of(m) == "experiment/reranker-l13/card" for m in house.said()):
        return
    await register(house, "amended.yaml", OTHER)
    await stands(house, "reranker-l13", "Waiting for 3 signatures")
    await house.press(SCIENTIST, "launches", "Sign as applied_ml")
    await house.press(PRODUCT, "launches", "Sign as pm")
    await house.press(MANAGER, "launches", "Sign as em")
    await house.press(MANAGER, "launches", "Acknowledge 1 warning: R123")
    await stands(house, "reranker-l13", "acknowledged by")


def card_of(message: Message) -> str:
    """The key a message was posted under."""
    return str((message.metadata or {}).get("event_payload", {}).get("key"))


async def test_a_fault_in_line_31_is_shown_with_its_line_its_column_and_its_mend(house: House) -> None:
    """A key that the rule does not know, and a bracket that is not closed."""
    lines = [*WEAK.splitlines(), "# one", "# two"]
    lines = [*lines[:30], *["# more"] * (30 - len(lines)), "sign_offs: [pm]"]
    await register(house, "unknown.yaml", "\n".join(lines))
    told = await house.hears("launches", "unknown.yaml", "line 31 · sign_offs", to=SCIENTIST)
    assert "✗ error" in shown(told)
    assert "> sign_offs: [pm]" in shown(told)
    assert "Mend: " in shown(told)
    await register(house, "open.yaml", "\n".join([*lines[:30], "signoffs: [pm: ]]"]))
    told = await house.hears("launches", "open.yaml", "line 31", "(column ", to=SCIENTIST)
    assert "so nothing was registered" in shown(told)


async def test_a_registration_is_signed_by_its_roles_locked_and_pinned(house: House) -> None:
    """Warnings by name, signatures by role, the hash at the last one; who may not is told who may."""
    await register(house, "reranker.yaml", TEXT)
    first = await stands(house, "reranker-l12", "Waiting for 3 signatures: pm, em, applied_ml; 1 warning")
    assert "locale=jp is under-powered" in shown(first)
    assert re.search(
        r"Look 2, after day 7, posts Tue 8 Dec 09:00 JST: stops only if p is below 0\.0030", shown(first)
    )
    await house.press(ENGINEER, "launches", "Sign as em")
    refused = await house.hears("launches", "To sign as em takes a place under [signoffs] em", to=ENGINEER)
    assert f"Who may sign as em: <@{MANAGER}>." in shown(refused)
    await house.press(SCIENTIST, "launches", "Sign as applied_ml")
    await house.press(PRODUCT, "launches", "Sign as pm")
    await house.press(MANAGER, "launches", "Sign as em")
    await stands(house, "reranker-l12", "Waiting for 1 warning to be acknowledged")
    await house.press(MANAGER, "launches", "Acknowledge 1 warning: R123")
    lock = await house.hears("launches", "Locked: Reranker L6 to L12", f"applied_ml <@{SCIENTIST}>")
    hash_ = re.search(r"sha256 ([0-9a-f]{64})", shown(lock))
    assert hash_ is not None
    locked = await stands(
        house, "reranker-l12", f"registration {hash_[1][:12]}…", f"acknowledged by <@{MANAGER}>"
    )
    await house.settled()
    assert card(house, "reranker-l12").pinned
    assert "Sign as" not in shown(locked)


async def test_an_amendment_is_proposed_in_a_form_signed_and_in_force_under_a_new_hash(house: House) -> None:
    """What changed stands on its card; the first text stays on record."""
    await locked(house)
    before = shown(card(house, "reranker-l13"))
    await house.people.command(SCIENTIST, "launches", "/experiment amend reranker-l13")
    form = await house.form(SCIENTIST)
    changed = {"yaml": {"yaml": OTHER.replace("relative: 0.03}", "relative: 0.04}", 1)}}
    await house.people.submit(SCIENTIST, form.id, changed | {"reason": {"reason": "3 % is out of reach"}})
    await house.hears("launches", "Amendment · Waiting for 3 signatures", "primary.mde.relative: 0.03 → 0.04")
    await house.press(ENGINEER, "launches", "Sign as applied_ml")
    await house.press(DIRECTOR, "launches", "Sign as pm")
    await house.press(MANAGER, "launches", "Sign as em")
    said = await house.hears("launches", "Amended: Reranker L6 to L12", "3 % is out of reach", "sha256 ")
    assert f"Signed by applied_ml <@{ENGINEER}>, pm <@{DIRECTOR}>, em <@{MANAGER}>." in shown(said)
    after = await stands(house, "reranker-l13", "amended once")
    assert shown(after) != before


async def test_a_form_without_a_reason_or_by_a_stranger_is_refused_in_words(house: House) -> None:
    """Under its field; and who may not amend gets no form."""
    await locked(house)
    await house.people.command(SCIENTIST, "launches", "/experiment amend reranker-l13")
    form = await house.form(SCIENTIST)
    await house.people.submit(SCIENTIST, form.id, {"yaml": {"yaml": OTHER}, "reason": {"reason": " "}})
    assert dict((await house.form(SCIENTIST)).errors) == {"reason": "Say why: whoever signs reads it."}
    await house.people.close(SCIENTIST, form.id)
    await house.people.command(DIRECTOR, "launches", "/experiment amend reranker-l13")
    refused = "To amend a registration takes the role engineer or owner"
    await house.hears("launches", refused, f"<@{PRODUCT}>", to=DIRECTOR)
    assert not house.workspace.modals.get(DIRECTOR)


async def test_an_amendment_comes_as_a_file_beside_a_mention_too(house: House) -> None:
    """Before the lock it holds at once, and every signature is asked for on the new text."""
    text = TEXT.replace("id: reranker-l12", "id: reranker-l6")
    await register(house, "third.yaml", text)
    await stands(house, "reranker-l6", "Waiting for 3 signatures")
    changed = text.replace("title: Reranker L6 to L12", "title: Reranker L6 again")
    said = "@lookout experiment amend reranker-l6 the title was wrong"
    await house.people.say(SCIENTIST, "launches", said, files=[("third.yaml", changed.encode())])
    await house.hears(
        "launches", "Amended: Reranker L6 again", "the title was wrong", "every signature is asked for"
    )
    await house.people.say(SCIENTIST, "launches", said, files=[("bad.yaml", changed[:40].encode())])
    await house.hears("launches", "bad.yaml", "so nothing was amended", to=SCIENTIST)


async def test_who_is_deactivated_before_the_lock_is_asked_for_again(house: House) -> None:
    """As soon as Slack says so, and a press of theirs is refused."""
    await register(house, "second.yaml", TEXT.replace("id: reranker-l12", "id: reranker-l24"))
    await stands(house, "reranker-l24", "Waiting for 3 signatures")
    await house.press(DIRECTOR, "launches", "Sign as pm")
    await stands(house, "reranker-l24", "Waiting for 2 signatures")
    accounts.set_active(house.local.hub, DIRECTOR, active=False)
    await house.hears("launches", f"the signature of <@{DIRECTOR}> as pm no longer counts")
    await stands(house, "reranker-l24", "Waiting for 3 signatures")
    await house.settled()
