"""A registration begun with a framing, as YAML: for a mention, which can open no form."""

from datetime import datetime

from sqlmodel import Session

from bot.core import draft_yaml
from bot.core.effect import Upload
from bot.core.inbound import Order
from bot.services import framing_joins
from bot.services.desk import Desk
from bot.store import blobs, outbox

HEAD = (
    "# The beginning of a registration, from {id} as it was decided. Add arms, data, metrics and looks,\n"
    "# then drop the file into the channel or attach it to `@lookout experiment register`.\n"
)


def order(session: Session, desk: Desk, order: Order, key: str, now: datetime) -> None:
    """`@lookout frame register FRM-1`."""
    del desk
    name, data = framing_joins.beginning(session, order.text)
    text = HEAD.format(id=name) + draft_yaml.write(data, {})
    place = order.place
    effect = Upload(
        key=f"{key}/registration",
        channel=place.channel,
        filename=f"{name}-registration.yaml",
        title=f"{name}: the beginning of a registration",
        blob=blobs.put(session, text.encode("utf-8", "surrogatepass"), "text/yaml"),
        alt_text=f"The beginning of a registration from {name}, as YAML",
        comment=f"What {name} says of it. `/frame register {name}` asks for the rest in a form.",
        thread=place.thread,
    )
    outbox.put(session, effect, now=now)
