"""What can be typed: `/triage …`, `/experiment …`, and the same after a mention, because slash commands do
not work in threads. Text in, a frozen value out; a text that cannot be read is told what was expected."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from bot.core.inbound import Ask, AskLook, Inbound, Order, Place, RegisterExperiment, StartTriage, Submit
from bot.errors import InputError
from handlers.help import HELP, USAGE
from handlers.quarter import TOPICS
from handlers.topic import TYPED

MAX_TITLE = 150
MAX_TYPED = 2000
MAX_YAML = 262_144


@dataclass(frozen=True)
class OpenForm:
    """A form is to be opened; `text` is what was typed behind the command.

    order: the topic and verb that do it without a form, for a mention, which can open none.
    """

    by: str
    place: Place
    form: str = "experiment.register"
    text: str = ""
    order: tuple[str, str] | None = None


_LEARNING = frozenset(
    {"mark", "unmark", "note", "export", "own", "write", "milestone", "checked", "reviewers", "reviewed"}
    | {"publish", "recheck", "action", "done", "drop", "move", "snooze", "quiet"}
)
"""What is done to an incident's record and its review."""

_SILENCING = frozenset({"silence", "unsilence"})
_WALKING = frozenset(
    {"answer", "back", "roll-back", "mitigated", "resolved", "reopen", "false-alarm", "lead", "escalate"}
    | {"refresh", "claim", "done", "undo", "switch"}
)
"""What the buttons of an incident's card do."""

_TWO_WORDS = re.compile(r"^\s*(roll|false)[\s_]?(back|alarm)\b", re.IGNORECASE)
"""How people write "roll-back" and "false-alarm" at 3 am."""

_PEOPLE = frozenset({"ack", "role", "snooze", "dismiss", "update"})
"""Who is on it, in which role, and what they are reminded of."""

VERBS: Mapping[str, frozenset[str]] = {
    "changes": frozenset(),
    "triage": frozenset({"drill", "onset"}) | _SILENCING | _WALKING | _PEOPLE,
    "incidents": frozenset({"metrics", "exclude", "include"}) | _LEARNING,
    "experiment": frozenset({"withdraw", "start", "here", "stop", "decide", "peek"}),
    "launch": frozenset({"supply", "waive"}),
    "digest": frozenset({"now", "subscribe", "unsubscribe"}),
    **{topic.name: frozenset(topic.orders) for topic in TOPICS},
}
"""Orders by topic: what changes or posts something."""

ASKS: Mapping[str, frozenset[str]] = {
    "changes": frozenset({"log"}),
    "triage": frozenset({"oncall", "phones", "silences", "tree", "dashboard", "queries"}),
    "incidents": frozenset({"monitors", "timeline", "review", "actions"}),
    "experiment": frozenset({"plan", "looks", "why", "cohorts"}),
    "launch": frozenset({"check", "status"}),
    "digest": frozenset({"status"}),
    **{topic.name: frozenset(topic.questions) for topic in TOPICS},
}
"""Questions by topic that take more than a name; their text is kept whole."""

FORM_VERBS: Mapping[tuple[str, str], str] = {
    ("experiment", "new"): "experiment.new",
    ("experiment", "amend"): "experiment.amend",
    **{(topic.name, verb): form for topic in TOPICS for verb, form in topic.form_verbs.items()},
}
"""Commands that open a form, and its name."""

DOCUMENTS: Mapping[tuple[str, str], str] = {
    (topic.name, verb): form for topic in TOPICS for verb, form in topic.documents.items()
}
"""Commands that take a document, pasted behind them or in the form of this name."""

WHOLE: Mapping[str, str] = {"changes": "log"} | {topic.name: topic.whole for topic in TOPICS if topic.whole}
"""Questions and orders that take what begins with no verb, as in `/trace INC-7`."""

OF_LAUNCHES: Mapping[str, frozenset[str]] = {
    topic: VERBS[topic] | ASKS[topic] | {verb for of, verb in (*FORM_VERBS, *DOCUMENTS) if of == topic}
    for topic in VERBS
}


def parse(command: str, text: str, *, by: str, place: Place) -> Inbound | OpenForm:
    """Read what was typed behind `command`, one of HELP.

    Raises:
        InputError: what was read, what was expected, and an example.

    """
    text = _TWO_WORDS.sub(r"\1-\2", plain(text)) if command == "triage" else plain(text)
    word, *rest = text.split(None, 1) or [""]
    match (command, word.lower(), rest[0].strip() if rest else ""):
        case (_, verb, _) if command in WHOLE and verb != "help" and (verb or command == "changes"):
            return _whole(command, text, by, place)
        case ("triage", "start", title):
            return _start(title, by, place)
        case ("experiment", "register", ""):
            return OpenForm(by, place)
        case ("experiment", "register", yaml):
            return registration(yaml, by, place)
        case ("experiment", "look", what):
            return _look(what, by, place)
        case (_, verb, typed) if verb in OF_LAUNCHES.get(command, ()):
            return _of_launches(command, verb, typed, by, place)
        case (_, "status" | "list" | "help" as question, about) if command in HELP:
            return _ask(command, question, about, by, place)
        case (_, "", _) if command in HELP:
            return Ask(by, place, command, "help")
        case _ if command in HELP:
            hint = f"Expected one of: {USAGE[command][1]}. For example `/{command} {_example(command)}`."
            raise InputError(f"Read `{_quoted(word)}`, which /{command} does not know.", hint)
        case _:
            known = " or ".join(f"`{name}`" for name in HELP)
            hint = f"Begin with {known}, for example `triage start NDCG@10 fell`."
            raise InputError(f"Read `{_quoted(command)}`, which is not a topic of mine.", hint)


def plain(text: str) -> str:
    """Undo Slack's escaping of what a person typed: &amp; &lt; &gt; and the links that Slack made."""
    text = re.sub(r"<(https?://[^|>]+)(\|[^>]*)?>", r"\1", text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _whole(command: str, text: str, by: str, place: Place) -> Ask | Order:
    """The whole text says what is asked for, or what is to be posted."""
    if len(text) > MAX_TYPED:
        raise InputError(
            f"What was typed has {len(text)} characters.", f"For example `/{command} {_example(command)}`."
        )
    if WHOLE[command] in VERBS[command]:
        return Order(by, place, command, WHOLE[command], text.strip())
    return Ask(by, place, command, WHOLE[command], text.strip())


def _start(title: str, by: str, place: Place) -> StartTriage:
    here = re.match(r"here\b\s*", title, re.IGNORECASE)
    title = title[here.end() :] if here else title
    if len(title) > MAX_TITLE:
        problem = f"The title has {len(title)} characters; {MAX_TITLE} is the most that fits a header."
        raise InputError(problem, "Say what fell and by how much, for example `NDCG@10 0.78 to 0.61`.")
    return StartTriage(by, place, " ".join(title.split()), bool(here))


def registration(yaml: str, by: str, place: Place) -> RegisterExperiment:
    """Read pasted YAML, with or without a code fence around it."""
    fenced = re.fullmatch(r"```(?:ya?ml)?\s*\n?(.*?)\s*```", yaml, re.DOTALL)
    text = fenced[1] if fenced else yaml
    if len(text) > MAX_YAML:
        raise InputError(
            f"The YAML has {len(text)} characters; {MAX_YAML} is the most.", "Attach a smaller file."
        )
    return RegisterExperiment(by, place, text=text)


def _document(command: str, verb: str, text: str, by: str, place: Place) -> Submit | OpenForm:
    form = DOCUMENTS[command, verb]
    if not text:
        return OpenForm(by, place, form)
    if len(text) > MAX_YAML:
        raise InputError(
            f"What was pasted has {len(text)} characters; {MAX_YAML} is the most.", "Attach it as a file."
        )
    return Submit(by, place, form, "", {TYPED: text})


def _of_launches(command: str, verb: str, text: str, by: str, place: Place) -> Inbound | OpenForm:
    if (command, verb) in DOCUMENTS:
        return _document(command, verb, text, by, place)
    if len(text) > MAX_TYPED:
        problem = f"What was typed has {len(text)} characters; {MAX_TYPED} is the most."
        raise InputError(problem, "Be shorter.")
    if (command, verb) in FORM_VERBS:
        order = (command, verb) if verb in VERBS[command] else None
        return OpenForm(by, place, FORM_VERBS[command, verb], text, order)
    if verb in VERBS[command]:
        return Order(by, place, command, verb, text)
    return Ask(by, place, command, verb, text)


def _look(what: str, by: str, place: Place) -> AskLook:
    match = re.fullmatch(r"(?:([a-z0-9][a-z0-9-]{2,63})\s+)?(\d{1,3})", what)
    if not match:
        hint = "Expected a look's number, with the experiment's id before it where the channel has several: "
        read = f"Read `look {_quoted(what)}`." if what else "Read `look` without a number."
        raise InputError(read, f"{hint}`/experiment look 2`.")
    return AskLook(by, place, int(match[2]), match[1] or "")


def _ask(command: str, question: str, about: str, by: str, place: Place) -> Ask:
    if question == "list" and command == "experiment":
        question = "status"
    if len(about.split()) > 1 or len(about) > 64:
        name = "INC-7" if command == "triage" else "us-mle-02-reranker-l12"
        hint = f"Expected one name or nothing, for example `/{command} {question} {name}`."
        raise InputError(f"Read `{question} {_quoted(about)}`.", hint)
    return Ask(by, place, command, question, about)


def _example(command: str) -> str:
    examples = {
        "triage": "start NDCG@10 0.78 to 0.61",
        "incidents": "list",
        "launch": "check",
        "digest": "now",
        "changes": "2h service=rag",
        **{topic.name: topic.example for topic in TOPICS},
    }
    return examples.get(command, "look 2")


def _quoted(text: str) -> str:
    """What was read, safe between backticks and short."""
    clean = re.sub(r"[`<>&\s]+", " ", text).strip()
    return clean[:60] + ("…" if len(clean) > 60 else "") if clean else "nothing"
