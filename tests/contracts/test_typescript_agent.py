"""The agent of examples/typescript publishes what enqueue accepts. `TYPESCRIPT_AGENT` is a folder in which it is built."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from orchestrator.ids import time_of
from orchestrator.messages import Lane, Message, parse_request
from orchestrator_local.queues import CREDENTIALS, sqs_endpoint
from orchestrator_local.stack import PUBLISHER_VARIABLES

FOLDER = os.environ.get("TYPESCRIPT_AGENT")


@pytest.mark.skipif(FOLDER is None, reason="set TYPESCRIPT_AGENT to a folder in which examples/typescript is built")
def test_what_it_publishes_is_accepted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    with sqs_endpoint(tmp_path / "sqs.log") as address:
        sqs = boto3.client("sqs", endpoint_url=address)
        url = sqs.create_queue(QueueName="enqueue")["QueueUrl"]
        # As `make local` prints them.
        reach = {**CREDENTIALS, "ENQUEUE_QUEUE_URL": url, "AWS_ENDPOINT_URL_SQS": address}
        done = subprocess.run(
            ["node", "dist/agent.js"],
            cwd=Path(FOLDER or "."),
            env={"PATH": os.environ["PATH"], **{name: reach[name] for name in PUBLISHER_VARIABLES if name in reach}},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        (received,) = sqs.receive_message(QueueUrl=url)["Messages"]
    message = parse_request(received["Body"])
    assert isinstance(message, Message)
    assert done.stdout == f"Message queued: {message.message_id}\n"
    assert (message.user_id, message.agent_id) == ("user_123", "solution_saga_workflow_456")
    assert (message.priority, message.can_delay, message.requires_fresh_context) == (Lane.HIGH, True, True)
    assert message.message_data["findings"] == {
        "matchedInnovators": [{"name": "Acme Corp", "reason": "Enterprise CRM"}]
    }
    assert message.message_id is not None
    made_at = time_of(message.message_id)
    assert made_at is not None, "its id is of version 7"
    assert abs(datetime.now(UTC) - made_at) < timedelta(minutes=1)
