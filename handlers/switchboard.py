"""Who does what: every order, question, button and form, by name, and the function it goes to.

What the entries are stands in `handlers.topic`; the topics of the quarter bring theirs along.
"""

from collections.abc import Mapping

from bot.services import (
    advancing,
    amending,
    amending_form,
    change_log,
    dashboard_asking,
    deciding,
    digests,
    drafting,
    drills,
    dropped,
    homes,
    incident_export,
    incident_metrics,
    incident_people,
    investigating,
    look_questions,
    marking,
    monitor_alarms,
    monitor_status,
    onset_correction,
    overriding,
    pausing,
    peeks,
    people_orders,
    readiness,
    review_forms,
    review_orders,
    rollout_checks,
    rollouts,
    signing,
    silences,
    stage_changes,
    stakeholders,
    supplying,
    tasks,
    walking,
)
from bot.views import (
    amendment,
    decision_forms,
    investigation,
    override,
    silence_actions,
)
from bot.views import stakeholders as update_views
from bot.views.change_log import ChangesAction
from bot.views.dashboard_actions import DashboardAction
from bot.views.decision_actions import DecisionAction
from bot.views.dropped import DroppedAction
from bot.views.experiment_actions import ExperimentAction
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
from handlers.topic import Form, OrderVerb, PressVerb, Question, of_card

ORDERS: Mapping[tuple[str, str], OrderVerb] = {
    **{("triage", verb): walking.order for verb in walking.VERBS},
    **{("triage", verb): people_orders.order for verb in people_orders.VERBS},
    ("triage", "onset"): onset_correction.order,
    ("incidents", "mark"): marking.mark_order,
    ("incidents", "unmark"): marking.unmark_order,
    ("incidents", "export"): incident_export.order,
    **{("incidents", verb): typed for verb, typed in review_orders.ORDERS.items()},
    ("triage", "silence"): silences.order,
    ("triage", "unsilence"): silences.order_end,
    ("triage", "drill"): drills.order,
    ("incidents", "metrics"): incident_metrics.order,
    ("incidents", "exclude"): incident_metrics.exclude,
    ("incidents", "include"): incident_metrics.include,
    ("experiment", "start"): rollouts.order_start,
    ("experiment", "stop"): deciding.order_stop,
    ("experiment", "decide"): deciding.order_decide,
    ("experiment", "withdraw"): amending.withdraw_order,
    ("experiment", "peek"): peeks.order,
    ("experiment", "here"): homes.here,
    ("launch", "supply"): supplying.supply_order,
    ("launch", "waive"): supplying.waive_order,
    ("digest", "now"): digests.at_once,
    ("digest", "subscribe"): digests.subscribe,
    ("digest", "unsubscribe"): digests.unsubscribe,
    **{(topic.name, verb): order for topic in TOPICS for verb, (order, _) in topic.orders.items()},
}
"""By topic and verb, as typed: `/experiment stop` is ("experiment", "stop")."""

QUESTIONS: Mapping[tuple[str, str], Question] = {
    ("incidents", "monitors"): monitor_status.answer,
    ("incidents", "timeline"): incident_export.timeline,
    ("incidents", "review"): review_orders.review,
    ("incidents", "actions"): review_orders.actions,
    ("changes", "log"): change_log.answer,
    ("triage", "silences"): silences.listing,
    ("triage", "tree"): walking.tree,
    ("triage", "oncall"): people_orders.ask_oncall,
    ("triage", "phones"): people_orders.ask_phones,
    ("triage", "dashboard"): dashboard_asking.ask_dashboard,
    ("triage", "queries"): dashboard_asking.ask_queries,
    ("digest", "status"): digests.status,
    ("experiment", "plan"): look_questions.plan,
    ("experiment", "looks"): look_questions.looks,
    ("experiment", "cohorts"): look_questions.cohorts,
    ("experiment", "why"): look_questions.why,
    ("launch", "check"): readiness.answer,
    ("launch", "status"): readiness.answer,
    **{(topic.name, verb): question for topic in TOPICS for verb, question in topic.questions.items()},
}
"""By topic and verb, answered at once to the person who asks."""

PRESSES: Mapping[str, PressVerb] = {
    PeopleAction.ON_IT: incident_people.press_on_it,
    PeopleAction.ROLE: incident_people.press_role,
    PeopleAction.SNOOZE: people_orders.press_snooze,
    PeopleAction.DISMISS: people_orders.press_dismiss,
    PeopleAction.UPDATE_SNOOZE: stakeholders.snooze,
    PeopleAction.UPDATE_DISMISS: stakeholders.dismiss,
    MonitorAction.OPEN: monitor_alarms.open_ticket,
    ReviewAction.OWN: review_forms.own,
    ReviewAction.REVIEWED: review_forms.read,
    ReviewAction.PUBLISH: review_forms.publish,
    ReviewAction.RECHECK: review_forms.recheck,
    ReviewAction.ITEM_DONE: review_forms.done,
    ReviewAction.SNOOZE: review_forms.snooze,
    ReviewAction.QUIET: review_forms.quiet,
    ChangesAction.OLDER: change_log.turn,
    ChangesAction.NEWER: change_log.turn,
    SilenceAction.END: silences.press_end,
    DashboardAction.REFRESH: dashboard_asking.press_refresh,
    DashboardAction.QUERIES: dashboard_asking.press_queries,
    RolloutAction.START: rollouts.press_start,
    RolloutAction.CHECK: rollout_checks.check_now,
    RolloutAction.ADVANCE: advancing.advance,
    RolloutAction.INCIDENT: stage_changes.open_suspect,
    DecisionAction.INVESTIGATE: investigating.investigate,
    DecisionAction.CHOOSE: investigating.choose,
    DecisionAction.APPROVE: overriding.approve,
    DecisionAction.TASK_DONE: tasks.done,
    DecisionAction.TASK_SNOOZE: tasks.snooze,
    DecisionAction.TASK_QUIET: tasks.quiet,
    DroppedAction.REGISTER: dropped.register,
    DroppedAction.LEAVE: dropped.leave,
    SigningAction.SIGN: signing.sign,
    SigningAction.ACKNOWLEDGE: signing.acknowledge,
    SigningAction.WITHDRAW: amending.withdraw,
    **{action: press for topic in TOPICS for action, (press, _) in topic.presses.items()},
}
"""By action id without its suffix."""

FORMS: Mapping[str, Form] = {
    PeopleAction.ROLES: Form(of_card(incident_people.form), incident_people.submit),
    PeopleAction.UPDATE: Form(of_card(stakeholders.form), stakeholders.submit, update_views.faults),
    OnsetAction.CORRECT: Form(
        of_card(onset_correction.form), onset_correction.submit, onset_correction.check
    ),
    silence_actions.FORM: Form(of_card(silences.form), silences.submit, silences.faults),
    MarkAction.FORM: Form(of_card(marking.form), marking.submit),
    ReviewAction.WRITE: Form(of_card(review_forms.write_form), review_forms.write),
    ReviewAction.MILESTONES: Form(
        of_card(review_forms.milestones_form), review_forms.milestones, review_forms.milestone_faults
    ),
    ReviewAction.CHECK: Form(of_card(review_forms.check_form), review_forms.check),
    ReviewAction.ASK: Form(of_card(review_forms.ask_form), review_forms.ask),
    ReviewAction.ADD_ITEM: Form(of_card(review_forms.add_form), review_forms.add),
    ReviewAction.CHANGE_ITEM: Form(of_card(review_forms.change_form), review_forms.change),
    RolloutForm.PAUSE: Form(of_card(pausing.pause_view), pausing.pause, pausing.check),
    RolloutForm.RESUME: Form(of_card(pausing.resume_view), pausing.resume, pausing.check),
    peeks.FORM: Form(
        view=lambda session, desk, opened, now: peeks.form(session, desk, opened.by, opened.value, now),
        submit=peeks.submit,
        check=peeks.check,
    ),
    ReadinessAction.SUPPLY: Form(of_card(supplying.supply_form), supplying.supply, supplying.supply_faults),
    ReadinessAction.WAIVE: Form(of_card(supplying.waive_form), supplying.waive, supplying.waive_faults),
    DecisionAction.SHIP: Form(of_card(deciding.ship_form), deciding.ship, decision_forms.unticked),
    DecisionAction.STOP: Form(of_card(deciding.stop_form), deciding.stop),
    DecisionAction.OVERRIDE: Form(of_card(overriding.form), overriding.request, override.faults),
    DecisionAction.REFUSE: Form(of_card(overriding.refusal_form), overriding.refuse),
    DecisionAction.CHOOSE_OTHER: Form(of_card(investigating.choose_form), investigating.choose_other),
    DecisionAction.TASK_CHANGE: Form(of_card(tasks.change_form), tasks.move, investigation.faults),
    amendment.FORM: Form(
        view=lambda session, desk, opened, _now: amending.view(
            session, desk, opened.by, opened.place.channel, opened.value
        ),
        submit=amending_form.submit,
        check=amending.check,
    ),
    drafting.FORM: Form(
        view=lambda session, desk, opened, _now: drafting.opened(session, desk, opened.value),
        submit=drafting.submit,
        check=drafting.check,
        known=drafting.taken,
        redraw=drafting.view,
    ),
    **{name: form for topic in TOPICS for name, (form, _) in topic.forms.items()},
}
"""By name, which is the view's callback id."""

FORM_BUTTONS: Mapping[str, str] = {
    PeopleAction.ROLES: PeopleAction.ROLES,
    PeopleAction.UPDATE: PeopleAction.UPDATE,
    ReviewAction.WRITE: ReviewAction.WRITE,
    ReviewAction.MILESTONES: ReviewAction.MILESTONES,
    ReviewAction.CHECK: ReviewAction.CHECK,
    ReviewAction.ASK: ReviewAction.ASK,
    ReviewAction.ADD_ITEM: ReviewAction.ADD_ITEM,
    ReviewAction.CHANGE_ITEM: ReviewAction.CHANGE_ITEM,
    OnsetAction.CORRECT: OnsetAction.CORRECT,
    SilenceAction.OPEN: silence_actions.FORM,
    ReadinessAction.SUPPLY: ReadinessAction.SUPPLY,
    ReadinessAction.WAIVE: ReadinessAction.WAIVE,
    RolloutAction.PAUSE: RolloutForm.PAUSE,
    RolloutAction.RESUME: RolloutForm.RESUME,
    ExperimentAction.PEEK: peeks.FORM,
    DecisionAction.SHIP: DecisionAction.SHIP,
    DecisionAction.STOP: DecisionAction.STOP,
    DecisionAction.OVERRIDE: DecisionAction.OVERRIDE,
    DecisionAction.REFUSE: DecisionAction.REFUSE,
    DecisionAction.CHOOSE_OTHER: DecisionAction.CHOOSE_OTHER,
    DecisionAction.TASK_CHANGE: DecisionAction.TASK_CHANGE,
    **{action: form for topic in TOPICS for action, form in topic.form_buttons.items()},
}
"""Buttons that open a form: action id without its suffix, and the form's name."""
