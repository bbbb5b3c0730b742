"""`/portfolio`: its words, buttons and forms."""

from bot.core.permission import Act
from bot.services import (
    candidate_forms,
    quarter_course,
    quarter_dropped,
    quarter_import,
    quarter_locking,
    quarter_reminders,
    quarter_retro,
    quarter_told,
    quarter_update,
    quarter_working,
)
from bot.views.portfolio_actions import PortfolioAction, PortfolioForm
from handlers.topic import Everybody, Form, Needed, OrderVerb, PressVerb, Topic, of_card

_BACKLOG = Everybody("a candidate binds nobody until its portfolio is locked, and its card says who wrote it")
_ASKS = Everybody("it only has something worked out and shown that everybody may ask for")
_REMINDED = Everybody("a reminder comes back, and what is missing stays on the card as missing")

_ORDERS: dict[str, tuple[OrderVerb, Needed]] = {
    "add": (candidate_forms.add, _BACKLOG),
    "edit": (candidate_forms.edit, _BACKLOG),
    "pre-mortem": (candidate_forms.pre_mortem, _BACKLOG),
    "waive": (candidate_forms.waive, Act.WAIVE),
    "drop": (candidate_forms.drop, Act.SUPPLY),
    "take-up": (candidate_forms.take_up, Act.SUPPLY),
    "score": (quarter_working.score, _ASKS),
    "pick": (quarter_working.pick, _ASKS),
    "gut": (quarter_locking.gut, Act.DECIDE),
    "lock": (quarter_locking.lock, Act.DECIDE),
    "link": (quarter_course.link, Act.SUPPLY),
    "retro": (quarter_retro.order, _ASKS),
    "record": (quarter_retro.record, Act.DECIDE),
    "effort": (quarter_told.effort, Act.SUPPLY),
    "outcome": (quarter_told.outcome, Act.SUPPLY),
    "update": (quarter_update.order, _ASKS),
    "snooze": (quarter_reminders.snooze, _REMINDED),
    "dismiss": (quarter_reminders.dismiss, _REMINDED),
}

_PRESSES: dict[str, tuple[PressVerb, Needed]] = {
    PortfolioAction.TAKE_UP: (candidate_forms.press_take_up, Act.SUPPLY),
    PortfolioAction.SCORE: (quarter_working.press_score, _ASKS),
    PortfolioAction.PICK: (quarter_working.press_pick, _ASKS),
    PortfolioAction.REVIEW: (quarter_retro.press_record, Act.DECIDE),
    PortfolioAction.SNOOZE: (quarter_reminders.press_snooze, _REMINDED),
    PortfolioAction.DISMISS: (quarter_reminders.press_dismiss, _REMINDED),
    PortfolioAction.TAKE_FILE: (quarter_dropped.take, Act.SUPPLY),
    PortfolioAction.LEAVE_FILE: (
        quarter_dropped.leave,
        Everybody("it only takes an offer away, which dropping the file again brings back"),
    ),
}

_CANDIDATE = Form(of_card(candidate_forms.add_form), candidate_forms.submit, candidate_forms.faults)
_PRE_MORTEM = Form(
    of_card(candidate_forms.pre_mortem_form),
    candidate_forms.pre_mortem_submit,
    candidate_forms.pre_mortem_faults,
)
_IMPORT = Form(of_card(quarter_import.form), quarter_import.submit, quarter_import.faults)
_EFFORTS = Form(of_card(quarter_told.efforts_form), quarter_told.efforts_submit, quarter_told.efforts_faults)
_OUTCOME = Form(of_card(quarter_told.outcome_form), quarter_told.outcome_submit, quarter_told.outcome_faults)

_FORMS: dict[str, tuple[Form, Needed]] = {
    PortfolioForm.CANDIDATE: (_CANDIDATE, _BACKLOG),
    PortfolioForm.PRE_MORTEM: (_PRE_MORTEM, _BACKLOG),
    PortfolioForm.WAIVE: (Form(of_card(candidate_forms.waive_form), candidate_forms.waive_submit), Act.WAIVE),
    PortfolioForm.DROP: (Form(of_card(candidate_forms.drop_form), candidate_forms.drop_submit), Act.SUPPLY),
    PortfolioForm.IMPORT: (_IMPORT, Act.SUPPLY),
    PortfolioForm.GUT: (Form(of_card(quarter_locking.gut_form), quarter_locking.gut_submit), Act.DECIDE),
    PortfolioForm.LOCK: (Form(of_card(quarter_locking.lock_form), quarter_locking.lock_submit), Act.DECIDE),
    PortfolioForm.LINK: (Form(of_card(quarter_course.link_form), quarter_course.link_submit), Act.SUPPLY),
    PortfolioForm.EFFORTS: (_EFFORTS, Act.SUPPLY),
    PortfolioForm.OUTCOME: (_OUTCOME, Act.SUPPLY),
}

TOPIC = Topic(
    name="portfolio",
    help=(
        "*The quarter's portfolio*\n"
        "• `/portfolio add [TITLE; reach=8M sessions; effort=12 weeks …]` puts a candidate into the backlog; "
        "`import` reads YAML or CSV, pasted or attached; `edit CAN-7`, `drop CAN-7 WHY`, `take-up CAN-7`; "
        "`list`, `show CAN-7`\n"
        "• `/portfolio score`, `pick [2027-Q1]` rank them and propose the pick; `gut CAN-1 CAN-5 CAN-2` what "
        "you would pick by feel, best first; `lock [2027-Q1] [late WHY]` puts both on record: these take a "
        "role\n"
        "• `/portfolio pre-mortem CAN-7` its cost risks; `waive CAN-7 WHY` lets it be picked although the "
        "quarter may not show its effect\n"
        "• `/portfolio link CAN-7 EXPERIMENT`; `status [2026-Q4]` what should stop early; `effort CAN-7 14`, "
        "`outcome CAN-7 sustained 0.4 (0.1 to 0.7) LINK`; `retro [2026-Q4]` looks back, `record` keeps it; "
        "`snooze`, `dismiss` its reminders; `update [2026-Q4]` drafts the page for leadership"
    ),
    usage=("Which of the candidates are run", "add | import | score | pick | status | retro | update | help"),
    example="score",
    orders=_ORDERS,
    questions={
        "list": candidate_forms.listing,
        "show": candidate_forms.show,
        "status": quarter_course.status,
    },
    presses=_PRESSES,
    forms=_FORMS,
    form_verbs={"add": PortfolioForm.CANDIDATE},
    form_buttons={
        PortfolioAction.EDIT: PortfolioForm.CANDIDATE,
        PortfolioAction.PRE_MORTEM: PortfolioForm.PRE_MORTEM,
        PortfolioAction.WAIVE: PortfolioForm.WAIVE,
        PortfolioAction.DROP: PortfolioForm.DROP,
        PortfolioAction.GUT: PortfolioForm.GUT,
        PortfolioAction.LOCK: PortfolioForm.LOCK,
        PortfolioAction.LINK: PortfolioForm.LINK,
        PortfolioAction.EFFORTS: PortfolioForm.EFFORTS,
        PortfolioAction.OUTCOME: PortfolioForm.OUTCOME,
    },
    documents={"import": PortfolioForm.IMPORT},
)
