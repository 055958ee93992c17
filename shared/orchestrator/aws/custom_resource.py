"""The custom resource by which CloudFormation migrates the database during a deploy."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from orchestrator.errors import OrchestratorError

# CloudFormation takes answers of up to 4 KB.
LONGEST_REASON = 1_000
ANSWER_SECONDS = 10.0
# Never change it: CloudFormation deletes a resource whose physical id changes.
PHYSICAL_ID = "message-orchestrator-schema"


class NotAnswered(OrchestratorError):
    """CloudFormation did not take the answer; it waits until its own timeout."""


def is_request(event: Mapping[str, Any]) -> bool:
    """Whether CloudFormation invoked the function, not an operator."""
    return "ResponseURL" in event and "RequestType" in event


def fulfil(event: Mapping[str, Any], migrate: Callable[[], list[str]], report: Callable[[Exception], str]) -> list[str]:
    """Migrate the database for CloudFormation and answer with the result.

    A failure rolls the deploy back. Deleting the stack leaves the database unchanged.

    Args:
        migrate: applies the pending migrations and returns their names.
        report: logs a failure, and returns what the events of the stack may show of it.

    Returns:
        The migrations applied.

    Raises:
        NotAnswered: CloudFormation did not take the answer.
    """
    if event["RequestType"] == "Delete":
        _answer(event, "SUCCESS", "The database stays as it is.", [])
        return []
    try:
        applied = migrate()
    except Exception as error:  # noqa: BLE001  (CloudFormation waits an hour for an answer that does not come)
        _answer(event, "FAILED", report(error)[:LONGEST_REASON], [])
        return []
    _answer(event, "SUCCESS", f"{len(applied)} migrations applied.", applied)
    return applied


def _answer(event: Mapping[str, Any], status: str, reason: str, applied: list[str]) -> None:
    import urllib3

    content = {
        "Status": status,
        "Reason": reason,
        "PhysicalResourceId": event.get("PhysicalResourceId") or PHYSICAL_ID,
        "StackId": event["StackId"],
        "RequestId": event["RequestId"],
        "LogicalResourceId": event["LogicalResourceId"],
        "Data": {"Applied": len(applied)},
    }
    try:
        answer = urllib3.request(
            "PUT",
            event["ResponseURL"],
            body=json.dumps(content).encode(),
            headers={"Content-Type": ""},  # the address is signed without a content type
            timeout=ANSWER_SECONDS,
            retries=urllib3.Retry(3, backoff_factor=0.5, status_forcelist=[500, 502, 503], allowed_methods=None),
        )
    except urllib3.exceptions.HTTPError as error:
        raise NotAnswered(
            type(error).__name__
        ) from None  # its text holds the address, which grants access to the stack
    if answer.status >= 300:
        raise NotAnswered(f"HTTP {answer.status}")
