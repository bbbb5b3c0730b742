"""What can be pressed on an incident's dashboard."""

from enum import StrEnum


class DashboardAction(StrEnum):
    """Action ids; their value is `incident_button`'s."""

    REFRESH = "incident.refresh"
    QUERIES = "incident.queries"
