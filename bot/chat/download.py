"""Reads a file that somebody attached: from Slack's own hosts only, bounded in size and time."""

from urllib.parse import urlsplit

import httpx

from bot.errors import InputError, SourceError

MAX_BYTES = 262_144
"""A registration is some kilobytes; the reader of YAML refuses more than this."""
SECONDS = 10.0


def download(url: str, *, token: str, api_url: str) -> str:
    """Return the text of the file at `url` (Slack's url_private).

    Raises:
        InputError: it is not one of Slack's addresses, is too large, or is not UTF-8 text.
        SourceError: Slack could not be reached or did not give it.

    """
    if not slacks(url, api_url):
        raise InputError("The file is not kept by Slack.", "Attach the YAML file itself, not a link to it.")
    body = content(url, token=token, most=MAX_BYTES)
    if body is None:
        raise InputError(f"The file is larger than {MAX_BYTES} bytes.", "Attach only the YAML.")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        raise InputError(
            "The file is not UTF-8 text.", "Save the YAML as UTF-8 and attach it again."
        ) from None


def content(url: str, *, token: str, most: int) -> bytes | None:
    """Return what is at `url`, which must be one of Slack's; None when it is more than `most` bytes.

    Raises SourceError when Slack could not be reached or did not give it.
    """
    body = bytearray()
    try:
        with httpx.stream(
            "GET", url, headers={"Authorization": f"Bearer {token}"}, timeout=SECONDS
        ) as response:
            if response.status_code != httpx.codes.OK:
                raise SourceError(f"Slack answered {response.status_code} for the attached file")
            for part in response.iter_bytes():
                body += part
                if len(body) > most:
                    return None
    except httpx.HTTPError as error:
        raise SourceError(f"the attached file could not be read: {type(error).__name__}") from None
    return bytes(body)


def slacks(url: str, api_url: str) -> bool:
    """Whether the token may be sent there: to the API's own host, or over HTTPS to one of slack.com."""
    asked, api = urlsplit(url), urlsplit(api_url)
    if asked.netloc == api.netloc:
        return asked.scheme == api.scheme
    return asked.scheme == "https" and (asked.hostname or "").endswith(".slack.com")
