"""Secrets from AWS Secrets Manager, cached for five minutes, so that a rotation needs no deploy."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from orchestrator.errors import SettingsError

FRESH_SECONDS = 300


@dataclass(frozen=True, slots=True)
class _Secret:
    """The variables that a secret must hold, and those that it may hold."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()


# A secret with one required value may be that value itself; otherwise it is JSON with these keys.
_SECRETS = {
    "DATABASE_SECRET_ARN": _Secret(("DATABASE_URL",), ("MIGRATION_DATABASE_URL",)),
    "ANTHROPIC_SECRET_ARN": _Secret(("ANTHROPIC_API_KEY",)),
    "TWILIO_SECRET_ARN": _Secret(
        ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN"),
        ("TWILIO_SECONDARY_AUTH_TOKEN", "TWILIO_PHONE_NUMBER", "TWILIO_MESSAGING_SERVICE_SID"),
    ),
    "PRIVACY_SECRET_ARN": _Secret(("PRIVACY_KEY",)),
}


def secret_of(variable: str) -> str | None:
    """The variable with the ARN of the secret that must hold this one; None where no secret does."""
    return next((arn for arn, secret in _SECRETS.items() if variable in secret.required), None)


def secret_variables() -> frozenset[str]:
    """Every variable that a secret may hold."""
    return frozenset(name for secret in _SECRETS.values() for name in (*secret.required, *secret.optional))


def uses_secrets() -> bool:
    """Whether any value of this process comes from Secrets Manager."""
    return any(os.environ.get(arn) for arn in _SECRETS)


def secret_values(variables: Mapping[str, str], wanted: set[str]) -> dict[str, str]:
    """The values of the secrets that `variables` name, for the wanted variables that are not set there.

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
        values.update({name: found[name] for name in names if found.get(name) and not variables.get(name)})
    return values


def forget_secrets() -> None:
    """Read secrets again at their next use; for a caller whose credentials were refused."""
    if uses_secrets():
        from aws_lambda_powertools.utilities import parameters

        parameters.clear_caches()  # type: ignore[no-untyped-call]  # Powertools' own gap


def _read(arn_variable: str, arn: str) -> str:
    from aws_lambda_powertools.utilities import parameters
    from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

    try:
        return str(parameters.get_secret(arn, max_age=FRESH_SECONDS))
    except GetParameterError:
        raise SettingsError(
            f"{arn_variable}: the secret cannot be read. Check that it exists, and that this role may read it."
        ) from None


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
    if arn_variable == "DATABASE_SECRET_ARN" and "password" in content:
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
        raise SettingsError("DATABASE_HOST: is not set, and the secret in DATABASE_SECRET_ARN has no host.")
    suffix = f":{content.get('port', 5432)}/{name}?sslmode=require"
    return {
        "DATABASE_URL": f"postgresql://{login}@{host}{suffix}",
        "MIGRATION_DATABASE_URL": f"postgresql://{login}@{direct or host}{suffix}",
    }
