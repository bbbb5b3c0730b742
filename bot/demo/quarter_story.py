"""The quarter: a signal is framed, twelve candidates are weighed, a budget is simulated, the story told."""

import shutil
from datetime import timedelta

from bot.core.framing import FIELDS, FramingField, Step
from bot.core.strict_yaml import parse
from bot.demo import data
from bot.demo.people import ENGINEER, MANAGER, PM, SCIENTIST
from bot.demo.scene import Scene
from bot.demo.stage import ZONE

HERE = "quarter-planning"
ASSOCIATION = "Readers who take the quiz retain better"


async def quarter(scene: Scene) -> None:
    """What happens before an experiment: from Yuki, who did not come back, to three of twelve."""
    scene.title("The quarter: is it an ML problem, which three of twelve, does it fit into 800 ms?")
    await _framed(scene)
    await _picked(scene)
    await _fits(scene)
    await _told(scene)


async def _framed(scene: Scene) -> None:
    """Seven pages lead from "retention is dropping" to "heuristic first"."""
    text = (data.FRAMINGS / "aml_01.yaml").read_text(encoding="utf-8")
    fields = {name: str(value) for name, value in parse(text, name="aml_01.yaml").data.items()}
    fields["revisit"] = (scene.stage.now() + timedelta(days=42)).date().isoformat()
    page = await scene.opens(ENGINEER, HERE, "/frame new")
    for step in Step:
        entered = {str(one): fields[one] for one in FIELDS[step] if one in fields}
        if step is Step.HYPOTHESIS:
            page = await scene.sends(ENGINEER, page, entered | {str(FramingField.DO): ASSOCIATION}) or page
            scene.must(bool(page.errors), "an association is not taken for a do() clause")
        page = await scene.sends(ENGINEER, page, entered) or page
    await scene.hears(HERE, "FRM-1", "Nothing is missing")
    await scene.types(PM, HERE, "/frame decide FRM-1")
    await scene.hears(HERE, "HEURISTIC FIRST", "ledger")
    await scene.presses(ENGINEER, HERE, "Propose as candidate")
    await scene.hears(HERE, "CAN-1")


async def _picked(scene: Scene) -> None:
    """Twelve candidates, of which three fit; what feels right is written down before it is compared."""
    text = (data.PORTFOLIOS / "aml_02.yaml").read_text(encoding="utf-8")
    text = text.replace("quarter: 2026-Q3", f"quarter: {_next(scene)}")
    await scene.says(SCIENTIST, HERE, "@lookout portfolio import", files=[("candidates.yaml", text.encode())])
    await scene.hears(HERE, "12 new", "claimed to come first")
    await scene.types(PM, HERE, f"/portfolio pick {_next(scene)}")
    await scene.hears(HERE, "Proposed for", "CAN-2, CAN-3, CAN-4")
    await scene.types(PM, HERE, "/portfolio gut CAN-12 CAN-2 CAN-5")
    await scene.types(MANAGER, HERE, f"/portfolio lock {_next(scene)}")
    await scene.hears(HERE, "ledger", "Locked")
    await scene.types(PM, HERE, f"/portfolio update {_next(scene)}")
    await scene.file(HERE, f"{_next(scene)}-portfolio-update.md")


async def _fits(scene: Scene) -> None:
    """Adding p95s up says one thing, measured turns another; what a load test must show is locked first."""
    (scene.stage.folder / "data").mkdir(exist_ok=True)
    shutil.copy(data.LATENCY / "turns.parquet", scene.stage.folder / "data")
    budget = (data.LATENCY / "aml_07.yaml").read_bytes()
    await scene.says(SCIENTIST, HERE, "@lookout latency budget", files=[("chatbot_turn.yaml", budget)])
    await scene.hears(HERE, "loadtest lock chatbot_turn", "before the test is run")
    await scene.types(ENGINEER, HERE, "/latency simulate chatbot_turn")
    await scene.hears(HERE, "The new reranker fits")
    await scene.types(ENGINEER, HERE, "/latency loadtest lock chatbot_turn")
    await scene.hears(HERE, "locked", "ledger")


async def _told(scene: Scene) -> None:
    """What led to what, and the quarter's defence, with a gap wherever no record is."""
    await scene.types(PM, HERE, "/trace CAN-1")
    await scene.hears(HERE, "Trace · CAN-1", "It came from FRM-1")
    await scene.types(PM, HERE, "/narrative quarter")
    await scene.hears(HERE, "Draft ·", "the quarter", "where one was missing nothing was put in its place")


def _next(scene: Scene) -> str:
    """The quarter after the one it is in Tokyo."""
    today = scene.stage.now().astimezone(ZONE).date()
    number = (today.month - 1) // 3 + 1
    return f"{today.year + number // 4}-Q{number % 4 + 1}"
