"""Who may use the page: a browser on this machine, from the page itself. And what its answers may do."""

from urllib.parse import SplitResult, urlsplit

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' https: http:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


def refusal(request: Request) -> Response | None:
    """Why this request is not served: a foreign Host (DNS rebinding), or a POST another site caused."""
    host = request.headers.get("host", "")
    if _parts(f"//{host}").hostname not in _LOOPBACK:
        return PlainTextResponse("The local workspace answers only as 127.0.0.1 or localhost.", 421)
    if request.method in ("GET", "HEAD"):
        return None
    if _parts(request.headers.get("origin", "")).netloc != host:
        return PlainTextResponse("Only the workspace's own page may do this.", 403)
    return None


def _parts(address: str) -> SplitResult:
    """An address taken apart; nothing in all its parts if it is none."""
    try:
        return urlsplit(address)
    except ValueError:
        return urlsplit("")
