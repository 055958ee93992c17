"""Which errors of AWS a caller mends in its own set-up, each as an error of ours with its own fix."""

import os
import re

from orchestrator.errors import MissingCredentials, MissingRegion, MissingResource, NotAllowed, OrchestratorError

# The region in the host of a queue, and in an ARN (AWS General Reference: Amazon SQS endpoints; ARNs).
_IN_URL = re.compile(r"^https?://(?:[\w-]+\.)?sqs(?:-fips)?\.([a-z]{2,4}(?:-[a-z]+)+-\d)\.")
_IN_ARN = re.compile(r"^arn:[a-z-]+:[a-z]+:([a-z]{2,4}(?:-[a-z]+)+-\d):")
# Codes of errors that SQS and Lambda give for credentials that they do not accept (their API references, "Common
# Errors"), for what does not exist, and for what the role may not do.
_CREDENTIALS = {
    "ExpiredToken",
    "ExpiredTokenException",
    "InvalidClientTokenId",
    "InvalidSecurity",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
_MISSING = {
    "AWS.SimpleQueueService.NonExistentQueue",
    "QueueDoesNotExist",
    "InvalidAddress",
    "ResourceNotFoundException",
}
_DENIED = {"AccessDenied", "AccessDeniedException"}


def region_for(address: str) -> str | None:
    """The region of a queue's URL or an ARN, else AWS_REGION; None where boto3's own region is the one.

    The address comes first: Lambda sets AWS_DEFAULT_REGION to the region of the function that asks, which may be
    another (AWS Lambda Developer Guide, "Working with Lambda environment variables"). boto3 does not read the
    AWS_REGION of other SDKs (boto3 documentation, "Configuration").
    """
    configured = os.environ.get("AWS_DEFAULT_REGION")
    if found := _IN_URL.match(address) or _IN_ARN.match(address):
        return found[1] if found[1] != configured else None
    return None if configured else os.environ.get("AWS_REGION")


def setup_error(error: Exception, variable: str) -> OrchestratorError | None:
    """The error of ours for an error of boto3 that trying again does not mend; None for every other one.

    Args:
        variable: the variable that names what was called.
    """
    from botocore.exceptions import (
        ClientError,
        CredentialRetrievalError,
        NoCredentialsError,
        NoRegionError,
        PartialCredentialsError,
        SSOError,
        TokenRetrievalError,
    )

    if isinstance(error, NoRegionError):
        return MissingRegion(variable)
    if isinstance(
        error,
        NoCredentialsError | PartialCredentialsError | CredentialRetrievalError | TokenRetrievalError | SSOError,
    ):
        return MissingCredentials()
    code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
    if code in _CREDENTIALS:
        return MissingCredentials()
    if code in _MISSING:
        return MissingResource(variable)
    return NotAllowed(variable) if code in _DENIED else None
