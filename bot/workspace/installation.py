"""The app as it is installed in the workspace: its tokens, its secret, what it declared, where it listens."""

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import Final, Literal

from bot.workspace.manifest import Manifest

BOT_TOKEN: Final = "xoxb-local"  # noqa: S105 - opens nothing but a workspace on this machine
APP_TOKEN: Final = "xapp-local"  # noqa: S105 - the same
SIGNING_SECRET: Final = "local-signing-secret"  # noqa: S105 - the same
VERIFICATION_TOKEN: Final = "local-verification-token"  # noqa: S105 - deprecated by Slack, still sent

Mode = Literal["socket", "http"]


@dataclass
class Installation:
    """Which tokens are good (None: any of the right kind), and how payloads reach the app."""

    bot_token: str | None = None
    app_token: str | None = None
    signing_secret: str = SIGNING_SECRET
    mode: Mode = "socket"
    request_url: str = ""
    manifest: Manifest = field(default_factory=Manifest)

    def kind_of(self, token: str) -> Literal["bot", "app"] | None:
        """What a token is good for; None if it is not accepted."""
        for prefix, expected, kind in (
            ("xoxb-", self.bot_token, "bot"),
            ("xapp-", self.app_token, "app"),
        ):
            if token.startswith(prefix) and (expected is None or hmac.compare_digest(token, expected)):
                return "bot" if kind == "bot" else "app"
        return None

    def sign(self, timestamp: str, body: bytes) -> str:
        """Slack's v0 signature: HMAC-SHA256 over "v0:timestamp:body"."""
        base = b"v0:" + timestamp.encode() + b":" + body
        return "v0=" + hmac.new(self.signing_secret.encode(), base, hashlib.sha256).hexdigest()
