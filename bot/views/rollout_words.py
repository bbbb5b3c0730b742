"""A check of a rollout's conditions in words: what was measured, against which line, beyond by how much."""

from html import unescape

from bot.core.condition import Check, Reading, Status
from bot.core.figures import level, share, signed
from bot.views import text

_MARKS = {
    Status.OK: "✓ fine",
    Status.BREACHED: "✗ breached",
    Status.HELD: "⚠ holds",
    Status.UNKNOWN: "? unknown",
}
_FINE = {">": "≤", ">=": "<", "<": "≥", "<=": ">"}


def reading_line(reading: Reading) -> str:
    """One condition, as a line of a card."""
    return f"{_MARKS[reading.status]}: {sentence(reading)}"


def sentence(reading: Reading) -> str:
    """`p99_latency_ms 1,740 ms > 1,500 ms, 16 % beyond; locale=jp, the worst of 3 series`."""
    reason = text.escape(reading.reason, 300)
    if reading.measured is None or not reading.metric:
        condition = text.escape(reading.condition, 200)
        return f"{condition}: {reason}" if reason else condition
    parts = (compared(reading), text.escape(reading.where, 200), reason)
    return "; ".join(part for part in parts if part)


def bare(said: str) -> str:
    """Words without what Slack needs, for the ledger and for a title."""
    return unescape(said)


def compared(reading: Reading) -> str:
    """What was measured beside its line, and by how much it is beyond."""
    beyond = by_how_much(reading)
    return (
        f"{against(reading)}, {beyond}" if beyond and reading.status is Status.BREACHED else against(reading)
    )


def crossed(check: Check) -> str:
    """`p99_latency_ms 1,740 ms > 1,500 ms, 16 % beyond the line (and 1 more)`."""
    more = f" (and {len(check.breached) - 1} more)" if len(check.breached) > 1 else ""
    return compared(check.breached[0]) + more


def against(reading: Reading) -> str:
    """`p99_latency_ms 1,740 ms > 1,500 ms`."""
    op = {Status.BREACHED: reading.op, Status.UNKNOWN: "against"}.get(reading.status, _FINE[reading.op])
    said = f"{text.escape(reading.metric, 120)} {value(reading, reading.measured)} {_operator(op)}"
    return f"{said} {value(reading, reading.limit)}"


def by_how_much(reading: Reading) -> str:
    """`16 % beyond the line`; of a share in percentage points, since a share of a share says little."""
    if reading.measured is None:
        return ""
    if reading.unit == "%":
        return f"{abs(reading.measured - reading.limit) * 100:.2g} percentage points beyond the line"
    beyond = reading.beyond
    return "" if beyond is None else f"{share(abs(beyond), 0)} beyond the line"


def value(reading: Reading, number: float | None) -> str:
    """A number with its unit."""
    if number is None:
        return "unknown"
    if reading.unit == "%":
        return signed(number, _digits(number)) if reading.between else share(number, _digits(number))
    return f"{level(number)} {reading.unit}".rstrip()


def tally(check: Check) -> str:
    """`3 of 3 fine`, or how many are not; the lines below say which."""
    total = len(check.readings)
    if not total:
        return "no condition is declared for this stage"
    if check.breached:
        return f"{len(check.breached)} of {total} breached"
    if check.blocking:
        return f"{len(check.blocking)} of {total} {_blocks(check)}, so it is held"
    return f"{total} of {total} fine"


def _blocks(check: Check) -> str:
    return "unknown" if not check.of(Status.HELD) else "not fit to go on with"


def counted(check: Check) -> str:
    """`3 of 3 fine`, or what is wrong, where no lines follow."""
    total = len(check.readings)
    if not total:
        return "no condition is declared for this stage"
    if check.breached:
        return f"breached: {_first(check.breached)}"
    if check.blocking:
        return f"{_MARKS[check.blocking[0].status]}: {_first(check.blocking)}, so it is held"
    return f"{total} of {total} fine"


def _first(readings: tuple[Reading, ...]) -> str:
    more = f" (and {len(readings) - 1} more)" if len(readings) > 1 else ""
    return sentence(readings[0]) + more


def _digits(number: float) -> int:
    """Decimals in percent that tell 0.98 % from 1 %."""
    return 1 if abs(number) >= 0.1 else 2


def _operator(op: str) -> str:
    return op.replace("<", "&lt;").replace(">", "&gt;")
