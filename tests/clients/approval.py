"""A real MCP client, the `mcp` package, that starts an instance, and a person at it who does as told.

Usage: approval.py BINARY AWS_ENDPOINT_URL SECRET_KEY MODE HOW

Prints one JSON line: the call's `status`, and how many `forms` were shown.
"""

import asyncio
import json
import os
import re
import sys

from mcp import Client, StdioServerParameters
from mcp.types import ElicitResult

CODE = re.compile(r"type the code ([A-Z2-9]{6})\.")

forms = 0


def answer(how: str, code: str) -> ElicitResult:
    match how:
        case "types_the_code":
            return ElicitResult(action="accept", content={"code": code})
        case "accepts_bare":
            return ElicitResult(action="accept")
        case "accepts_empty":
            return ElicitResult(action="accept", content={"code": ""})
        case "accepts_wrong":
            return ElicitResult(action="accept", content={"code": "yes"})
        case "declines":
            return ElicitResult(action="decline")
        case "cancels":
            return ElicitResult(action="cancel")
    raise ValueError(how)


async def main() -> None:
    binary, endpoint, secret, mode, how = sys.argv[1:]

    async def shown(context, params) -> ElicitResult:
        global forms
        forms += 1
        if how == "never_answers":
            await asyncio.Event().wait()
        return answer(how, CODE.search(params.message).group(1))

    server = StdioServerParameters(
        command=binary,
        args=[],
        env={
            "HOME": os.environ["HOME"],
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": secret,
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        },
    )
    callback = None if how == "shows_nothing" else shown
    async with Client(server, mode=mode, read_timeout_seconds=60, elicitation_callback=callback) as client:
        result = await client.call_tool("ec2_start_instance", {"instance_id": "i-0123456789abcdef0"})
        told = result.structured_content
        print(json.dumps({"status": told["status"], "forms": forms, "error": told.get("error")}), flush=True)


asyncio.run(asyncio.wait_for(main(), 60))
