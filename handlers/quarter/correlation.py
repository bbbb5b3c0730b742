"""`/correlation`: its words, buttons and forms."""

from bot.core.permission import Act
from bot.services import (
    correlation_record,
    correlation_replay,
    correlation_status,
    diagnosing,
    diagnosis_outcome,
)
from bot.views.correlation_actions import CorrelationAction, CorrelationForm
from handlers.topic import Everybody, Form, Topic, of_card

_READS = Everybody("it only has posted what is on record")

TOPIC = Topic(
    name="correlation",
    help=(
        "*Offline against online*\n"
        "• `/correlation status` whether offline gains have predicted online ones: correlation over 60 and "
        "90 days, direction, the age of the eval set, with a chart\n"
        "• `/correlation record ID offline=+5% online=+0.3% [on=2026-10-03] [eval-set=…] [built=…]` puts on "
        "record what ran elsewhere, or corrects it; alone it opens a form\n"
        "• `/correlation diagnose` walks the five causes; `answer [DIA-1] hit|partial|clear|unknown WHY`, "
        "`back`, `conclude [DIA-1] [CAUSE …]` do what its buttons do\n"
        "• `/correlation replay` takes a table of past experiments scored by a new harness, pasted or as "
        "a file, and says adopt or iterate\n"
        "All but `status` take a role. In a thread, mention me instead: `@lookout correlation status`."
    ),
    usage=("Whether offline gains can be trusted", "status | record | diagnose | replay | help"),
    example="status",
    orders={
        "status": (correlation_status.order, _READS),
        "diagnose": (diagnosing.order, Act.INVESTIGATE),
        "answer": (diagnosing.answer_order, Act.INVESTIGATE),
        "back": (diagnosing.back_order, Act.INVESTIGATE),
        "conclude": (diagnosis_outcome.conclude_order, Act.INVESTIGATE),
    },
    presses={
        CorrelationAction.DIAGNOSE: (diagnosing.press, Act.INVESTIGATE),
        CorrelationAction.ANSWER: (diagnosing.press_answer, Act.INVESTIGATE),
        CorrelationAction.BACK: (diagnosing.press_back, Act.INVESTIGATE),
        CorrelationAction.GATHER: (diagnosing.press_gather, Act.INVESTIGATE),
    },
    forms={
        CorrelationForm.RECORD: (
            Form(of_card(correlation_record.form), correlation_record.submit, correlation_record.faults),
            Act.SUPPLY,
        ),
        CorrelationForm.REPLAY: (
            Form(of_card(correlation_replay.form), correlation_replay.submit, correlation_replay.faults),
            Act.SUPPLY,
        ),
        CorrelationForm.NOTE: (
            Form(of_card(diagnosing.note_form), diagnosing.note_submit),
            Act.INVESTIGATE,
        ),
        CorrelationForm.CONCLUDE: (
            Form(of_card(diagnosis_outcome.conclude_form), diagnosis_outcome.conclude_submit),
            Act.INVESTIGATE,
        ),
    },
    form_buttons={
        CorrelationAction.RECORD: CorrelationForm.RECORD,
        CorrelationAction.REPLAY: CorrelationForm.REPLAY,
        CorrelationAction.NOTE: CorrelationForm.NOTE,
        CorrelationAction.CONCLUDE: CorrelationForm.CONCLUDE,
    },
    documents={"record": CorrelationForm.RECORD, "replay": CorrelationForm.REPLAY},
)
