"""The boto3 clients of a process, each made at its first use: boto3 takes 0.3 s to import."""

import threading
from functools import cache
from typing import TYPE_CHECKING, Any

from orchestrator.ids import publisher_of

if TYPE_CHECKING:
    from botocore.config import Config
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_sqs import SQSClient

# Clients may be shared by threads, and may not be made by several at once (boto3 documentation, "Multithreading").
_making = threading.Lock()


@cache
def sqs_client(region: str | None = None) -> "SQSClient":
    """The client of SQS in a region; in the configured one where none is named."""
    import boto3

    with _making:
        return boto3.client("sqs", region_name=region, config=_config(read_timeout=10, attempts=3))


@cache
def events_client() -> "EventBridgeClient":
    """The client of EventBridge."""
    import boto3

    return boto3.client("events", config=_config(read_timeout=5, attempts=2))


@cache
def lambda_client(region: str | None = None) -> Any:
    """The client of Lambda in a region, without types: one call is made; in the configured one where none is named."""
    import boto3

    with _making:
        return boto3.client("lambda", region_name=region, config=_config(read_timeout=5, attempts=2))


@cache
def secrets_client() -> Any:
    """The client of Secrets Manager, without types: one call is made."""
    import boto3

    return boto3.client("secretsmanager", config=_config(read_timeout=3, attempts=2))


@cache
def own_role_id() -> str:
    """The id of this function's role, as SQS names it before the colon of a `SenderId`.

    STS answers `GetCallerIdentity` without a permission (API reference of STS, GetCallerIdentity).
    """
    import boto3

    identity = boto3.client("sts", config=_config(read_timeout=5, attempts=2)).get_caller_identity()
    return publisher_of(str(identity["UserId"]))


def _config(read_timeout: int, attempts: int) -> "Config":
    """Timeouts in seconds, and the most attempts of one call, the first included."""
    from botocore.config import Config

    return Config(
        connect_timeout=3, read_timeout=read_timeout, retries={"mode": "standard", "total_max_attempts": attempts}
    )
