"""An incident from its page to its retrospective: Recall@10 collapses, and nothing was deployed."""

from datetime import timedelta

from bot.demo.people import ENGINEER
from bot.demo.scene import Scene


async def incident(scene: Scene) -> None:
    """The page: Recall@10 collapses, nothing was deployed, a shard's index is broken."""
    stage = scene.stage
    scene.title("3am: Recall@10 fell from 0.91 to 0.62")
    await stage.collapse()
    await scene.webhook("/changes/generic", OLD_DEPLOY | {"at": _ago(scene, hours=30)})
    await scene.webhook("/webhooks/generic", ALERT | {"started_at": _ago(scene, minutes=6)})
    await scene.hears("ml-incidents", "INC-1", "0.91", "0.62")
    channel = await scene.channel("inc-")
    await scene.hears(channel, "Did anything change in the last 24 h?", "no change")
    await scene.presses(ENGINEER, channel, "Nothing changed")
    await scene.hears(channel, "Is upstream data healthy?", "row counts", "schema: fingerprint")
    await scene.webhook("/webhooks/generic", ALERT | SECOND_COHORT | {"started_at": _ago(scene, minutes=1)})
    await scene.hears(channel, "2 alerts")
    await scene.presses(ENGINEER, channel, "Healthy")
    await scene.hears(channel, "Has the feature distribution drifted?", "shard-3")
    await scene.passes(timedelta(minutes=16))
    await scene.hears(channel, "<@U0EM>")
    await scene.presses(ENGINEER, channel, "Drifted")
    await scene.hears(channel, "Feature drift", "partial re-index")
    await scene.webhook("/webhooks/generic", ALERT | {"status": "resolved"})
    await scene.hears(channel, "may only mean")
    await scene.passes(timedelta(minutes=25))
    await stage.recover()
    await scene.passes(timedelta(minutes=12))
    await scene.hears(channel, "both cohorts, as of")
    await scene.presses(ENGINEER, channel, "Mitigated")
    await scene.hears(channel, "Resolved")
    await scene.presses(ENGINEER, channel, "Resolved")
    report = await scene.file(channel, "INC-1-retrospective.md")
    for part in ("Timeline", "Feature drift", "Nothing changed", "Action items", "yuki"):
        scene.must(part in report, f"the retrospective has {part!r}")


def _ago(scene: Scene, **span: float) -> str:
    return (scene.stage.now() - timedelta(**span)).isoformat()


OLD_DEPLOY: dict[str, object] = {
    "id": "deploy-4711",
    "kind": "code_deploy",
    "title": "chat-frontend 5.3.1",
    "service": "chat-frontend",
    "by": "release-bot",
}
ALERT: dict[str, object] = {
    "key": "rag-recall-at-10/jp-mobile",
    "title": "RAG Recall@10 0.91 → 0.62",
    "status": "firing",
    "severity": "critical",
    "metric": "rag_recall_at_10",
    "service": "rag-retrieval",
    "value": 0.62,
    "baseline": 0.91,
    "cohort": {"locale": "jp", "device": "mobile"},
}
SECOND_COHORT: dict[str, object] = {
    "key": "rag-recall-at-10/jp-app",
    "cohort": {"locale": "jp", "device": "app"},
    "value": 0.64,
}
