"""Launches that do not ship: satisfaction falls, Japanese users are worse off, too few users to tell."""

from datetime import time

from bot.demo.launch_story import MORNING, drop, sign
from bot.demo.people import DIRECTOR, ENGINEER, PM
from bot.demo.scene import Scene

RERANKER, TOWER, MIXED = "launch-reranker-v2", "launch-two-tower", "launch-mixed-locale"

REVIEW = {
    "What happened": (
        "CSAT fell by 1.43 % against a line of 1 %, with p = 0.02, after the six weeks of the experiment. "
        "The line was declared before it began."
    ),
    "What it does to customers if the rule is right": (
        "Users who rate the service would be a little less satisfied, about six in a hundred of a star, "
        "for as long as it runs; we would see it in retention after months."
    ),
    "The evidence against the veto": (
        "The survey is answered by 3 % of the users and is noisy; the useful-answer rate rose by 6 %, and "
        "the launch is in this year's plan, which leadership expects."
    ),
    "Why not investigate and run it again": "A re-run takes twelve weeks; by then the plan has it shipped.",
    "How it is rolled back, and what triggers that": (
        "Flag reranker_v2 off when CSAT stays below 4.10 for a week; Maria watches it every Monday."
    ),
    "Who was consulted, and what they said": "Tom is against it, Ravi is against it.",
}
"""What Maria writes, by the labels of playbooks/veto.yaml; all of it is an opinion, so Grace refuses."""

LEARNED = (
    "It learned to show titles that draw clicks and jar in tone: 18 % of what it shows, 7 % with L12. "
    "It is trained again with a tone signal, and run again."
)


async def satisfaction(scene: Scene) -> None:
    """Users click more and are less satisfied: a veto, a review that is refused, a re-run that ships."""
    scene.title("The veto: useful answers +6 %, satisfaction -1.43 %")
    await drop(scene, "satisfaction", RERANKER, "Reranker v2, trained on clicks: the plan")
    await sign(scene, RERANKER)
    await _half(scene, RERANKER)
    await scene.comes(41, MORNING)
    await scene.hears(RERANKER, "Look 1 of 1: VETO", "csat fell 1.43 %", "its line is -1 %")
    card = await scene.hears(RERANKER, "VETO", "Open investigation", "Request override…")
    shown = scene.text_of(card)
    scene.must("Ship" not in shown, "a veto offers no way to ship")
    for part in ("+6.0 %", "-1.43 %", "p = 0.020", "@maria", "@tom", "@yuki", "-0.59 %", "stays at 50%"):
        scene.must(part in shown, f"the veto's card has {part!r}")
    await _overridden(scene)
    await _investigated(scene)
    await _run_again(scene)


async def _overridden(scene: Scene) -> None:
    """The product manager asks for an override; she cannot approve it, and the director does not."""
    form = await scene.opens(PM, RERANKER, button="Request override…")
    thin = {**REVIEW, "The evidence against the veto": "CSAT is noisy."}
    left = await scene.sends(PM, form, thin)
    scene.must(left is not None and bool(left.errors), "a thin review is not taken")
    await scene.sends(PM, left or form, REVIEW)
    await scene.hears(RERANKER, "Override requested", "<@U0DIR>")
    await scene.presses(PM, RERANKER, "Approve")
    await scene.hears(RERANKER, "takes the role director", to=PM)
    form = await scene.opens(DIRECTOR, RERANKER, button="Refuse…")
    why = "Nothing in it was not known when the line was drawn. Find out why people like it less."
    await scene.sends(DIRECTOR, form, {"reason": why})
    await scene.hears(RERANKER, "Override refused", "The veto of")


async def _investigated(scene: Scene) -> None:
    """Task by task, to the cause; then the launch is stopped, with what was learned."""
    await scene.presses(ENGINEER, RERANKER, "Open investigation")
    await scene.hears(RERANKER, "Investigation: csat", "Drill down into csat", "6 of 6 open")
    await _done(scene, RERANKER, "5 of 6 open")
    await scene.comes(1, time(8, 30))
    await _done(scene, RERANKER, "4 of 6 open")
    await scene.comes(2, time(17, 0))
    await scene.hears(RERANKER, "Drill down into csat", "is due today", "Snooze 3 days")
    await _done(scene, RERANKER, "3 of 6 open")
    await scene.comes(4, time(8, 30))
    await _done(scene, RERANKER, "2 of 6 open")
    await scene.comes(7, time(8, 30))
    await _done(scene, RERANKER, "1 of 6 open")
    await _done(scene, RERANKER, "Every task is done")
    await scene.types(PM, RERANKER, f"/experiment stop {LEARNED}")
    await scene.hears(RERANKER, "STOP", "decided by <@U0PM>")


async def _done(scene: Scene, channel: str, then: str) -> None:
    """The first task that is open on the investigation's card is done."""
    await scene.presses(ENGINEER, channel, "Done", of="Investigation: ")
    await scene.hears(channel, "Investigation: ", then)


async def _run_again(scene: Scene) -> None:
    """The same lines, another model, a wider survey: registered anew, it ships because the rule says so."""
    await drop(scene, "rerun", RERANKER, "The re-run: v2 with a tone signal, the lines as they were")
    await sign(scene, RERANKER)
    await _half(scene, RERANKER)
    await scene.comes(41, MORNING)
    await scene.hears(RERANKER, "Look 1 of 1: SHIP")
    card = await scene.hears(RERANKER, "SHIP", "+5.2 %", "-0.30 %")
    scene.must("VETO" not in scene.text_of(card), "the re-run is clean")
    form = await scene.opens(PM, RERANKER, button="Ship…")
    await scene.sends(PM, form, {})
    await scene.hears(RERANKER, "Decided: SHIP", "+5.2 %")
    await scene.presses(ENGINEER, RERANKER, "Advance to 100%")
    await scene.hears(RERANKER, "stage 3 of 3, 100%")
    await scene.comes(28, MORNING)
    await scene.hears(RERANKER, "28 days after the launch: the gain lasted")


async def japanese(scene: Scene) -> None:
    """The aggregate is up and significant; Japanese users lose 8.2 %, and the redesign is chosen."""
    scene.title("The cohort: +1.3 % in all, -8.2 % for Japanese users")
    await drop(scene, "japanese", TOWER, "Two-tower retrieval, for all locales: the plan")
    await sign(scene, TOWER, warnings=True)
    await _started(scene, TOWER)
    await scene.comes(7, MORNING)
    await scene.hears(TOWER, "Look 1 of 2: CONTINUE", "not evidence: jp -8.6 %")
    await scene.comes(7, MORNING)
    await scene.hears(TOWER, "Look 2 of 2: VETO", "locale=jp fell 8.2 %", "+1.3 %")
    card = await scene.hears(TOWER, "VETO", "-8.20 %", "Open investigation")
    scene.must("Ship" not in scene.text_of(card), "a cohort's veto offers no way to ship")
    await scene.presses(ENGINEER, TOWER, "Open investigation")
    await scene.hears(TOWER, "Stratified retrain", "recommended", "4 engineer-weeks", "Carve-out")
    await _done(scene, TOWER, "6 of 7 open")
    await scene.comes(3, time(8, 30))
    await _done(scene, TOWER, "5 of 7 open")
    await scene.presses(ENGINEER, TOWER, "Choose A")
    await scene.hears(TOWER, "Redesign A: Stratified retrain")
    await scene.file(TOWER, "us-mle-05-two-tower-redesign-stratified-retrain-")
    await scene.hears(TOWER, "Investigation: useful_answer_rate in jp and jp returning", "4 of 7 open")


async def mixed(scene: Scene) -> None:
    """Too few users for the claim: said before, taken on by name, and inconclusive in the end."""
    scene.title("The claim with too few users: it stays inconclusive")
    await drop(scene, "mixed", MIXED, "The claim for mixed-locale users, on its own")
    await sign(scene, MIXED, warnings=True)
    await scene.comes(8, MORNING)
    await scene.hears(MIXED, "Look 1 of 2: CONTINUE")
    await scene.comes(7, MORNING)
    await scene.hears(MIXED, "Look 2 of 2: INCONCLUSIVE", "63 % of the units the plan needs")
    card = await scene.hears(MIXED, "INCONCLUSIVE", "Stop…")
    scene.must("Ship" not in scene.text_of(card), "a question that was not answered offers no way to ship")
    await scene.types(
        PM, MIXED, "/experiment stop Too few users for the claim. It takes a longer run, or none."
    )
    await scene.hears(MIXED, "STOP", "decided by <@U0PM>")


async def _half(scene: Scene, channel: str) -> None:
    """A day at one percent, then half of the users."""
    await _started(scene, channel)
    await scene.comes(1, time(9, 40))
    await scene.presses(ENGINEER, channel, "Advance to 50%")
    await scene.hears(channel, "advanced: stage 2 of 3, 50%")


async def _started(scene: Scene, channel: str, *parts: str) -> None:
    await scene.comes(1, time(9, 30))
    await scene.types(ENGINEER, channel, "/experiment start")
    await scene.hears(channel, "Day 1 is today", *parts)
