"""A real MCP client, the `mcp` package, against the binary in each of its modes.

Usage: legacy_auto_modern.py BINARY AWS_ENDPOINT_URL

The modes: "legacy" (the initialize handshake), "auto" (server/discover first), "2026-07-28" (no handshake). The client
checks each message against the protocol's own types, and each structured result against the tool's output schema.
Prints one JSON line per mode; exit 1 when any of them failed.
"""

import asyncio
import json
import sys
import traceback

from mcp import Client, MCPError, StdioServerParameters

MODES = {"legacy": "2025-11-25", "auto": "2026-07-28", "2026-07-28": "2026-07-28"}

TOOLS = {
    "aws_get_account_info",
    "aws_get_credentials",
    "aws_list_profiles",
    "aws_server_status",
    "aws_set_environment",
    "aws_validate_credentials",
    "ec2_describe_instance",
    "ec2_list_instances",
    "ec2_start_instance",
    "ec2_stop_instance",
}

INVALID_PARAMS = -32602


class Fault(Exception):
    """The server is not as it should be."""


def expect(holds: bool, words: str) -> None:
    if not holds:
        raise Fault(words)


async def all_tools(client: Client) -> list:
    """Every tool, over all pages."""
    tools, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        tools += page.tools
        cursor = page.next_cursor
        if cursor is None:
            return tools


def check_tool(tool) -> None:
    """The tool tells a client what it does and what it returns."""
    expect(bool(tool.description), f"{tool.name}: no description")
    expect(tool.input_schema.get("type") == "object", f"{tool.name}: its input is no object")
    expect(tool.output_schema is not None, f"{tool.name}: no output schema")
    hints = tool.annotations
    expect(hints is not None, f"{tool.name}: no annotations")
    expect(hints.read_only_hint is not None, f"{tool.name}: no readOnlyHint")
    expect(hints.destructive_hint is not None, f"{tool.name}: no destructiveHint")
    expect(
        hints.destructive_hint is not hints.read_only_hint,
        f"{tool.name}: readOnlyHint and destructiveHint do not exclude each other",
    )


async def call(client: Client, tool: str, arguments: dict) -> dict:
    """A call that must succeed. Returns its structured content, which must equal the text."""
    result = await client.call_tool(tool, arguments)
    expect(not result.is_error, f"{tool}: {result.content}")
    expect(result.structured_content is not None, f"{tool}: no structured content")
    expect(len(result.content) == 1, f"{tool}: {len(result.content)} blocks of content")
    expect(
        json.loads(result.content[0].text) == result.structured_content,
        f"{tool}: text and structured content differ",
    )
    return result.structured_content


async def check_unknown_tool(client: Client) -> None:
    """An unknown tool is an error of the protocol, not a result."""
    try:
        result = await client.call_tool("no_such_tool", {})
    except MCPError as error:
        expect(error.code == INVALID_PARAMS, f"unknown tool: code {error.code}")
        expect("no_such_tool" in error.message, f"unknown tool: the message does not name it: {error.message}")
        return
    raise Fault(f"unknown tool: a result instead of an error: {result}")


async def check_bad_arguments(client: Client) -> None:
    """Bad arguments are a result that the model can read and act on."""
    result = await client.call_tool("ec2_list_instances", {"limit": "many"})
    expect(result.is_error, "bad arguments were accepted")
    said = json.loads(result.content[0].text)
    expect(said["error"] == "validation_error", f"bad arguments: {said}")


async def try_mode(mode: str, server: StdioServerParameters) -> dict:
    """One session in `mode`. Returns what is worth reading."""
    async with Client(server, mode=mode, read_timeout_seconds=60) as client:
        expect(
            client.protocol_version == MODES[mode],
            f"{client.protocol_version} was negotiated instead of {MODES[mode]}",
        )
        tools = await all_tools(client)
        for tool in tools:
            check_tool(tool)
        missing = TOOLS - {tool.name for tool in tools}
        expect(not missing, f"not listed: {sorted(missing)}")
        await call(client, "aws_server_status", {})
        await call(client, "ec2_list_instances", {})
        await call(client, "aws_get_account_info", {})
        await check_unknown_tool(client)
        await check_bad_arguments(client)
        # The session must have survived all that.
        await call(client, "aws_server_status", {})
        return {"protocol": client.protocol_version, "tools": len(tools)}


def main() -> int:
    binary, endpoint = sys.argv[1:]
    server = StdioServerParameters(
        command=binary,
        args=[],
        env={
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "not-a-real-secret-key-0123456789abcdefgh",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": endpoint,
        },
    )
    failed = False
    for mode in MODES:
        try:
            line = {"mode": mode, "ok": True, **asyncio.run(asyncio.wait_for(try_mode(mode, server), 180))}
        except Exception as error:  # one mode's failure must not hide the others
            traceback.print_exception(error)
            line = {"mode": mode, "ok": False, "error": str(error)}
            failed = True
        print(json.dumps(line), flush=True)
    return 1 if failed else 0


sys.exit(main())
