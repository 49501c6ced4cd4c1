"""Drives a server by the official Python client of the Model Context Protocol.

The first argument is the client's mode: `auto`, `legacy` or a protocol version. Reads {url, key, steps}, each step a call
{name, arguments} or null for the list of tools; prints one line of JSON for the connection and one for each step. An
argument {"$from": [step, "path/to/it"]} stands for what that step has answered there, as an agent would take it over.
"""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client


def told(value):
    return value.model_dump(mode="json", by_alias=True, exclude_none=True)


def filled(value, answers):
    if isinstance(value, dict) and "$from" in value:
        step, path = value["$from"]
        node = answers[step]["structuredContent"]
        for part in path.split("/"):
            node = node[int(part)] if isinstance(node, list) else node[part]
        return node
    if isinstance(value, dict):
        return {name: filled(inner, answers) for name, inner in value.items()}
    return value


async def main():
    asked = json.load(sys.stdin)
    headers = {"authorization": f"Bearer {asked['key']}"}
    async with httpx2.AsyncClient(headers=headers) as http:
        transport = streamable_http_client(asked["url"], http_client=http)
        async with Client(transport, mode=sys.argv[1]) as client:
            print(json.dumps({"protocol": client.protocol_version, "server": getattr(client.server_info, "name", None)}))
            answers = []
            for step in asked["steps"]:
                if step is None:
                    answers.append(told(await client.list_tools()))
                else:
                    arguments = filled(step["arguments"], answers)
                    answers.append(told(await client.call_tool(step["name"], arguments)))
                print(json.dumps(answers[-1]))


asyncio.run(main())
