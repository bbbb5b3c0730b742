"""What the workspace will not let a person do."""


class RefusedError(Exception):
    """Its text is for the person who tried."""
