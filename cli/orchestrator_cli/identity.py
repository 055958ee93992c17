"""Names the operator who runs a command: for pauses, consents and the record of operators' actions."""

import getpass
import os

from orchestrator_cli.target import deployed_stack


def aws_user_id() -> str | None:
    """The AWS user id where the command acts on a deployed stack (`--stack`), as SQS names a sender; else None.

    No permission is needed to ask for it, and none can deny it (AWS STS, GetCallerIdentity).
    """
    if deployed_stack() is None:
        return None
    import boto3

    return str(boto3.client("sts").get_caller_identity()["UserId"])


def operator_name() -> str:
    """The AWS identity where the command acts on a deployed stack (`--stack`), else the user of this system."""
    if deployed_stack() is not None:
        import boto3
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            return str(boto3.client("sts").get_caller_identity()["Arn"])
        except (BotoCoreError, ClientError):
            pass  # a role may be denied the question; the user of this system is known all the same
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container may run under an id that has no name
        return f"uid {os.getuid()}"
