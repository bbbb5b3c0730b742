"""What can be typed: `/triage …`, `/experiment …`, and the same after a mention, because slash commands do
not work in threads. Text in, a frozen value out; a text that cannot be read is told what was expected."""

import re
from dataclasses import dataclass

from bot.core.inbound import Ask, AskLook, Inbound, Place, RegisterExperiment, StartTriage
from bot.errors import InputError

MAX_TITLE = 150
MAX_YAML = 262_144

HELP = {
    "triage": (
        "*Incidents*\n"
        "• `/triage start [title]` opens an incident in a channel of its own; `/triage start here [title]` "
        "keeps it in this one\n"
        "• `/triage status [INC-7]` where an incident stands; in its channel the number is not needed\n"
        "• `/triage list` the open ones\n"
        "In a thread, mention me instead: `@lookout triage status`."
    ),
    "experiment": (
        "*Experiments*\n"
        "• `/experiment register` registers a YAML file: paste it behind the command, or get a form\n"
        "• `/experiment look N` posts what the pre-registered plan allows one to conclude at look N; with "
        "several experiments in the channel, `/experiment look ID N`\n"
        "• `/experiment status [ID]` where the experiments of this channel stand\n"
        "In a thread, mention me instead: `@lookout experiment look 2`; attach the YAML file to "
        "`@lookout experiment register`."
    ),
}
"""Help by command; the keys are the commands there are."""

USAGE = {
    "triage": ("Walk an incident, step by step", "start [here] [title] | status | list | help"),
    "experiment": ("What the pre-registered plan allows", "register | look N | status | help"),
}
"""What Slack shows beside each command: description and usage hint."""


@dataclass(frozen=True)
class OpenForm:
    """The form for `/experiment register` without a text is to be opened."""

    by: str
    place: Place


def parse(command: str, text: str, *, by: str, place: Place) -> Inbound | OpenForm:
    """Read what was typed behind `command` ("triage" or "experiment").

    Raises:
        InputError: what was read, what was expected, and an example.

    """
    word, *rest = plain(text).split(None, 1) or [""]
    match (command, word.lower(), rest[0].strip() if rest else ""):
        case ("triage", "start", title):
            return _start(title, by, place)
        case ("experiment", "register", ""):
            return OpenForm(by, place)
        case ("experiment", "register", yaml):
            return registration(yaml, by, place)
        case ("experiment", "look", what):
            return _look(what, by, place)
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


def _look(what: str, by: str, place: Place) -> AskLook:
    match = re.fullmatch(r"(?:([a-z0-9][a-z0-9-]{2,63})\s+)?(\d{1,3})", what)
    if not match:
        hint = "Expected a look's number, with the experiment's id before it where the channel has several: "
        raise InputError(f"Read `look {_quoted(what)}`.", f"{hint}`/experiment look 2`.")
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
    return "start NDCG@10 0.78 to 0.61" if command == "triage" else "look 2"


def _quoted(text: str) -> str:
    """What was read, safe between backticks and short."""
    clean = re.sub(r"[`<>&\s]+", " ", text).strip()
    return clean[:60] + ("…" if len(clean) > 60 else "") if clean else "nothing"
