"""What Lookout is compared with: slack-bolt that acknowledges every command and does nothing else.

Run by ack.py with the port as argument; over Socket Mode where SLACK_APP_TOKEN is set, else over HTTP.
"""

import asyncio
import os
import re
import sys

import uvicorn
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.adapter.starlette.async_handler import AsyncSlackRequestHandler
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_sdk.web.async_client import AsyncWebClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


async def main(port: int) -> None:
    client = AsyncWebClient("xoxb-local", base_url=os.environ["LOOKOUT_SLACK_API_URL"])
    app = AsyncApp(
        client=client, signing_secret=os.environ.get("SLACK_SIGNING_SECRET"), process_before_response=True
    )

    @app.command(re.compile(".*"))
    async def acknowledge(ack: AsyncAck) -> None:
        await ack()

    handler = AsyncSlackRequestHandler(app)

    async def slack(request: Request) -> Response:
        return await handler.handle(request)

    async def ready(_request: Request) -> Response:
        return PlainTextResponse("ready")

    if token := os.environ.get("SLACK_APP_TOKEN"):
        for _ in range(2):
            await AsyncSocketModeHandler(app, token, web_client=client).connect_async()
    routes = [Route("/slack/events", slack, methods=["POST"]), Route("/readyz", ready)]
    config = uvicorn.Config(Starlette(routes=routes), port=port, log_config=None, lifespan="off")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
