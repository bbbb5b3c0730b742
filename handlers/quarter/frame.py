"""`/frame`: its words, buttons and forms."""

from bot.core.permission import Act
from bot.services import (
    framing_asking,
    framing_deciding,
    framing_document,
    framing_joins,
    framing_pages,
    framing_registering,
    framing_revisit,
)
from bot.views.framing_actions import PAGES, FramingAction
from handlers.topic import Everybody, Form, Topic, of_card

_WRITES = Everybody("a draft binds nobody until it is decided on, and its record says who wrote what")
_SHOWS = Everybody("it only has something posted that everybody may ask for")
_PROPOSES = Everybody("a candidate binds nobody until it is picked")
_DRAFT = "experiment.new"
"""The form of a new experiment, which a decided framing fills in."""

HELP = (
    "*Framing: from a vague signal to a decision*\n"
    "• `/frame new [title]` asks page by page: customer letter, signals, hypothesis with its do() clause, "
    "evidence, the two questions, heuristic and ML, recommendation; each page is kept, `/frame write FRM-1` "
    "goes on\n"
    "• `/frame list` what is open and what was decided; `/frame show FRM-1` one of them\n"
    "• `/frame set FRM-1 FIELD TEXT` writes one field, `-` empties it; lists have `;` between their lines\n"
    "• `/frame decide FRM-1 [WHY]` puts it into the ledger (takes a role); what is missing is named. What is "
    "changed later is decided as its next edition\n"
    "• `/frame register FRM-1` begins a registration with it, `propose FRM-1` a portfolio candidate, "
    "`link FRM-1 EXPERIMENT|INC-7|CAN-3` joins it with what was made elsewhere\n"
    "• `/frame document FRM-1` as a document; `snooze FRM-1`, `quiet FRM-1` for its reminder; "
    "`drop FRM-1 WHY` gives it up\n"
    "In a thread, mention me instead: `@lookout frame new New readers leave`."
)

TOPIC = Topic(
    name="frame",
    help=HELP,
    usage=("From a vague signal to a decision", "new | list | show FRM-1 | decide FRM-1 | help"),
    example="show FRM-1",
    orders={
        "new": (framing_pages.order_new, _WRITES),
        "write": (framing_pages.order_write, _WRITES),
        "set": (framing_pages.order_set, _WRITES),
        "decide": (framing_deciding.order, Act.FRAME),
        "drop": (framing_deciding.drop, Act.FRAME),
        "document": (framing_document.order, _SHOWS),
        "register": (framing_registering.order, _SHOWS),
        "propose": (framing_joins.order_propose, _PROPOSES),
        "link": (framing_joins.order_link, Act.SUPPLY),
        "snooze": (framing_revisit.order_snooze, Act.FRAME),
        "quiet": (framing_revisit.order_quiet, Act.FRAME),
    },
    questions={"list": framing_asking.listing, "show": framing_asking.show},
    presses={
        FramingAction.DOCUMENT: (framing_document.press, _SHOWS),
        FramingAction.PROPOSE: (framing_joins.press_propose, _PROPOSES),
        FramingAction.SNOOZE: (framing_revisit.press_snooze, Act.FRAME),
        FramingAction.QUIET: (framing_revisit.press_quiet, Act.FRAME),
    },
    forms={
        PAGES: (
            Form(
                of_card(framing_pages.view),
                framing_pages.submit,
                framing_pages.check,
                then=framing_pages.onward,
                turns={FramingAction.BACK: framing_pages.back},
            ),
            _WRITES,
        ),
        FramingAction.DECIDE: (
            Form(of_card(framing_deciding.form), framing_deciding.submit, framing_deciding.check),
            Act.FRAME,
        ),
        FramingAction.DROP: (
            Form(of_card(framing_deciding.drop_form), framing_deciding.drop_submit),
            Act.FRAME,
        ),
        FramingAction.LINK: (
            Form(of_card(framing_joins.link_form), framing_joins.link_submit),
            Act.SUPPLY,
        ),
    },
    form_verbs={"new": PAGES, "write": PAGES, "register": _DRAFT},
    form_buttons={
        FramingAction.WRITE: PAGES,
        FramingAction.DECIDE: FramingAction.DECIDE,
        FramingAction.REGISTER: _DRAFT,
        FramingAction.DROP: FramingAction.DROP,
        FramingAction.LINK: FramingAction.LINK,
    },
)
