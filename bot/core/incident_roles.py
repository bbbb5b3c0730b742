"""The roles people take in an incident; each is one person's at a time."""

from enum import StrEnum


class Role(StrEnum):
    """A role, by the word that is typed."""

    COMMANDER = "commander"
    INVESTIGATOR = "investigator"
    SCRIBE = "scribe"
    COMMS = "comms"

    @property
    def does(self) -> str:
        """What the role is for."""
        return {
            "commander": "decides, and assembles the team",
            "investigator": "walks the tree",
            "scribe": "keeps the timeline",
            "comms": "writes the updates",
        }[self.value]
