"""A launch from its registration to its decision: look 2 tempts and must continue, look 4 ships."""

from datetime import time, timedelta

from bot.demo.people import DIRECTOR, ENGINEER, MANAGER, PM, SCIENTIST
from bot.demo.scene import Scene

HERE = "launch-reranker-l12"
MORNING = time(9, 0, 5)
"""Five seconds after the hour at which looks are posted."""


async def launch(scene: Scene) -> None:
    """The launch: "we're at p < 0.05, can we ship?" is answered by what was written before."""
    scene.title("The launch: “we're at p < 0.05, can we ship?”")
    await register(scene)
    await roll_out(scene)
    await tempt(scene)
    await ship(scene)


async def register(scene: Scene) -> None:
    """A file dropped into the channel, three signatures, a lock."""
    await drop(scene, "reranker", HERE, "The plan for the reranker, for your signatures")
    await scene.hears(HERE, "Waiting for 3 signatures", "do(reranker = MiniLM-L12)", "0.0030")
    await scene.types(PM, HERE, "/experiment look 2")
    await scene.hears(HERE, "not locked yet", to=PM)
    await scene.presses(DIRECTOR, HERE, "Sign as pm")
    await scene.hears(HERE, "Who may sign as pm", "<@U0PM>", to=DIRECTOR)
    await sign(scene, HERE)


async def drop(scene: Scene, name: str, channel: str, said: str, *, called: str = "") -> None:
    """Make up an experiment, drop its registration into the channel, and have it registered."""
    file = (await scene.stage.write_data(name, called=called)).registration
    await scene.says(SCIENTIST, channel, said, files=[(file.name, file.read_bytes())])
    await scene.presses(SCIENTIST, channel, "Register")
    await scene.hears(channel, "Waiting for 3 signatures")


async def sign(scene: Scene, channel: str, *, warnings: bool = False) -> None:
    """Three people take the plan on; the last signature locks it."""
    if warnings:
        await scene.presses(MANAGER, channel, "Acknowledge")
        await scene.hears(channel, "<@U0EM> acknowledged R")
    await scene.presses(PM, channel, "Sign as pm")
    await scene.hears(channel, "<@U0PM> signed as pm")
    await scene.presses(MANAGER, channel, "Sign as em")
    await scene.hears(channel, "<@U0EM> signed as em")
    await scene.presses(ENGINEER, channel, "Sign as applied_ml")
    await scene.hears(channel, "Locked:", "sha256", "the rule decides")


async def roll_out(scene: Scene) -> None:
    """One percent, ten, half; a slow morning pauses it for a while."""
    recall = scene.stage.recall
    await scene.comes(1, time(9, 30))
    await scene.presses(ENGINEER, HERE, "Start")
    await scene.hears(HERE, "started: stage 1 of 4, 1%", "Day 1 is")
    await scene.comes(1, time(9, 40))
    await scene.presses(ENGINEER, HERE, "Advance to 10%")
    await scene.hears(HERE, "10%", "stage 2 of 4")
    recall.spike = scene.stage.now()
    await scene.passes(timedelta(minutes=16))
    await scene.hears(HERE, "paused at 10%", "1,500 ms", "Open incident")
    recall.spike_over = scene.stage.now()
    await scene.passes(timedelta(minutes=30))
    form = await scene.opens(ENGINEER, HERE, button="Resume")
    await scene.sends(ENGINEER, form, {"reason": "A batch job shared the GPUs; it has its own since 10:20."})
    await scene.hears(HERE, "resumed at 10%", "5 of 5 fine")
    await scene.comes(2, time(11, 0))
    await scene.presses(ENGINEER, HERE, "Advance to 50%")
    await scene.hears(HERE, "50%", "stage 3 of 4")


async def tempt(scene: Scene) -> None:
    """Looks 1 and 2 post by themselves; p = 0.040 is no reason to ship, and a peek costs."""
    await scene.comes(1, MORNING)
    await scene.hears(HERE, "Look 1 of 4: CONTINUE")
    await scene.comes(3, MORNING)
    card = await scene.hears(HERE, "Look 2 of 4: CONTINUE", "p = 0.040", "0.0030")
    scene.must("Ship" not in scene.text_of(card), "a look that must continue offers no way to ship")
    await scene.says(PM, HERE, "We're at p < 0.05, can we ship?")
    await scene.types(PM, HERE, "/experiment decide")
    await scene.hears(HERE, "nothing to decide yet", to=PM)
    await scene.presses(PM, HERE, "Why continue?")
    await scene.hears(HERE, "12.3 %", "0.0030", to=PM)
    await scene.comes(2, time(15, 0))
    await scene.types(PM, HERE, "/experiment look 3")
    await scene.hears(HERE, "waits until its day is over", to=PM)
    form = await scene.opens(PM, HERE, button="Look anyway…")
    await scene.sends(PM, form, {"reason": "The leadership review is tomorrow and will ask for it."})
    await scene.hears(HERE, "Peek on day 9: CONTINUE", "It spends 0.0073 of alpha")


async def ship(scene: Scene) -> None:
    """Look 3 continues, look 4 ships, and the decision is written down."""
    await scene.comes(2, MORNING)
    await scene.hears(HERE, "Look 3 of 4: CONTINUE")
    await scene.comes(3, MORNING)
    await scene.hears(HERE, "Look 4 of 4: SHIP")
    form = await scene.opens(PM, HERE, button="Ship…")
    await scene.sends(PM, form, {})
    await scene.hears(HERE, "Decided: SHIP")
    record = await scene.file(HERE, "us-mle-02-reranker-l12-ship-")
    scene.must("maria" in record.lower(), "the record of the decision says who decided")
    await scene.presses(ENGINEER, HERE, "Advance to 100%")
    await scene.hears(HERE, "100%", "stage 4 of 4")
    await scene.comes(28, MORNING)
    await scene.hears(HERE, "28 days after the launch: the gain lasted")
    await scene.file(HERE, "us-mle-02-reranker-l12-retrospective")
