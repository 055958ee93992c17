"""Secrets from AWS Secrets Manager, read every five minutes, so that a rotation needs no deploy.

While Secrets Manager cannot be read, the last known value of a secret is used (G11).
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from orchestrator.aws.clients import secrets_client
from orchestrator.errors import SecretUnreadable, SettingsError

FRESH_SECONDS = 300
# After a failed read, the last known value is used for so long before the next read.
FAILED_READ_SECONDS = 60


@dataclass(frozen=True, slots=True)
class _KnownSecret:
    """The content of a secret, and until when (seconds since 1970) it is used without asking."""

    content: str
    fresh_until: float


@dataclass(frozen=True, slots=True)
class _Secret:
    """The variables that a secret must hold, and those that it may hold.

    Attributes:
        senders: where the secret holds one of these, it names the sender that belongs to its credentials, and the
            environment's do not count: sender and credentials change at the same moment.
    """

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    senders: tuple[str, ...] = ()


_SENDERS = ("TWILIO_PHONE_NUMBER", "TWILIO_MESSAGING_SERVICE_SID")
_API_KEY = ("TWILIO_API_KEY_SID", "TWILIO_API_KEY_SECRET")
# A secret with one required value may be that value itself; otherwise it is JSON with these keys.
_SECRETS = {
    "DATABASE_SECRET_ARN": _Secret(("DATABASE_URL",), ("MIGRATION_DATABASE_URL",)),
    # Of the role that may change the schema; without it, the database's secret may hold the URL.
    "MIGRATION_SECRET_ARN": _Secret(("MIGRATION_DATABASE_URL",)),
    "ANTHROPIC_SECRET_ARN": _Secret(("ANTHROPIC_API_KEY",)),
    "TWILIO_SECRET_ARN": _Secret(
        ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
        ("TWILIO_SECONDARY_AUTH_TOKEN", *_API_KEY, *_SENDERS),
        senders=_SENDERS,
    ),
    # What sends, without the token that checks signatures and opens the whole account.
    "TWILIO_SENDER_SECRET_ARN": _Secret(("TWILIO_ACCOUNT_SID", *_API_KEY), _SENDERS, senders=_SENDERS),
    "PRIVACY_SECRET_ARN": _Secret(("PRIVACY_KEY",)),
    "REPLY_WEBHOOK_SECRET_ARN": _Secret(("REPLY_WEBHOOK_SECRET",)),
}
# By ARN.
_known: dict[str, _KnownSecret] = {}


def secrets_of(variable: str) -> list[str]:
    """The variables with the ARNs of the secrets that must hold this one."""
    return [arn for arn, secret in _SECRETS.items() if variable in secret.required]


def secret_variables() -> frozenset[str]:
    """Every variable that a secret may hold."""
    return frozenset(name for secret in _SECRETS.values() for name in (*secret.required, *secret.optional))


def uses_secrets() -> bool:
    """Whether any value of this process comes from Secrets Manager."""
    return any(os.environ.get(arn) for arn in _SECRETS)


def secret_values(variables: Mapping[str, str], wanted: set[str]) -> dict[str, str]:
    """The values of the secrets that `variables` name, for the wanted variables.

    A variable that is set wins over the secret. Two exceptions keep credentials whole: of a secret whose required
    variables are not all set, the required ones come from the secret; and so does the sender, where it holds one.

    Raises:
        SettingsError: a secret cannot be read, or lacks a value; the text shows no value.
    """
    values: dict[str, str] = {}
    for arn_variable, secret in _SECRETS.items():
        arn = variables.get(arn_variable)
        names = {*secret.required, *secret.optional} & wanted
        if not arn or not names or all(variables.get(name) for name in secret.required):
            continue
        found = _values(arn_variable, _read(arn_variable, arn), variables)
        missing = [name for name in secret.required if not found.get(name)]
        if missing:
            raise SettingsError(f"{arn_variable}: the secret has no key {' or '.join(missing)}.")
        own = {*secret.required, *(secret.senders if any(found.get(name) for name in secret.senders) else ())}
        values.update({name: found.get(name, "") for name in names if name in own or not variables.get(name)})
    return values


def expire_secrets() -> None:
    """Read secrets again at their next use; a value that cannot be read is used as it was known."""
    _known.update({arn: _KnownSecret(known.content, 0.0) for arn, known in _known.items()})


def forget_secrets(variable: str | None = None) -> None:
    """Forget secrets whose values were refused: they are read again before their next use, or that use fails.

    Args:
        variable: one that the refused secret must hold; None means every secret.
    """
    if variable is None:
        _known.clear()
    else:
        for arn in secrets_of(variable):
            _known.pop(os.environ.get(arn, ""), None)


def _read(arn_variable: str, arn: str) -> str:
    from botocore.exceptions import BotoCoreError, ClientError

    now = time.time()
    known = _known.get(arn)
    # A clock that went back does not make a secret fresh for longer.
    if known and now < known.fresh_until <= now + FRESH_SECONDS:
        return known.content
    try:
        content = str(secrets_client().get_secret_value(SecretId=arn)["SecretString"])
    except (BotoCoreError, ClientError, KeyError):  # KeyError: a binary secret
        if known is None:
            raise SecretUnreadable(
                f"{arn_variable}: the secret cannot be read. Check that it exists, and that this role may read it."
            ) from None
        _known[arn] = _KnownSecret(known.content, now + FAILED_READ_SECONDS)
        return known.content
    _known[arn] = _KnownSecret(content, now + FRESH_SECONDS)
    return content


def _values(arn_variable: str, secret: str, variables: Mapping[str, str]) -> dict[str, str]:
    required = _SECRETS[arn_variable].required
    if len(required) == 1 and not secret.lstrip().startswith("{"):
        return {required[0]: secret.strip()}
    try:
        content: dict[str, Any] = json.loads(secret)
    except ValueError:
        raise SettingsError(
            f"{arn_variable}: the secret is not JSON. It needs the keys {', '.join(required)}."
        ) from None
    if arn_variable in ("DATABASE_SECRET_ARN", "MIGRATION_SECRET_ARN") and "password" in content:
        return _database_urls(content, variables)
    return {name: str(value) for name, value in content.items()}


def _database_urls(content: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, str]:
    """The URLs from a secret that RDS rotates. The host is in the secret, or in `DATABASE_HOST`.

    Where `DATABASE_HOST` is a proxy, migrations connect to `MIGRATION_DATABASE_HOST`.
    """
    login = f"{quote(str(content['username']), safe='')}:{quote(str(content['password']), safe='')}"
    name = variables.get("DATABASE_NAME") or content.get("dbname") or "postgres"
    direct = variables.get("MIGRATION_DATABASE_HOST") or content.get("host")
    host = variables.get("DATABASE_HOST") or direct
    if not host:
        raise SettingsError("DATABASE_HOST: is not set, and the secret of the database has no host.")
    suffix = f":{content.get('port', 5432)}/{name}?sslmode=require"
    return {
        "DATABASE_URL": f"postgresql://{login}@{host}{suffix}",
        "MIGRATION_DATABASE_URL": f"postgresql://{login}@{direct or host}{suffix}",
    }
