"""`orchestrator mcp` as a process of its own, over stdio and over streamable HTTP, driven by the official client."""

import asyncio
import socket
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from mcp import Client, StdioServerParameters
from psycopg import Connection

from tests.end_to_end.test_local_stack import ENVIRONMENT

COMMAND = ["-m", "orchestrator_cli", "mcp", "--agent-id", "billing_1"]


def variables(database_url: str) -> dict[str, str]:
    aws = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1"}
    return {
        **ENVIRONMENT,
        **aws,
        "DATABASE_URL": database_url,
        "ENQUEUE_QUEUE_URL": "http://127.0.0.1:1/123456789012/q",
    }


def add_ada(connection: Connection) -> None:
    connection.execute(
        "INSERT INTO users (id, external_id, phone_number, timezone)"
        " VALUES (gen_random_uuid(), 'ada', '+12125550101', 'America/New_York')"
    )


async def ask_for_budget(server: StdioServerParameters | str) -> int:
    async with Client(server) as client:
        assert len((await client.list_tools()).tools) == 6
        result = await client.call_tool("person_budget", {"user_id": "ada"})
        assert not result.is_error, result.content
        left: int = result.structured_content["left_today"]
        return left


def test_a_client_starts_the_command_and_asks_over_stdio(
    connection: Connection, database_url: str, tmp_path: Path
) -> None:
    add_ada(connection)
    server = StdioServerParameters(command=sys.executable, args=COMMAND, env=variables(database_url), cwd=tmp_path)
    assert asyncio.run(ask_for_budget(server)) == 10


def test_a_client_asks_over_http_on_loopback(connection: Connection, database_url: str, tmp_path: Path) -> None:
    add_ada(connection)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/mcp"
    serving = subprocess.Popen(
        [sys.executable, *COMMAND, "--http", "--port", str(port)], cwd=tmp_path, env=variables(database_url)
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and serving.poll() is None:
            with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.1)
        assert asyncio.run(ask_for_budget(address)) == 10
    finally:
        serving.terminate()
        serving.wait(20)
