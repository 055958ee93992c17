"""The command `mcp`: serves the tools of `orchestrator.tools` to a model, over stdio or streamable HTTP on loopback."""

import asyncio
import importlib.metadata
from typing import TYPE_CHECKING, Annotated, Any

import typer
from pydantic import ValidationError

from orchestrator.tool_values import INSTRUCTIONS, schema_of
from orchestrator.tools import Tool, Toolbox, ToolSettings
from orchestrator_cli.extras import require_extra
from orchestrator_cli.target import on_target

if TYPE_CHECKING:
    from mcp.server import Server

# Where streamable HTTP is served. Only programs of this machine reach it, and only under these names: the `mcp` package
# then refuses another Host (421) and an Origin of another site (403), as a page in a browser would send them.
HOST, PATH = "127.0.0.1", "/mcp"


@on_target
def mcp(
    agent_id: Annotated[
        str, typer.Option(envvar="AGENT_ID", help="The agent that the model speaks for. The model cannot choose it.")
    ],
    urgent: Annotated[
        bool, typer.Option("--urgent", envvar="OFFER_URGENT", help="Offer the model the priority `urgent`.")
    ] = False,
    http: Annotated[bool, typer.Option("--http", help="Serve streamable HTTP on 127.0.0.1 instead of stdio.")] = False,
    port: Annotated[int, typer.Option(help="The port of --http.", min=1, max=65_535)] = 8765,
) -> None:
    """Serve the tools of an agent over the Model Context Protocol until the client, or Ctrl-C, ends it."""
    try:
        settings = ToolSettings(agent_id=agent_id, offer_urgent=urgent)
    except ValidationError:
        raise typer.BadParameter("The id of an agent is 1 to 100 characters of printable ASCII.") from None
    with require_extra("mcp", "mcp"):
        server = make_server(Toolbox(settings))
        from mcp.server.stdio import stdio_server

    async def serve_stdio() -> None:
        async with stdio_server() as (receive, send):
            await server.run(receive, send, server.create_initialization_options())

    if not http:
        asyncio.run(serve_stdio())
        return
    import uvicorn

    uvicorn.run(
        server.streamable_http_app(streamable_http_path=PATH, host=HOST), host=HOST, port=port, log_level="warning"
    )


def make_server(toolbox: Toolbox) -> "Server[dict[str, Any]]":
    """A server of these tools. Each call runs in a thread, so that one that waits delays no other."""
    from mcp.server import Server, ServerRequestContext
    from mcp.shared.exceptions import MCPError
    from mcp_types import (
        INVALID_PARAMS,
        CallToolRequestParams,
        CallToolResult,
        ListToolsResult,
        PaginatedRequestParams,
        TextContent,
    )

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_definition_of(tool) for tool in toolbox.tools.values()])

    async def call_tool(_: ServerRequestContext[Any], params: CallToolRequestParams) -> CallToolResult:
        if params.name not in toolbox.tools:
            raise MCPError(INVALID_PARAMS, f"Unknown tool. The tools are: {', '.join(toolbox.tools)}")
        result = await asyncio.to_thread(toolbox.run, params.name, params.arguments or {})
        structured = None if result.outcome is None else result.outcome.model_dump(mode="json", exclude_none=True)
        return CallToolResult(
            content=[TextContent(text=result.text)], structured_content=structured, is_error=result.is_error
        )

    return Server(
        "message-orchestrator",
        version=importlib.metadata.version("message-orchestrator"),
        title="Message Orchestrator",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _definition_of(tool: Tool) -> Any:
    from mcp_types import Tool as Definition
    from mcp_types import ToolAnnotations

    return Definition(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=schema_of(tool.arguments),
        output_schema=schema_of(tool.result),
        annotations=ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.reads_only,
            destructive_hint=tool.destroys,
            idempotent_hint=tool.repeats,
            open_world_hint=not tool.reads_only,
        ),
    )
