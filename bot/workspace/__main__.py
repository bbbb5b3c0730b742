"""`python -m bot.workspace`: the local Slack, until it is interrupted."""

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bot.workspace.installation import APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from bot.workspace.server import LocalWorkspace


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the workspace; 0 when interrupted, 2 if it cannot start."""
    parser = argparse.ArgumentParser(
        prog="python -m bot.workspace", description="A local stand-in for Slack."
    )
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address")
    parser.add_argument("--port", type=int, default=8990, help="0 takes a free one")
    parser.add_argument("--clock-file", type=Path, help="receives the clock's offset in seconds")
    parser.add_argument("--manifest", type=Path, help="an app manifest, JSON")
    parser.add_argument("--request-url", default="", help="deliver by HTTP to this URL, not Socket Mode")
    parser.add_argument("--signing-secret", default=SIGNING_SECRET)
    chosen = parser.parse_args(arguments)
    try:
        local = LocalWorkspace(
            chosen.host,
            chosen.port,
            manifest=_manifest(chosen.manifest),
            clock_file=chosen.clock_file,
            mode="http" if chosen.request_url else "socket",
            request_url=chosen.request_url,
            signing_secret=chosen.signing_secret,
        )
        with contextlib.suppress(KeyboardInterrupt):
            asyncio.run(_serve(local))
    except (OSError, ValueError) as error:
        print(f"The workspace cannot start: {error}", file=sys.stderr)  # noqa: T201 - this is a command
        return 2
    return 0


async def _serve(local: LocalWorkspace) -> None:
    async with local:
        lines = (
            f"The workspace is at {local.url}",
            f"SLACK_BOT_TOKEN={BOT_TOKEN} SLACK_APP_TOKEN={APP_TOKEN} LOOKOUT_SLACK_API_URL={local.api_url}",
        )
        print("\n".join(lines), flush=True)  # noqa: T201 - this is a command
        await asyncio.Event().wait()


def _manifest(path: Path | None) -> dict[str, Any] | None:
    if path is None:
        return None
    manifest = json.loads(path.read_text())
    if not isinstance(manifest, dict):
        raise ValueError(f"{path} is not an app manifest")
    return manifest


if __name__ == "__main__":
    sys.exit(main())
