"""What can go wrong, as one tree.

LookoutError
├── UserError        a person can mend it: says what, which value, what next
│   ├── ConfigError  lookout.toml or the environment
│   ├── InputError   a registration, playbook or command that cannot be taken
│   ├── RefusedError who asks may not: says which role is needed and who holds it
│   └── StaleError   the thing was already done, or is no longer there
└── SourceError      evidence or data could not be had; becomes "unknown", never a number
"""


class LookoutError(Exception):
    """Root of everything Lookout raises on purpose."""


class UserError(LookoutError):
    """A person can mend this.

    `message` says what is wrong and which value; `hint` says what to do next.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class ConfigError(UserError):
    """lookout.toml or the environment cannot be used."""


class InputError(UserError):
    """A registration, a playbook or a command cannot be taken; nothing was written."""


class RefusedError(UserError):
    """Who asks may not do this; nothing was written."""


class StaleError(UserError):
    """The step, incident or experiment has moved on since the message was drawn."""


class SourceError(LookoutError):
    """A data source timed out, refused or answered nonsense; the text is the reason shown."""
