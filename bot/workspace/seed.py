"""The team that a fresh workspace holds: people of a product-ML group, their channels, and the app's bot."""

from dataclasses import replace
from typing import Final

from bot.workspace.records import Channel, User, UserGroup
from bot.workspace.state import Workspace

ENGINEER: Final = "U0ENG"
PRODUCT_MANAGER: Final = "U0PM"
ENGINEERING_MANAGER: Final = "U0EM"
DIRECTOR: Final = "U0DIR"
DATA_SCIENTIST: Final = "U0DS"
BOT: Final = "U0LOOKOUT"
BOT_ID: Final = "B0LOOKOUT"
APP_ID: Final = "A0LOOKOUT"
SLACKBOT: Final = "USLACKBOT"

PEOPLE: Final = (
    User(ENGINEER, "yuki", "Yuki Tanaka", "On-call engineer, Applied ML", "🧑‍💻", tz="Asia/Tokyo"),
    User(PRODUCT_MANAGER, "maria", "Maria Alvarez", "Product manager, Answers", "🧭", tz="Europe/Madrid"),
    User(
        ENGINEERING_MANAGER, "tom", "Tom Becker", "Engineering manager, Applied ML", "🛠️", tz="Europe/Berlin"
    ),
    User(DIRECTOR, "grace", "Grace Okafor", "Director, Product ML", "🧑‍💼", tz="America/New_York"),
    User(DATA_SCIENTIST, "ravi", "Ravi Menon", "Data scientist, Experimentation", "📊", tz="Asia/Kolkata"),
)
CHANNELS: Final = (
    ("C0INC", "ml-incidents", "Alerts and incidents of the product-ML services", True),
    ("C0LAUNCH", "launches", "Experiments, looks and launch decisions", True),
    ("C0OPS", "lookout-ops", "What Lookout itself has to say", True),
    ("C0GENERAL", "general", "Everything else", False),
)


def seed(workspace: Workspace) -> Workspace:
    """Fill an empty workspace with people, channels, a user group and the bot; the same workspace."""
    for person in PEOPLE:
        workspace.add_user(replace(person, email=f"{person.name}@example.com"))
    workspace.add_user(User(BOT, "lookout", "Lookout", "App", "🔭", is_bot=True, bot_id=BOT_ID))
    workspace.add_user(User(SLACKBOT, "slackbot", "Slackbot", "", "🤖", is_bot=True, bot_id="B01"))
    workspace.bot = BOT
    everyone = tuple(person.id for person in PEOPLE)
    workspace.groups["S0ML"] = UserGroup("S0ML", "applied-ml", "Applied ML", (ENGINEER, ENGINEERING_MANAGER))
    created = int(workspace.clock.now())
    for channel_id, name, purpose, with_bot in CHANNELS:
        members = (*everyone, BOT) if with_bot else everyone
        workspace.add_channel(
            Channel(channel_id, name, ENGINEERING_MANAGER, created, members, purpose=purpose)
        )
    return workspace
