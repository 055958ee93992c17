"""On AWS each secret may come from Secrets Manager instead of the environment."""

import json

import boto3
import psycopg
import pytest
import time_machine
from moto import mock_aws

from orchestrator import SettingsError
from orchestrator.aws.secrets import forget_secrets
from orchestrator.settings import DatabaseSettings, DeliverSettings, MigrationSettings, load, refresh
from orchestrator.store.database import Database

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


RDS = {"username": "app", "password": "p@ss/word", "engine": "postgres", "host": "db.example", "port": 5433}


@pytest.mark.parametrize(
    ("variables", "used", "direct"),
    [
        ({}, "db.example", "db.example"),
        ({"DATABASE_HOST": "proxy.example"}, "proxy.example", "db.example"),
        (
            {"DATABASE_HOST": "proxy.example", "MIGRATION_DATABASE_HOST": "writer.example"},
            "proxy.example",
            "writer.example",
        ),
    ],
)
@mock_aws
def test_a_secret_as_rds_keeps_it_becomes_a_url_and_migrations_go_past_the_proxy(
    variables: dict[str, str], used: str, direct: str
) -> None:
    arn = secret(f"rds-{len(variables)}", json.dumps(RDS))
    environment = {"DATABASE_SECRET_ARN": arn, "DATABASE_NAME": "app", **variables}
    url = "postgresql://app:p%40ss%2Fword@{}:5433/app?sslmode=require"
    assert load(DatabaseSettings, environment).database_url.get_secret_value() == url.format(used)
    assert load(MigrationSettings, environment).url == url.format(direct)


@mock_aws
def test_the_sender_may_stand_in_the_secret_and_the_template_leaves_it_empty() -> None:
    twilio = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "token", **NUMBER}
    environment = {
        "TWILIO_SECRET_ARN": secret("twilio-with-sender", json.dumps(twilio)),
        "TWILIO_PHONE_NUMBER": "",
        "DATABASE_URL": "postgresql://db.example/app",
    }
    assert load(DeliverSettings, environment).twilio_phone_number == NUMBER["TWILIO_PHONE_NUMBER"]


@mock_aws
def test_a_secret_that_is_not_there_is_named() -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:stack/database"
    with pytest.raises(SettingsError, match="DATABASE_SECRET_ARN: the secret cannot be read"):
        load(DatabaseSettings, {"DATABASE_SECRET_ARN": arn})


@mock_aws
def test_a_rotated_secret_is_followed_within_five_minutes_and_not_asked_for_each_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arn = secret("rotated", "postgresql://user:first@db.example/app")
    monkeypatch.setenv("DATABASE_SECRET_ARN", arn)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    with time_machine.travel("2026-03-03T15:00:00Z", tick=False) as clock:
        forget_secrets()
        settings = load(DatabaseSettings)
        boto3.client("secretsmanager").put_secret_value(
            SecretId=arn, SecretString="postgresql://user:second@db.example/app"
        )
        assert refresh(settings) is settings
        clock.shift(301)
        assert "second" in refresh(settings).database_url.get_secret_value()


@mock_aws
def test_a_password_that_is_refused_is_read_anew_at_once(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    arn = secret("refused", "postgresql://127.0.0.1:1/none")
    monkeypatch.setenv("DATABASE_SECRET_ARN", arn)
    monkeypatch.delenv("DATABASE_URL", raising=False)
    forget_secrets()
    database = Database(load(DatabaseSettings))
    with pytest.raises(psycopg.OperationalError), database.connection():
        pass
    boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=database_url)
    with database.connection() as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
