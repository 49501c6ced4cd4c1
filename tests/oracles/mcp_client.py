"""Drives a server by the official Python client of the Model Context Protocol.

The first argument is the client's mode: `auto`, `legacy` or a protocol version. Reads {url, key, steps}, each step a call
{name, arguments} or null for the list of tools; prints one line of JSON for the connection and one for each step.
"""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


def told(value):
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


async def main():
    asked = json.load(sys.stdin)
    headers = {"authorization": f"Bearer {asked['key']}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(asked["url"], http_client=http)
        async with Client(transport, mode=sys.argv[1]) as client:
            print(json.dumps({"protocol": client.protocol_version, "server": getattr(client.server_info, "name", None)}))
            for step in asked["steps"]:
                if step is None:
                    print(json.dumps(told(await client.list_tools())))
                else:
                    print(json.dumps(told(await client.call_tool(step["name"], step["arguments"]))))


asyncio.run(main())
