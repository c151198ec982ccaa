"""The Python SDK: `python python.py MODE COMMAND ARGS...` prints what a client of it sees."""

import asyncio
import json
import os
import sys

from mcp import Client, StdioServerParameters


async def told(ask):
    try:
        return (await ask).model_dump(mode="json", by_alias=True)
    except Exception as error:  # whatever it is, both runs must see the same
        return {"refused": type(error).__name__, "message": str(error)}


async def look():
    mode, command, *args = sys.argv[1:]
    parameters = StdioServerParameters(command=command, args=args, env=dict(os.environ))
    call = json.loads(os.environ["PEER_CALL"])
    seen = {}
    async with Client(parameters, mode=mode, cache=None) as client:
        seen["server"] = repr(client.server_info)
        seen["instructions"] = client.instructions
        seen["tools"] = await told(client.list_tools())
        seen["prompts"] = await told(client.list_prompts())
        seen["resources"] = await told(client.list_resources())
        seen["templates"] = await told(client.list_resource_templates())
        seen["call"] = await told(client.call_tool(call["name"], call["arguments"]))
        seen["again"] = await told(client.call_tool(call["name"], call["arguments"]))
        if "prompt" in call:
            seen["prompt"] = await told(client.get_prompt(call["prompt"], {"a": "1"}))
        if "uri" in call:
            seen["resource"] = await told(client.read_resource(call["uri"]))
        seen["unknown"] = await told(client.call_tool("no_such_tool", {}))
    print(json.dumps(seen))


asyncio.run(look())
