"""A channel's id by its name, asked of Slack at once: for who waits for an answer."""

from typing import Any

import httpx

from bot.errors import SourceError

SECONDS = 5.0
_PAGES = 50
_PAGE = 200


def channel_named(name: str, *, token: str, api_url: str) -> str | None:
    """The id of the channel of that name (without its hash) that is not archived; None where there is none.

    Raises SourceError when Slack cannot be reached or will not say.
    """
    for kind in ("public_channel", "private_channel"):
        cursor = ""
        for _ in range(_PAGES):
            page = _page(kind, cursor, token, api_url)
            found = next((one for one in page.get("channels", ()) if one.get("name") == name), None)
            if found is not None:
                return str(found["id"])
            cursor = str((page.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                break
    return None


def _page(kind: str, cursor: str, token: str, api_url: str) -> dict[str, Any]:
    fields = {"types": kind, "limit": str(_PAGE), "exclude_archived": "true", "cursor": cursor}
    try:
        answer = httpx.post(
            f"{api_url}conversations.list",
            data=fields,
            headers={"Authorization": f"Bearer {token}"},
            timeout=SECONDS,
        )
        said: dict[str, Any] = answer.json()
    except (httpx.HTTPError, ValueError) as error:
        raise SourceError(f"conversations.list could not be asked: {type(error).__name__}") from None
    if said.get("ok") is True:
        return said
    reason = str(said.get("error", answer.status_code))
    if kind == "private_channel" and reason == "missing_scope":
        return {}
    raise SourceError(f"conversations.list answered {reason}")
