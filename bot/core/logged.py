"""What a harness computes from: a log and the policy asked about, graded rankings, clicks."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.stats.ranking import Gain, Metric

TABULAR = "tabular"
"""The reward model that is made from the log: the mean of each cell and action."""


@dataclass(frozen=True)
class Rows:
    """Rows somewhere: a table of `source`, one SELECT of it, or files below a folder; "" for what is not."""

    source: str = ""
    table: str = ""
    sql: str = ""
    path: str = ""

    @property
    def name(self) -> str:
        """What to call it: its path, its table's name, or "the query"."""
        return self.path or self.table or "the query"


@dataclass(frozen=True)
class Written:
    """The log has a column with the probability that the target policy would have done the same."""

    column: str


@dataclass(frozen=True)
class Chosen:
    """The log has a column with what the target policy, which leaves nothing to chance, would have shown."""

    column: str


@dataclass(frozen=True)
class Tabled:
    """A table of the target policy: a row per context and action with its probability."""

    rows: Rows
    action: str
    context: tuple[str, ...]
    probability: str


@dataclass(frozen=True)
class Counted:
    """The target policy's own log, whose shares by context are taken for its probabilities."""

    rows: Rows
    action: str
    context: tuple[str, ...]


Target: TypeAlias = Written | Chosen | Tabled | Counted


@dataclass(frozen=True)
class Modelled:
    """Columns with the modelled reward of what was shown, and its mean under the target policy."""

    action: str
    target: str


@dataclass(frozen=True)
class Clip:
    """The largest weight, or the smallest propensity, that is let through; 0 for any."""

    weight: float = 0.0
    propensity: float = 0.0


@dataclass(frozen=True)
class OwnLog:
    """Rows that the target policy left itself, with their reward: what the estimates should come to."""

    rows: Rows
    reward: str


@dataclass(frozen=True)
class Logged:
    """A log and the question what another policy would have earned.

    context: columns that the target policy and the model may look at. cluster: a column whose rows belong
    together, such as a session; "" where rows are independent. model: None for none.
    """

    rows: Rows
    reward: str
    propensity: str
    action: str
    target: Target
    context: tuple[str, ...] = ()
    cluster: str = ""
    device: str = ""
    clip: Clip = Clip()
    model: Modelled | Literal["tabular"] | None = None
    own_log: OwnLog | None = None


@dataclass(frozen=True)
class Clicks:
    """Clicks somewhere and the position, from 1, that was clicked: a row each, or `count` of them a row."""

    rows: Rows
    position: str
    device: str = ""
    count: str = ""


@dataclass(frozen=True)
class Ranking:
    """Graded results and the position that each ranking gives them, a row per query and result.

    control, treatment: columns of positions from 1, null where a result was not returned; treatment "" where
    one ranking is looked at. top: the highest grade there can be. weight: a column with how often a query is
    asked, the same on all its rows.
    """

    rows: Rows
    query: str
    grade: str
    control: str
    treatment: str = ""
    metrics: tuple[Metric, ...] = (Metric("ndcg", k=10),)
    top: float = 1.0
    gain: Gain = "exponential"
    device: str = ""
    weight: str = ""
    clicks: Clicks | None = None
