"""`/experiment new`: a form becomes a registration, and says on the way how many units and days it takes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pydantic import ValidationError
from sqlmodel import Session

from bot.core.draft import Draft, DraftField, field_of, read
from bot.core.effect import Block, Ephemeral, Message, Upload
from bot.core.finding import Finding, errors
from bot.core.inbound import Submit
from bot.core.lint import check_registration
from bot.core.registration import load
from bot.core.sizing import size
from bot.core.timetable import planned
from bot.errors import InputError, UserError
from bot.services import framing_joins, registering
from bot.services.desk import Desk
from bot.store import blobs, experiments, outbox
from bot.views import draft as views
from bot.views import draft_words as words
from bot.views import text

FORM = "experiment.new"
_SHOWN = 2
"""Findings shown under one field; mending these usually mends the rest."""

F = DraftField
_SIZES = {F.MDE: "the smallest effect worth having", F.BASELINE: "baseline", F.SD: "sd"}


def view(desk: Desk, fields: Mapping[str, str]) -> Block:
    """The form, with what was entered so far (by action id) and what it comes to.

    Raises InputError where no data source is configured, since then no registration can be written.
    """
    entered = _bare(fields)
    sources = tuple(sorted(name for name, one in desk.settings.sources.items() if one.kind == "ibis"))
    if not sources and desk.settings.data is None:
        raise InputError(
            "No warehouse is configured, so a registration could not say where its data is.",
            "An admin adds one under [sources] in lookout.toml, or a folder under [data].",
        )
    choices = views.Choices(sources, desk.settings.data is not None, tuple(desk.settings.signoffs))
    return views.form(choices, entered, so_far(entered))


def opened(session: Session, desk: Desk, value: str) -> Block:
    """The form as it is opened; `value` may name a decided framing (FRM-3), which fills in what it says.

    Raises InputError where no data source is configured, or the framing cannot be registered.
    """
    return view(desk, framing_joins.for_experiment(session, value))


def so_far(fields: Mapping[str, str]) -> list[str]:
    """What the entries come to, line by line; what cannot be computed yet is said in words."""
    draft = read(fields)
    about = [name for name in draft.faults if name in _COUNTED]
    lines = [words.unread([f"{_COUNTED[name]}: {draft.faults[name]}" for name in about])] if about else []
    absent = [said for name, said in _SIZES.items() if _lacks(draft, name, fields)]
    if "looks" not in draft.data.get("sequential", {}):
        absent.append("the days of the looks")
    if absent:
        return [*lines, words.needs("Sample size and runtime", absent)]
    try:
        registration = load(_completed(draft))
        planned(registration)
        sizing = size(registration)
    except (ValidationError, ValueError, OverflowError) as error:
        return [*lines, f"? Sample size: {_reason(error)}"]
    if sizing.n_cuped is None:
        return [*lines, words.size(registration, sizing)]
    horizon = registration.horizon_days if "horizon_days" in draft.data else None
    lines += [words.size(registration, sizing), words.runtime(sizing, horizon)]
    return [*lines, words.looks(registration)]


def check(fields: Mapping[str, str]) -> Mapping[str, str]:
    """What is wrong, by the action id of the field it belongs to, before anything is stored."""
    draft = read(_bare(fields))
    found: dict[str, list[str]] = {name: [said] for name, said in draft.faults.items()}
    if not found:
        _, findings = check_registration(draft.yaml(), "form")
        primary = str(draft.data["primary"]["metric"])
        for one in errors(findings):
            found.setdefault(field_of(one, primary), []).append(_plainly(one))
    return {f"{views.PREFIX}{name}": _joined(said) for name, said in found.items()}


def taken(session: Session, fields: Mapping[str, str]) -> Mapping[str, str]:
    """What only the record knows to be wrong: an id that belongs to other content."""
    draft = read(_bare(fields))
    name = str(draft.data.get("id", ""))
    if experiments.original(session, name) is None:
        return {}
    said = (
        f"{name} is registered already. Give this one a new id, or propose a change with /experiment amend."
    )
    return {f"{views.PREFIX}{F.ID}": said}


def submit(session: Session, desk: Desk, sent: Submit, key: str, now: datetime) -> None:
    """Register what was entered, and give the file to the channel; where that fails nothing typed is lost."""
    draft = read(_bare(sent.fields))
    draft = replace(draft, data=framing_joins.in_registration(session, sent.value, draft.data))
    written = _Written(str(draft.data["id"]), draft.yaml())
    place = sent.place
    try:
        with session.begin_nested():
            registered = registering.register(
                session,
                desk,
                text=written.text,
                name=written.name,
                by=sent.by,
                channel=place.channel,
                now=now,
            )
    except UserError as error:
        said = _kept(written, f"{error.message} {error.hint}".strip())
        outbox.put(session, Ephemeral(f"{key}/draft", place.channel, sent.by, said, place.thread), now=now)
        return
    if registered.registered_at == now:
        outbox.put(session, _upload(session, written, place.channel), now=now)


@dataclass(frozen=True)
class _Written:
    """The YAML that the form came to."""

    id: str
    text: str

    @property
    def name(self) -> str:
        """What the file is called."""
        return f"{self.id}.yaml"


def _upload(session: Session, written: _Written, channel: str) -> Upload:
    return Upload(
        key=f"experiment/{written.id}/yaml",
        channel=channel,
        filename=written.name,
        title=f"Registration of {written.id}",
        blob=blobs.put(session, written.text.encode("utf-8", "surrogatepass"), "text/yaml"),
        alt_text=f"The registration of {written.id} as YAML",
        comment="The registration as YAML, for your repository. From now on a change is an amendment.",
        thread=f"experiment/{written.id}/card",
    )


def _kept(written: _Written, said: str) -> Message:
    """Why it was not registered, and what was written, to be mended and pasted behind the command."""
    head = f"{said}\nThis is what you wrote; mend it and paste it behind `/experiment register`:"
    lines = written.text.splitlines()
    blocks = [text.section(text.cut(head, text.SECTION))]
    while lines and len(blocks) < 10:
        part: list[str] = []
        while lines and sum(map(len, part)) + 6 * len(part) + len(lines[0]) < 2000:
            part.append(lines.pop(0))
        part = part or [lines.pop(0)[:1900]]
        fenced = "\n".join(part).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        blocks.append(text.section(f"```{fenced.replace('```', '')[:2900]}```"))
    return Message(text.cut(said, text.NOTIFICATION), tuple(blocks))


_COUNTED: Mapping[str, str] = {
    F.BASELINE: "baseline",
    F.SD: "sd",
    F.MDE: "smallest effect",
    F.CUPED: "CUPED",
    F.TRAFFIC: "units a day",
    F.HORIZON: "horizon",
    F.LOOKS: "looks",
    F.START: "day 1",
}
"""The fields that decide how many units and days it takes, as the line of what is not read calls them."""


def _lacks(draft: Draft, name: DraftField, fields: Mapping[str, str]) -> bool:
    """Whether a figure that the size rests on is missing; the sd of a share follows from its baseline."""
    if name is F.SD and fields.get(F.KIND) == "proportion":
        return False
    return str(name) not in draft.data["primary"]


def _completed(draft: Draft) -> dict[str, Any]:
    """The parts that decide the size, with stand-ins for all that does not."""
    data = {
        key: value for key, value in draft.data.items() if key in ("power", "alpha", "allocation", "traffic")
    }
    primary = {**draft.data["primary"], "metric": "primary"}
    kind = next(iter(draft.data["metrics"].values()))["kind"]
    looks = draft.data["sequential"]["looks"]
    start = draft.data.get("data", {}).get("start")
    return data | {
        "id": "draft",
        "arms": {"control": "control", "treatment": "treatment"},
        "horizon_days": draft.data.get("horizon_days", looks[-1] if looks else 1),
        "data": {"source": "draft", "table": "draft", **({"start": start.isoformat()} if start else {})},
        "metrics": {"primary": {"kind": kind, **({"q": 0.5} if kind == "quantile" else {})}},
        "primary": primary,
        "sequential": draft.data["sequential"],
    }


def _reason(error: Exception) -> str:
    """Why a draft makes no sense yet, in the linter's words where pydantic found it."""
    if isinstance(error, ValidationError):
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        return text.escape(f"{where}: {first['msg'].lower()}", 300)
    return text.escape(str(error), 300)


def _plainly(finding: Finding) -> str:
    """A finding without file and line: it stands under its field."""
    return f"{finding.message} {finding.hint}".strip()


def _joined(said: list[str]) -> str:
    more = f" (and {len(said) - _SHOWN} more)" if len(said) > _SHOWN else ""
    return text.cut(" ".join(said[:_SHOWN]) + more, 600)


def _bare(fields: Mapping[str, str]) -> dict[str, str]:
    """The fields by their own names, without the prefix of the action ids."""
    return {name.removeprefix(views.PREFIX): value for name, value in fields.items() if value}
