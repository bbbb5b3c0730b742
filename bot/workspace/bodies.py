"""Reading request bodies no further than a limit."""

from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request


async def body_of(request: Request, largest: int) -> bytes:
    """The request's body; HTTPException 413 beyond `largest` bytes, however they come."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise HTTPException(413, "too large")
    return bytes(body)


async def parts_of(request: Request, largest: int) -> dict[str, str | bytes]:
    """The parts of a multipart body of at most `largest` bytes: fields as text, files as bytes.

    HTTPException 400 if it is not one.
    """
    body = await body_of(request, largest)

    async def again() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async with Request(request.scope, again).form(max_part_size=largest) as form:
        return {name: value if isinstance(value, str) else await value.read() for name, value in form.items()}
