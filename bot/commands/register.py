"""`lookout register`: a repository's CI puts a registration on record in a running Lookout."""

import json as to_json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from bot.commands.registration_file import complain, text_of
from bot.core.finding import errors
from bot.core.lint import check_registration
from bot.errors import ConfigError, SourceError

TOKEN = "LOOKOUT_WEBHOOK_SECRET_REGISTER"  # noqa: S105 - the name of a variable, not a secret
URL = "LOOKOUT_URL"
SECONDS = 30.0


def run(
    environment: Mapping[str, str], file: Path, *, channel: str = "", url: str = "", json: bool = False
) -> int:
    """Check the file, then send it; 1 when it has errors or belongs to other content than is on record.

    Raises ConfigError where address or token are missing or refused, SourceError where Lookout does not
    answer.
    """
    where, token = _address(url or environment.get(URL, "")), environment.get(TOKEN, "")
    if not token:
        raise ConfigError(f"{TOKEN} is not set.", "Set it to what the running Lookout has.")
    text = text_of(file)
    _, findings = check_registration(text, str(file))
    if json and errors(findings):
        shown = {"ok": False, "file": str(file), "findings": [one.to_json() for one in findings]}
        print(to_json.dumps(shown, indent=2))
        return 1
    complain(findings)
    if errors(findings):
        return 1
    body = {"text": text, "name": file.name, **({"channel": channel} if channel else {})}
    by = environment.get("GITHUB_ACTOR") or environment.get("GITLAB_USER_LOGIN") or ""
    answer, status = _sent(f"{where}/registrations", {**body, **({"by": by} if by else {})}, token)
    shape = {"ok": status < 300, "file": str(file), "status": status, **answer}
    if json:
        print(to_json.dumps(shape, indent=2))
    else:
        _say(file, shape)
    return 0 if status < 300 else 1


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        said = f"{url!r} is not the address of a Lookout." if url else "The address of Lookout is not given."
        raise ConfigError(said, f"Set {URL} or give --url, e.g. https://lookout.example.com")
    return url.rstrip("/")


def _sent(url: str, body: Mapping[str, str], token: str) -> tuple[dict[str, Any], int]:
    """The answer and its status. Raises for everything that is about the way there, not about the file."""
    try:
        answer = httpx.post(
            url,
            json=body,
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
            follow_redirects=False,
        )
    except httpx.HTTPError as error:
        raise SourceError(
            f"{url} did not answer: {type(error).__name__}. Is `lookout serve` running?"
        ) from None
    try:
        said = answer.json()
    except ValueError:
        said = None
    if answer.status_code == httpx.codes.UNAUTHORIZED:
        raise ConfigError(f"{url} refuses the token.", f"{TOKEN} must be what the running Lookout has.")
    if not isinstance(said, dict) or answer.status_code not in (200, 202, 409, 422):
        reason = said.get("error", "") if isinstance(said, dict) else ""
        detail = f": {reason}" if reason else ""
        raise SourceError(f"{url} answered {answer.status_code}{detail}. Try again.")
    return said, answer.status_code


def _say(file: Path, shape: Mapping[str, Any]) -> None:
    name, hashed = shape.get("experiment", ""), str(shape.get("sha256", ""))[:12]
    if shape["status"] == httpx.codes.ACCEPTED:
        print(f"{file}: {name} was sent ({hashed}…). Its card comes into the channel; people sign there.")
    elif shape["ok"]:
        word = "already registered, unchanged" if shape.get("registered") else "sent already, on its way"
        print(f"{file}: {name} is {word} ({hashed}…).")
    else:
        for one in shape.get("findings", ()):
            print(
                f"{one['file']}:{one['line']}: {one['level']} {one['code']} {one['message']}", file=sys.stderr
            )
        print(f"{file}: {shape.get('error', 'refused')}. {shape.get('hint', '')}".rstrip(), file=sys.stderr)
