"""What is wrong with a payload, collected on the way through it, each with a JSON pointer."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard

Node: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True)
class Problem:
    """One thing Slack would refuse.

    `pointer` is a JSON pointer (RFC 6901) such as "/blocks/0/text/text"; `code` is one of missing_field,
    invalid_type, unsupported_type, failed_constraint, duplicate_value; `message` is Slack's sentence;
    `constraint` holds the rule's kind, the limit and what was found.
    """

    pointer: str
    code: str
    message: str
    constraint: Mapping[str, object]


class Report:
    """A place in the payload, and the list of problems that all places share."""

    def __init__(self, problems: list[Problem] | None = None, pointer: str = "") -> None:
        self.problems: list[Problem] = [] if problems is None else problems
        self._pointer = pointer

    def at(self, *steps: str | int) -> "Report":
        """The place further down."""
        tail = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
        return Report(self.problems, self._pointer + tail)

    def add(self, code: str, message: str, **constraint: object) -> None:
        """Something is wrong here."""
        self.problems.append(Problem(self._pointer, code, message, constraint))

    def mapping(self, value: object) -> TypeGuard[Node]:
        """Whether the value is an object; says so if not."""
        if isinstance(value, Mapping):
            return True
        self.add("invalid_type", "must provide an object", type="object", got=type(value).__name__)
        return False

    def string(self, value: object, *, most: int, least: int = 1) -> None:
        """A string of `least` to `most` characters."""
        if not isinstance(value, str):
            self.add("invalid_type", "must provide a string", type="string", got=type(value).__name__)
        elif len(value) > most:
            message = f"must be less than {most + 1} characters"
            self.add("failed_constraint", message, type="max_length", expected=most, got=len(value))
        elif len(value) < least:
            message = f"must be more than {least - 1} characters"
            self.add("failed_constraint", message, type="min_length", expected=least, got=len(value))

    def optional_string(self, node: Node, field: str, *, most: int, least: int = 1) -> None:
        """A field that may be absent."""
        if node.get(field) is not None:
            self.at(field).string(node[field], most=most, least=least)

    def required_string(self, node: Node, field: str, *, most: int) -> None:
        """A field that must be there and not empty."""
        if self.present(node, field):
            self.at(field).string(node[field], most=most)

    def present(self, node: Node, field: str) -> bool:
        """Whether a required field is there; says so if not."""
        if node.get(field) is not None:
            return True
        self.add("missing_field", f"missing required field: {field}", type="required", field=field)
        return False

    def choice(self, node: Node, field: str, allowed: Collection[str]) -> None:
        """An optional field that must be one of a few words."""
        value = node.get(field)
        if value is not None and value not in allowed:
            message = f"must be one of {', '.join(sorted(allowed))}"
            self.at(field).add(
                "failed_constraint", message, type="enum", expected=sorted(allowed), got=str(value)
            )

    def boolean(self, node: Node, field: str) -> None:
        """An optional field that must be true or false."""
        if node.get(field) is not None and not isinstance(node[field], bool):
            got = type(node[field]).__name__
            self.at(field).add("invalid_type", "must provide a boolean", type="boolean", got=got)

    def items(self, node: Node, field: str, *, most: int, least: int = 1) -> list[Any]:
        """A required list of `least` to `most` items; empty if it is not a list."""
        if not self.present(node, field):
            return []
        return self.at(field).sized(node[field], most=most, least=least)

    def sized(self, value: object, *, most: int, least: int = 1) -> list[Any]:
        """This value as a list of `least` to `most` items; empty if it is not a list."""
        if not isinstance(value, list | tuple):
            self.add("invalid_type", "must provide an array", type="array", got=type(value).__name__)
            return []
        if len(value) > most:
            message = f"no more than {most} items allowed"
            self.add("failed_constraint", message, type="max_items", expected=most, got=len(value))
        elif len(value) < least:
            message = f"no less than {least} items allowed"
            self.add("failed_constraint", message, type="min_items", expected=least, got=len(value))
        return list(value)

    def unsupported(self, kind: object) -> None:
        """A `type` that does not exist or does not belong here."""
        self.at("type").add("unsupported_type", f"unsupported type: {kind}", type="enum", got=str(kind))

    def kind(self, node: Node) -> str:
        """The node's `type`; empty, and said so, if it has none."""
        if not self.present(node, "type"):
            return ""
        if not isinstance(node["type"], str):
            self.at("type").add("invalid_type", "must provide a string", type="string")
            return ""
        return node["type"]
