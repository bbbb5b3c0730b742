"""Amendments: the form that proposes one, and the card on which it is signed."""

from collections.abc import Mapping

from bot.core.effect import Block, Message
from bot.core.launch import Amendment, Launch
from bot.views import text
from bot.views.experiment import INPUT_MOST
from bot.views.launch_notes import changes
from bot.views.launch_words import outstanding, waiting
from bot.views.signing_actions import sign_buttons, withdraw_button

FORM = "experiment.amend"
BREAKING = "breaking"
MOST_REASON = 1000


def key(launch: Launch, amendment: Amendment) -> str:
    """The key of an amendment's card."""
    return f"launch/{launch.id}/{amendment.entry}/amendment"


def form(launch: Launch, yaml: str) -> Block:
    """The whole registration to be edited where it fits the field, the reason, whether it breaks the plan."""
    fits = len(yaml) <= INPUT_MOST
    field = {"type": "plain_text_input", "multiline": True, "max_length": INPUT_MOST}
    looked = (
        f"{len(launch.judged)} looks are on record: what touches primary, alpha, thresholds or looks is "
        "refused, unless you mark it below."
        if launch.judged
        else "No look is on record yet, so anything but the id may change."
    )
    size = "" if fits else f" It has {len(yaml):,} characters, more than the field takes: give it as a file."
    return {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Amend the registration"},
        "submit": {"type": "plain_text", "text": "Propose"},
        "close": {"type": "plain_text", "text": "Not now"},
        "blocks": [
            text.section(
                f"`{launch.id}`, registration {launch.sha256[:12]}…. Everybody who signed signs again. "
                f"{looked}{size}"
            ),
            _input("yaml", "Registration (YAML)", field | ({"initial_value": yaml} if fits else {})),
            _input(
                "file",
                f"Or the changed file, if longer than {INPUT_MOST:,} characters",
                {"type": "file_input", "filetypes": ["yaml", "yml", "text"], "max_files": 1},
            ),
            _input(
                "reason",
                "Why?",
                {"type": "plain_text_input", "multiline": True, "max_length": MOST_REASON},
                optional=False,
            ),
            _input("breaking", "After a look", {"type": "checkboxes", "options": [_breaking()]}),
        ],
    }


def card(
    launch: Launch,
    amendment: Amendment,
    signers: Mapping[str, tuple[str, ...]],
    outcome: str = "",
    stands: str = "",
) -> Message:
    """What is to change, why, who signs; `outcome` says how it ended, `stands` what keeps it from holding."""
    name = launch.title or launch.id
    state = outcome.capitalize() if outcome else (waiting(amendment) or "Ready")
    head = f"Amendment · {state} · {name}"
    says = f"{text.person(amendment.by)}: {text.escape(amendment.reason, 900)}"
    asks = [] if outcome else outstanding(amendment, signers)
    if stands and not outcome:
        asks = [f"✗ {text.escape(stands, 500)} Withdraw it."]
    if amendment.breaking:
        touches = text.escape(", ".join(amendment.touches), 300)
        asks.append(f"⚠ It breaks the plan after a look ({touches}); every later verdict will say so.")
    blocks: list[Block] = [
        text.header(head),
        text.section(text.fit([says, *asks])),
        text.section(text.fit(changes(amendment.diff))),
    ]
    if amendment.warnings:
        warned = [f"⚠ {one['code']} {text.escape(one['message'], 400)}" for one in amendment.warnings]
        blocks.append(text.section(text.fit(["*New warnings*", *warned])))
    if not outcome:
        codes = [one["code"] for one in amendment.missing_acknowledgements]
        roles = () if stands else amendment.missing_signoffs
        elements = sign_buttons(launch.id, amendment.sha256, roles, () if stands else codes)
        elements.append(withdraw_button(launch.id, amendment.sha256))
        blocks.append({"type": "actions", "block_id": "amendment", "elements": elements})
    blocks.append(
        text.context(f"`{launch.id}` · proposed {amendment.sha256[:12]}… · ledger {amendment.entry}")
    )
    return Message(f"{text.escape(head, 300)}. {says}", tuple(blocks))


def _breaking() -> Block:
    return {
        "text": {"type": "plain_text", "text": "This breaks the plan; every later verdict says so"},
        "value": BREAKING,
    }


def _input(name: str, label: str, element: Block, *, optional: bool = True) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "optional": optional,
        "label": {"type": "plain_text", "text": label},
        "element": {**element, "action_id": name},
    }
