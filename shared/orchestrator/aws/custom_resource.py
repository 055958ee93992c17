"""The database's part in a deploy: a custom resource of the stack, for which CloudFormation waits."""

import json
from collections.abc import Callable, Mapping
from typing import Any

# CloudFormation refuses an answer of more than 4 KB.
LONGEST_REASON = 1_000
ANSWER_SECONDS = 10.0
# The schema is one thing that is never replaced: another id would make CloudFormation delete the former one.
PHYSICAL_ID = "message-orchestrator-schema"


class NotAnswered(Exception):
    """CloudFormation did not take the answer, and waits until its own timeout."""


def is_request(event: Mapping[str, Any]) -> bool:
    """Whether CloudFormation asks, rather than a person who invokes the function."""
    return "ResponseURL" in event and "RequestType" in event


def fulfil(event: Mapping[str, Any], bring_up_to_date: Callable[[], list[str]]) -> list[str]:
    """Bring the database up to date for CloudFormation, and tell it how that went.

    A failure rolls the deploy back. A stack that is deleted leaves its database alone.

    Returns:
        The migrations applied.

    Raises:
        NotAnswered: CloudFormation could not be told.
    """
    if event["RequestType"] == "Delete":
        _answer(event, "SUCCESS", "The database stays as it is.", [])
        return []
    try:
        applied = bring_up_to_date()
    except Exception as error:  # noqa: BLE001  (whatever it is, CloudFormation must not wait an hour to hear of it)
        _answer(event, "FAILED", _reason(error), [])
        return []
    _answer(event, "SUCCESS", f"{len(applied)} migrations applied.", applied)
    return applied


def _reason(error: Exception) -> str:
    """What an operator reads among the stack's events: the first line, since what follows may quote a row (G10)."""
    first, _, _ = str(error).strip().partition("\n")
    return f"{type(error).__name__}: {first}"[:LONGEST_REASON]


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
            headers={"Content-Type": ""},  # the address is signed without one
            timeout=ANSWER_SECONDS,
            retries=urllib3.Retry(3, backoff_factor=0.5, status_forcelist=[500, 502, 503], allowed_methods=None),
        )
    except urllib3.exceptions.HTTPError as error:
        raise NotAnswered(type(error).__name__) from None  # the address in its text is a key to our stack
    if answer.status >= 300:
        raise NotAnswered(f"HTTP {answer.status}")
