"""Runs the functions that `sam build` built, under AWS's runtime client, with imports only from the layers.

`python -m tests.infrastructure.built BUILD RUNTIME`. BUILD is the folder of a build for this machine's Python and
architecture. RUNTIME is a folder with awslambdaric, which Lambda provides.
"""

import json
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from orchestrator import MessageOrchestrator
from orchestrator.settings import PublisherSettings
from orchestrator.store.database import connect
from orchestrator.store.people import add_user
from orchestrator_local.runtime import Runtime
from orchestrator_local.services import Services
from orchestrator_local.stack import Stack, local_stack
from orchestrator_local.template import ROOT

PHONE = "+12125550101"
START = datetime(2026, 3, 3, 15, 0, tzinfo=UTC)  # 10:00 in New York
TIMEOUT_SECONDS = 60


def main(build: Path, runtime_client: Path) -> None:
    """Invoke every function with its sample event, then deliver a message and receive a STOP."""
    layers = tuple((build / layer / "python").resolve() for layer in ("DependenciesLayer", "SharedLayer"))
    # `-S` leaves out site-packages: imports come from the standard library, the runtime client and the layers.
    python = str(Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}")
    runtime = Runtime((python, "-S"), (runtime_client.resolve(), *layers))
    with (
        tempfile.TemporaryDirectory() as folder,
        local_stack(Path(folder), Services(), fresh=True, start_at=START, runtime=runtime) as stack,
    ):
        _add_ada(stack)
        for name in stack.functions:
            event = json.loads((ROOT / "events" / f"{name}.json").read_text())
            answer = stack.invoke(name, event)
            assert not answer.get("batchItemFailures"), f"{name} reports failures: {answer}"
        _send_and_opt_out(stack)
        for name, process in stack.functions.items():
            print(f"{name}: ready in {process.init_seconds:.2f} s, at most {process.most_memory_mb:.0f} MB")
    print("1 passed, 0 failed")


def _add_ada(stack: Stack) -> None:
    columns = {"phone_number": PHONE, "first_name": "Ada", "timezone": "America/New_York", "external_id": "user_123"}
    with connect(stack.database_url) as connection:
        add_user(connection, columns, stack.clock())


def _send_and_opt_out(stack: Stack) -> None:
    import os

    os.environ.update({name: value for name, value in stack.environment.items() if name.startswith("AWS_")})
    client = MessageOrchestrator(PublisherSettings(enqueue_queue_url=stack.environment["ENQUEUE_QUEUE_URL"]))
    client.queue_message(
        user_id="user_123",
        agent_id="solution_saga",
        message_data={"type": "solution_update", "findings": {"matched": [{"name": "Acme Corp"}]}},
        priority="urgent",
        can_delay=False,
    )
    _wait_until(
        lambda: any("Acme Corp" in text.body for text in stack.phones.texts), "the text that Claude wrote arrives"
    )
    stack.write(PHONE, "STOP")
    with connect(stack.database_url) as connection:
        _wait_until(
            lambda: connection.execute("SELECT 1 FROM orchestrator.opt_outs").fetchone() is not None,
            "the opt-out is recorded",
        )


def _wait_until(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what}: not within {TIMEOUT_SECONDS} s"
        time.sleep(0.05)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
