"""Who is who in the demo's stories; lookout.toml gives them these roles."""

from typing import Final

ENGINEER: Final = "U0ENG"
"""Yuki: engineer; signs as applied_ml."""

SCIENTIST: Final = "U0DS"
"""Ravi: engineer; writes the registrations."""

PM: Final = "U0PM"
"""Maria: owner; signs as pm."""

MANAGER: Final = "U0EM"
"""Tom: approver and admin; signs as em."""

DIRECTOR: Final = "U0DIR"
"""Grace: director."""
