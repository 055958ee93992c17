"""On AWS each secret may come from Secrets Manager instead of the environment."""

import json

import boto3
import pytest
from moto import mock_aws

from orchestrator import SettingsError
from orchestrator.settings import DatabaseSettings, DeliverSettings, load

NUMBER = {"TWILIO_PHONE_NUMBER": "+12025550100"}


def secret(name: str, content: str) -> str:
    return str(boto3.client("secretsmanager").create_secret(Name=name, SecretString=content)["ARN"])


@mock_aws
def test_a_plain_secret_stands_in_for_its_variable() -> None:
    arn = secret("database-plain", "postgresql://user:hunter2@db.example/app")
    settings = load(DatabaseSettings, {"DATABASE_SECRET_ARN": arn})
    assert settings.database_url.get_secret_value() == "postgresql://user:hunter2@db.example/app"


@mock_aws
def test_a_secret_with_several_values_is_json() -> None:
    twilio = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "token"}
    arns = {
        "TWILIO_SECRET_ARN": secret("twilio", json.dumps(twilio)),
        "DATABASE_SECRET_ARN": secret("database-json", json.dumps({"DATABASE_URL": "postgresql://db.example/app"})),
    }
    settings = load(DeliverSettings, {**arns, **NUMBER})
    assert settings.twilio_auth_token.get_secret_value() == "token"


@mock_aws
def test_a_secret_that_lacks_a_value_is_named_without_showing_it() -> None:
    arn = secret("twilio-half", json.dumps({"TWILIO_AUTH_TOKEN": "hunter2"}))
    with pytest.raises(SettingsError, match="TWILIO_SECRET_ARN: the secret has no key TWILIO_ACCOUNT_SID") as caught:
        load(DeliverSettings, {"TWILIO_SECRET_ARN": arn, "DATABASE_URL": "postgresql://db.example/app", **NUMBER})
    assert "hunter2" not in str(caught.value)


@mock_aws
def test_the_environment_wins_and_the_secret_is_not_asked_for() -> None:
    environment = {"DATABASE_URL": "postgresql://db.example/app", "DATABASE_SECRET_ARN": "arn:of:nothing"}
    assert load(DatabaseSettings, environment).database_url.get_secret_value() == "postgresql://db.example/app"
