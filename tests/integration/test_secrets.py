"""On AWS each secret may come from Secrets Manager instead of the environment."""

import json
from datetime import date
from typing import Any
from uuid import uuid4

import boto3
import psycopg
import pytest
import time_machine
from botocore.exceptions import EndpointConnectionError
from moto import mock_aws

from orchestrator import SettingsError
from orchestrator.aws.clients import secrets_client
from orchestrator.aws.secrets import expire_secrets, forget_secrets
from orchestrator.errors import SecretUnreadable
from orchestrator.rules.number_check import NumberAnswer
from orchestrator.settings import DatabaseSettings, DeliverSettings, MigrationSettings, SenderSettings, load, refresh
from orchestrator.sms.lookup import NumberQuestion, look_up
from orchestrator.store.database import Database
from orchestrator_cli.stack_checks import check_secrets
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.stand_ins.phones import ACCOUNT_SID, AUTH_TOKEN, Phones
from tests.world import World, sqs_event, sqs_record

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
    assert settings.twilio_login[1] == "token"


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


def away(monkeypatch: pytest.MonkeyPatch) -> None:
    """Secrets Manager does not answer."""

    def refuse(*_arguments: object, **_options: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://secretsmanager")

    monkeypatch.setattr(secrets_client(), "get_secret_value", refuse)


def twilio_secret(**values: str) -> str:
    return json.dumps({"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "token", **values})


@mock_aws
def test_a_token_that_twilio_refuses_is_read_again_for_the_next_question(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lookup is asked in waves that send nothing, too, so that no text finds the rotated token first."""
    arn = secret("lookup", twilio_secret(TWILIO_ACCOUNT_SID=ACCOUNT_SID, TWILIO_AUTH_TOKEN="rotated", **NUMBER))
    monkeypatch.setenv("TWILIO_SECRET_ARN", arn)
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    forget_secrets()
    questions = [NumberQuestion("+12125550101", date(2026, 1, 10))]
    with serve(Phones()) as url:
        monkeypatch.setenv("TWILIO_API_BASE_URL", url)
        settings = load(SenderSettings)
        current = twilio_secret(TWILIO_ACCOUNT_SID=ACCOUNT_SID, TWILIO_AUTH_TOKEN=AUTH_TOKEN, **NUMBER)
        boto3.client("secretsmanager").put_secret_value(SecretId=arn, SecretString=current)
        assert refresh(settings) is settings, "what is known serves for five minutes"
        (refused,) = look_up(questions, settings)
        (answered,) = look_up(questions, refresh(settings))
    assert (refused.failure and refused.failure.status, answered.answer) == (401, NumberAnswer.SAME_OWNER)


@mock_aws
def test_while_secrets_manager_is_away_the_last_known_value_serves_until_it_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    arn = secret("known", twilio_secret(**NUMBER))
    monkeypatch.setenv("TWILIO_SECRET_ARN", arn)
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    with time_machine.travel("2026-03-03T15:00:00Z", tick=False) as clock:
        forget_secrets()
        settings = load(SenderSettings)
        away(monkeypatch)
        for hours in (1, 24):
            clock.shift(hours * 3600)
            assert refresh(settings) is settings
        forget_secrets("ANTHROPIC_API_KEY")
        expire_secrets()
        assert refresh(settings) is settings, "another secret was refused"
        forget_secrets("TWILIO_AUTH_TOKEN")
        with pytest.raises(SecretUnreadable, match="TWILIO_SECRET_ARN"):
            refresh(settings)
        monkeypatch.undo()


@mock_aws
def test_a_secret_that_was_never_read_is_a_fault_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = secret("unknown", "postgresql://db.example/app")
    forget_secrets()
    away(monkeypatch)
    with pytest.raises(SecretUnreadable):
        load(DatabaseSettings, {"DATABASE_SECRET_ARN": arn})


@pytest.mark.parametrize(
    ("in_secret", "in_environment", "sender"),
    [
        ({"TWILIO_PHONE_NUMBER": "+12025550101"}, {"TWILIO_PHONE_NUMBER": "+12025550100"}, ("+12025550101", None)),
        ({"TWILIO_MESSAGING_SERVICE_SID": "MG" + "1" * 32}, NUMBER, (None, "MG" + "1" * 32)),
        (
            {"TWILIO_PHONE_NUMBER": "+12025550101"},
            {"TWILIO_MESSAGING_SERVICE_SID": "MG" + "1" * 32},
            ("+12025550101", None),
        ),
        ({}, NUMBER, ("+12025550100", None)),
    ],
)
@mock_aws
def test_the_sender_comes_from_the_source_of_the_credentials(
    in_secret: dict[str, str], in_environment: dict[str, str], sender: tuple[str | None, str | None]
) -> None:
    arn = secret(f"sender-{uuid4()}", twilio_secret(**in_secret))
    settings = load(SenderSettings, {"TWILIO_SECRET_ARN": arn, "TWILIO_ACCOUNT_SID": "AC" + "9" * 32, **in_environment})
    assert (settings.twilio_phone_number, settings.twilio_messaging_service_sid) == sender
    assert settings.twilio_account_sid == "AC" + "0" * 32, "an account never goes with the token of another source"


@mock_aws
def test_a_rotated_sender_is_followed_with_its_credentials(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The account, its token and the number change in the secret: no call mixes the old with the new."""
    app = world.functions["deliver"]
    kept = app.settings, app.sender
    monkeypatch.setenv(
        "TWILIO_SECRET_ARN", arn := secret("rotated-sender", twilio_secret(TWILIO_PHONE_NUMBER="+12025550100"))
    )
    for name in ("TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_PHONE_NUMBER"):
        monkeypatch.delenv(name, raising=False)
    forget_secrets()
    used: list[tuple[SenderSettings, SenderSettings]] = []

    def note(_database: object, _ids: object, sender: Any, settings: SenderSettings, *_: object, **__: object) -> None:
        used.append((sender._settings, settings))
        raise ConnectionError  # no more is needed of this batch

    monkeypatch.setattr(app, "deliver", note)
    try:
        for _ in range(2):
            world.invoke("deliver", sqs_event([sqs_record('{"message_id": "x"}', world.now)]))
            boto3.client("secretsmanager").put_secret_value(
                SecretId=arn,
                SecretString=json.dumps(
                    {
                        "TWILIO_ACCOUNT_SID": "AC" + "1" * 32,
                        "TWILIO_AUTH_TOKEN": "new",
                        "TWILIO_PHONE_NUMBER": "+12025550199",
                    }
                ),
            )
            world.wait(minutes=6)
    finally:
        app.__dict__["settings"], app.__dict__["sender"] = kept
        forget_secrets()
    assert [(s.twilio_account_sid[-1], s.twilio_login[1], s.twilio_phone_number) for s, _ in used] == [
        ("0", "token", "+12025550100"),
        ("1", "new", "+12025550199"),
    ]
    assert all(of_sender is of_batch for of_sender, of_batch in used)


# Secrets that one function reads alone -----------------------------------------------------------------------------------


@mock_aws
def test_what_sends_reads_an_api_key_and_no_token() -> None:
    key = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_API_KEY_SID": "SK" + "1" * 32, "TWILIO_API_KEY_SECRET": "k"}
    arn = secret("sender", json.dumps({**key, "TWILIO_PHONE_NUMBER": "+12025550101"}))
    environment = {
        "TWILIO_SENDER_SECRET_ARN": arn,
        "TWILIO_SECRET_ARN": "",
        "DATABASE_URL": "postgresql://db.example/a",
    }
    settings = load(DeliverSettings, {**environment, **NUMBER})
    assert (settings.twilio_login, settings.twilio_auth_token) == (("SK" + "1" * 32, "k"), None)
    assert settings.twilio_phone_number == "+12025550101", "the sender belongs to the credentials"


@pytest.mark.parametrize(
    "content",
    [
        "postgresql://owner:secret@db.example:5432/app",
        json.dumps({"MIGRATION_DATABASE_URL": "postgresql://owner:secret@db.example:5432/app"}),
        json.dumps({"username": "owner", "password": "secret", "host": "db.example", "dbname": "app"}),
    ],
    ids=["plain", "JSON", "RDS"],
)
@mock_aws
def test_migrate_reads_a_secret_of_its_own(content: str) -> None:
    arn = secret(f"migration-{uuid4()}", content)
    settings = load(MigrationSettings, {"MIGRATION_SECRET_ARN": arn, "DATABASE_SECRET_ARN": ""})
    assert settings.url.startswith("postgresql://owner:secret@db.example:5432/app")
    forget_secrets()


@mock_aws
def test_after_an_upgrade_without_new_secrets_the_old_ones_serve() -> None:
    both = {
        "DATABASE_URL": "postgresql://app@db.example/a",
        "MIGRATION_DATABASE_URL": "postgresql://owner@db.example/a",
    }
    twilio = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, "TWILIO_AUTH_TOKEN": "token"}
    environment = {
        "MIGRATION_SECRET_ARN": "",
        "TWILIO_SENDER_SECRET_ARN": "",
        "DATABASE_SECRET_ARN": secret("database-both", json.dumps(both)),
        "TWILIO_SECRET_ARN": secret("twilio-before", json.dumps(twilio)),
        **NUMBER,
    }
    assert load(MigrationSettings, environment).url == both["MIGRATION_DATABASE_URL"]
    assert load(DeliverSettings, environment).twilio_login == (twilio["TWILIO_ACCOUNT_SID"], "token")


def test_credentials_that_are_missing_or_half_are_named() -> None:
    account = {"TWILIO_ACCOUNT_SID": "AC" + "0" * 32, **NUMBER}
    for given, problem in (
        ({}, "TWILIO_AUTH_TOKEN: is not set"),
        ({"TWILIO_API_KEY_SID": "SK" + "1" * 32}, "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET: both"),
        (
            {"TWILIO_AUTH_TOKEN": "t", "TWILIO_API_KEY_SECRET": "k"},
            "TWILIO_API_KEY_SID and TWILIO_API_KEY_SECRET: both",
        ),
        ({"TWILIO_API_KEY_SID": "AC1", "TWILIO_API_KEY_SECRET": "k"}, "TWILIO_API_KEY_SID: "),
    ):
        with pytest.raises(SettingsError, match=problem):
            load(SenderSettings, {**account, **given})


def test_doctor_warns_of_a_secret_that_serves_more_functions_than_need_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_SECRET_ARN", "arn:database")
    monkeypatch.setenv("TWILIO_SECRET_ARN", "arn:twilio")
    assert [result.detail.partition(" ")[0] for result in check_secrets()] == [
        "MIGRATION_SECRET_ARN",
        "TWILIO_SENDER_SECRET_ARN",
    ]
    monkeypatch.setenv("MIGRATION_SECRET_ARN", "arn:migration")
    monkeypatch.setenv("TWILIO_SENDER_SECRET_ARN", "arn:sender")
    assert list(check_secrets()) == []
