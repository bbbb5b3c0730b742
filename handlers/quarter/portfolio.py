"""`/portfolio`: its words, buttons and forms."""

from bot.core.permission import Act
from bot.services import candidate_forms
from bot.views.portfolio_actions import PortfolioAction, PortfolioForm
from handlers.topic import Everybody, Form, Topic, of_card

_BACKLOG = Everybody("a candidate binds nobody until its portfolio is locked, and its card says who wrote it")

TOPIC = Topic(
    name="portfolio",
    help=(
        "*The quarter's portfolio*\n"
        "• `/portfolio add [TITLE; reach=8M sessions; effort=12 weeks …]` puts a candidate into the backlog; "
        "`edit CAN-7`, `drop CAN-7 WHY`, `take-up CAN-7`; `list`, `show CAN-7`\n"
        "• `/portfolio pre-mortem CAN-7` its cost risks; `waive CAN-7 WHY` lets it be picked although the "
        "quarter may not show its effect: this takes a role"
    ),
    usage=("Which of the candidates are run", "add | import | score | pick | status | retro | update | help"),
    example="score",
    orders={
        "add": (candidate_forms.add, _BACKLOG),
        "edit": (candidate_forms.edit, _BACKLOG),
        "pre-mortem": (candidate_forms.pre_mortem, _BACKLOG),
        "waive": (candidate_forms.waive, Act.WAIVE),
        "drop": (candidate_forms.drop, Act.SUPPLY),
        "take-up": (candidate_forms.take_up, Act.SUPPLY),
    },
    questions={"list": candidate_forms.listing, "show": candidate_forms.show},
    presses={PortfolioAction.TAKE_UP: (candidate_forms.press_take_up, Act.SUPPLY)},
    forms={
        PortfolioForm.CANDIDATE: (
            Form(of_card(candidate_forms.add_form), candidate_forms.submit, candidate_forms.faults),
            _BACKLOG,
        ),
        PortfolioForm.PRE_MORTEM: (
            Form(
                of_card(candidate_forms.pre_mortem_form),
                candidate_forms.pre_mortem_submit,
                candidate_forms.pre_mortem_faults,
            ),
            _BACKLOG,
        ),
        PortfolioForm.WAIVE: (
            Form(of_card(candidate_forms.waive_form), candidate_forms.waive_submit),
            Act.WAIVE,
        ),
        PortfolioForm.DROP: (
            Form(of_card(candidate_forms.drop_form), candidate_forms.drop_submit),
            Act.SUPPLY,
        ),
    },
    form_verbs={"add": PortfolioForm.CANDIDATE},
    form_buttons={
        PortfolioAction.EDIT: PortfolioForm.CANDIDATE,
        PortfolioAction.PRE_MORTEM: PortfolioForm.PRE_MORTEM,
        PortfolioAction.WAIVE: PortfolioForm.WAIVE,
        PortfolioAction.DROP: PortfolioForm.DROP,
    },
)
