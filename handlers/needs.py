"""What every order, button and form of launches needs; what is not named here nobody may do.

The services ask again, since they are also reached otherwise. This is the door: it is passed before anything
is read of what was asked, and nothing gets onto the switchboard without saying here who may use it.
"""

from collections.abc import Mapping

from sqlmodel import Session

from bot.core.permission import Act
from bot.errors import RefusedError
from bot.services import drafting, peeks, people_orders, permissions, review_orders, walking
from bot.services.desk import Desk
from bot.views import amendment, silence_actions
from bot.views.change_log import ChangesAction
from bot.views.dashboard_actions import DashboardAction
from bot.views.decision_actions import DecisionAction
from bot.views.dropped import DroppedAction
from bot.views.marking import MarkAction
from bot.views.monitor_actions import MonitorAction
from bot.views.onset_actions import OnsetAction
from bot.views.people_actions import PeopleAction
from bot.views.readiness_actions import ReadinessAction
from bot.views.review_actions import ReviewAction
from bot.views.rollout_actions import RolloutAction, RolloutForm
from bot.views.signing_actions import SigningAction
from bot.views.silence_actions import SilenceAction
from handlers.quarter import TOPICS
from handlers.topic import Everybody, Needed, Service

_DATES = Everybody("the timeline keeps what was thought before, and the next correction counts")
_REGISTERS = Everybody("what is registered holds for nobody until its sign-offs have signed")
_ASKS = Everybody("it only has something posted that everybody may ask for")
_WITHDRAWS = Service("who proposed an amendment may withdraw it, and the roles that may withdraw any")

_RECORDS = Everybody("an incident is everybody's, and its record says who put in what")
_SILENCES = Everybody(
    "it is said in the incidents channel and has an end, at which what still fires is heard"
)

_WALKS = Everybody("an incident is everybody's, every step says who took it and can be taken back")

_WATCHES = Everybody("whoever helps may, every word of it is in the timeline, and another may take it over")
_TELLS = Everybody("who posts an update is named under it, and it is in the timeline")

ORDERS: Mapping[tuple[str, str], Needed] = {
    **{("triage", verb): _WALKS for verb in walking.VERBS},
    **{("triage", verb): _WATCHES for verb in people_orders.VERBS},
    ("triage", "onset"): _DATES,
    ("incidents", "mark"): _RECORDS,
    ("incidents", "unmark"): _RECORDS,
    ("incidents", "export"): _ASKS,
    **{("incidents", verb): _RECORDS for verb in review_orders.ORDERS},
    ("triage", "silence"): _SILENCES,
    ("triage", "unsilence"): _SILENCES,
    ("triage", "drill"): Everybody("a drill calls nobody outside its channel"),
    ("incidents", "metrics"): _ASKS,
    ("incidents", "exclude"): Act.CONFIGURE,
    ("incidents", "include"): Act.CONFIGURE,
    ("experiment", "start"): Act.ROLL,
    ("experiment", "stop"): Act.DECIDE,
    ("experiment", "decide"): _ASKS,
    ("experiment", "withdraw"): _WITHDRAWS,
    ("experiment", "peek"): Act.PEEK,
    ("experiment", "here"): Act.CONFIGURE,
    ("launch", "supply"): Act.SUPPLY,
    ("launch", "waive"): Act.WAIVE,
    ("digest", "now"): _ASKS,
    ("digest", "subscribe"): Act.CONFIGURE,
    ("digest", "unsubscribe"): Act.CONFIGURE,
    **{(topic.name, verb): needed for topic in TOPICS for verb, (_, needed) in topic.orders.items()},
}

PRESSES: Mapping[str, Needed] = {
    PeopleAction.ON_IT: _WATCHES,
    PeopleAction.ROLE: _WATCHES,
    PeopleAction.SNOOZE: _WATCHES,
    PeopleAction.DISMISS: _WATCHES,
    PeopleAction.UPDATE_SNOOZE: _WATCHES,
    PeopleAction.UPDATE_DISMISS: _WATCHES,
    MonitorAction.OPEN: Everybody("whoever sees a ticket may call for help"),
    ReviewAction.OWN: _RECORDS,
    ReviewAction.REVIEWED: _RECORDS,
    ReviewAction.PUBLISH: _RECORDS,
    ReviewAction.RECHECK: _RECORDS,
    ReviewAction.ITEM_DONE: _RECORDS,
    ReviewAction.SNOOZE: _RECORDS,
    ReviewAction.QUIET: _RECORDS,
    ChangesAction.OLDER: _ASKS,
    ChangesAction.NEWER: _ASKS,
    SilenceAction.END: _SILENCES,
    DashboardAction.REFRESH: Everybody("it only has the same questions asked again"),
    DashboardAction.QUERIES: Everybody("it only shows what was asked"),
    RolloutAction.START: Act.ROLL,
    RolloutAction.CHECK: _ASKS,
    RolloutAction.ADVANCE: Act.ROLL,
    RolloutAction.INCIDENT: Everybody("whoever sees a breach may call for help"),
    DecisionAction.INVESTIGATE: Act.INVESTIGATE,
    DecisionAction.CHOOSE: Act.INVESTIGATE,
    DecisionAction.APPROVE: Act.APPROVE,
    DecisionAction.TASK_DONE: Act.INVESTIGATE,
    DecisionAction.TASK_SNOOZE: Act.INVESTIGATE,
    DecisionAction.TASK_QUIET: Act.INVESTIGATE,
    DroppedAction.REGISTER: _REGISTERS,
    DroppedAction.LEAVE: Everybody("it only takes an offer away, which dropping the file again brings back"),
    SigningAction.SIGN: Service("[signoffs] names who signs as what, and the author does not sign alone"),
    SigningAction.ACKNOWLEDGE: Act.ACKNOWLEDGE,
    SigningAction.WITHDRAW: _WITHDRAWS,
    **{action: needed for topic in TOPICS for action, (_, needed) in topic.presses.items()},
}

FORMS: Mapping[str, Needed] = {
    PeopleAction.ROLES: _WATCHES,
    PeopleAction.UPDATE: _TELLS,
    OnsetAction.CORRECT: _DATES,
    silence_actions.FORM: _SILENCES,
    MarkAction.FORM: _RECORDS,
    ReviewAction.WRITE: _RECORDS,
    ReviewAction.MILESTONES: _RECORDS,
    ReviewAction.CHECK: _RECORDS,
    ReviewAction.ASK: _RECORDS,
    ReviewAction.ADD_ITEM: _RECORDS,
    ReviewAction.CHANGE_ITEM: _RECORDS,
    RolloutForm.PAUSE: Act.PAUSE,
    RolloutForm.RESUME: Act.ROLL,
    peeks.FORM: Act.PEEK,
    ReadinessAction.SUPPLY: Act.SUPPLY,
    ReadinessAction.WAIVE: Act.WAIVE,
    DecisionAction.SHIP: Act.DECIDE,
    DecisionAction.STOP: Act.DECIDE,
    DecisionAction.OVERRIDE: Act.OVERRIDE,
    DecisionAction.REFUSE: Act.APPROVE,
    DecisionAction.CHOOSE_OTHER: Act.INVESTIGATE,
    DecisionAction.TASK_CHANGE: Act.INVESTIGATE,
    amendment.FORM: Act.AMEND,
    drafting.FORM: _REGISTERS,
    **{name: needed for topic in TOPICS for name, (_, needed) in topic.forms.items()},
}


def order(session: Session, desk: Desk, by: str, topic: str, verb: str) -> None:
    """Pass who may give this order. Raises RefusedError."""
    _pass(session, desk, by, ORDERS.get((topic, verb)), f"{topic} {verb}")


def press(session: Session, desk: Desk, by: str, action: str) -> None:
    """Pass who may press this button. Raises RefusedError."""
    _pass(session, desk, by, PRESSES.get(action), action)


def form(session: Session, desk: Desk, by: str, name: str) -> None:
    """Pass who may open this form and send it off. Raises RefusedError."""
    _pass(session, desk, by, FORMS.get(name), name)


def _pass(session: Session, desk: Desk, by: str, needed: Needed | None, name: str) -> None:
    if needed is None:
        raise RefusedError(
            f"Nobody may do `{name}`: it is not written down who.", "This is a fault of Lookout."
        )
    if isinstance(needed, Act):
        permissions.require(session, desk, by, needed)
    else:
        permissions.require_active(session, by)
