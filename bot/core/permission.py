"""Who may do what: each act, and the roles of which one is needed. What is not named here nobody may do."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Literal, TypeAlias

Role: TypeAlias = Literal["viewer", "engineer", "owner", "approver", "director", "admin"]


class Act(StrEnum):
    """What a person may want to do to a launch; the values complete "to …" in a refusal.

    Looking at what the plan allows and asking where things stand is for everybody. Signing goes by
    [signoffs], not by these roles.
    """

    ACKNOWLEDGE = "take on warnings"
    AMEND = "amend a registration"
    WITHDRAW = "withdraw an amendment"
    ROLL = "start, advance or resume a rollout"
    PAUSE = "pause a rollout"
    PEEK = "look before the plan's day"
    DECIDE = "decide on a launch"
    INVESTIGATE = "open an investigation"
    OVERRIDE = "request an override"
    APPROVE = "approve an override"
    SUPPLY = "supply a document"
    WAIVE = "waive a row of the readiness check"
    CONFIGURE = "change what Lookout posts"
    FRAME = "decide on a framing"


NEEDS: Mapping[Act, tuple[Role, ...]] = MappingProxyType(
    {
        Act.ACKNOWLEDGE: ("engineer", "owner", "approver"),
        Act.AMEND: ("engineer", "owner"),
        Act.WITHDRAW: ("engineer", "owner", "approver"),
        Act.ROLL: ("engineer", "owner"),
        Act.PAUSE: ("engineer", "owner", "approver", "director", "admin"),
        Act.PEEK: ("engineer", "owner"),
        Act.DECIDE: ("owner", "approver", "director"),
        Act.INVESTIGATE: ("engineer", "owner", "approver", "director"),
        Act.OVERRIDE: ("owner", "approver"),
        Act.APPROVE: ("director",),
        Act.SUPPLY: ("engineer", "owner", "approver"),
        Act.WAIVE: ("approver", "director"),
        Act.CONFIGURE: ("owner", "approver", "admin"),
        Act.FRAME: ("engineer", "owner", "approver", "director"),
    }
)
