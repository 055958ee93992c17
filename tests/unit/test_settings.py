"""Settings are checked at start, with an error that names the variable and never its value."""

from datetime import time

import pytest

from orchestrator import SettingsError
from orchestrator.settings import (
    DatabaseSettings,
    DeliverSettings,
    DispatchSettings,
    MigrationSettings,
    PublisherSettings,
    SenderSettings,
    load,
    load_where_set,
)

DELIVER = {
    "DATABASE_URL": "postgresql://user:hunter2@db.example/app",
    "TWILIO_ACCOUNT_SID": "AC" + "0" * 32,
    "TWILIO_AUTH_TOKEN": "token",
    "TWILIO_PHONE_NUMBER": "+12025550100",
}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"DATABASE_URL": ""}, "DATABASE_URL"),
        ({"DATABASE_URL": "mysql://user:hunter2@db"}, "DATABASE_URL"),
        ({"TWILIO_ACCOUNT_SID": "hunter2"}, "TWILIO_ACCOUNT_SID"),
        ({"TWILIO_PHONE_NUMBER": "hunter2"}, "TWILIO_PHONE_NUMBER"),
        ({"TWILIO_PHONE_NUMBER": ""}, "TWILIO_MESSAGING_SERVICE_SID"),
        ({"DAILY_LIMIT": "hunter2"}, "DAILY_LIMIT"),
        ({"LEARN": "sometimes"}, "LEARN"),
        ({"LEARN_STOP_COST": "-1"}, "LEARN_STOP_COST"),
        ({"LEARN_STOP_COST": "nan"}, "LEARN_STOP_COST"),
        ({"LEARN_STOP_COST": "inf"}, "LEARN_STOP_COST"),
        ({"LEARN_WAITING_COST": "-0.1"}, "LEARN_WAITING_COST"),
        ({"LEARN_WAITING_COST": "1e400"}, "LEARN_WAITING_COST"),
        ({"QUIET_HOURS_START": "25:00"}, "QUIET_HOURS_START"),
        ({"QUIET_HOURS_START": "21:00Z"}, "QUIET_HOURS_START"),  # it would fail each decision, not the start
        ({"QUIET_HOURS_END": "08:00-05:00"}, "QUIET_HOURS_END"),
        ({"QUIET_HOURS_END": "24:01"}, "QUIET_HOURS_END"),
        ({"MESSAGE_LIFETIME_DAYS": "999999999"}, "MESSAGE_LIFETIME_DAYS"),  # no date is so far ahead
        ({"REFORMULATION_MINUTES": "9999999999"}, "REFORMULATION_MINUTES"),
        ({"TWILIO_API_BASE_URL": "ftp://hunter2"}, "TWILIO_API_BASE_URL"),
        ({"TWILIO_PHONE_NUMBER": "+15005550006"}, "TWILIO_PHONE_NUMBER"),  # of Twilio's test credentials
        ({"TWILIO_MESSAGING_SERVICE_SID": "MG" + "z" * 32}, "TWILIO_MESSAGING_SERVICE_SID"),  # error 21705
    ],
)
def test_a_missing_or_malformed_setting_is_named(change: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(DeliverSettings, {**DELIVER, **change})
    assert named in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        (
            "postgresql://u:p@db/app?pgbouncer=true",
            "DATABASE_URL: has an option that Postgres does not know: pgbouncer.",
        ),
        ("postgresql://u:p@db/app?sslmode=require&pgbouncer=true&connection_limit=1", "connection_limit, pgbouncer."),
        ("postgresql://u:p@db/app?sslmode=require&target_session_attrs=read-write", None),
        ("postgresql://u:p@db/app?ssl=true", None),  # JDBC's spelling of sslmode=require, which libpq reads
        ("postgresql://u:p@db/app?ssl=false", "an option that Postgres does not know: ssl."),
        ("postgresql://u:p@db/app?schema=public&pool_timeout=0", "pool_timeout, schema."),
        ("postgresql+psycopg://u:p@db/app", "DATABASE_URL: should begin with postgresql://."),
        ("postgresql://u:hunter2%zz@db/app", "Percent-encode"),
        ("postgresql://u:hunter2%@db/app", "Percent-encode"),
        ("postgresql://u:hunter2?x@db/app", "Percent-encode"),
        ("postgresql://u:p?hunter2=x@db/app", "Percent-encode"),
        ("postgresql://u:p@hunter2@db/app", "Percent-encode"),
        ("postgresql://u:hunter2/x@db/app", "Percent-encode"),
        ("postgresql://u:12/hunter2@db/app", "Percent-encode"),
        ("postgresql://u:p@db/app?host=@/tmp/socket", None),
        ("postgresql://u:p@one,two:5432,5433/app", None),
        ("postgresql://u:hunter2[@db/app", None),
    ],
)
def test_a_database_url_that_libpq_would_refuse_is_refused_at_start(url: str, problem: str | None) -> None:
    try:
        load(DatabaseSettings, {"DATABASE_URL": url})
    except SettingsError as error:
        assert problem is not None or "hunter2[" in url
        assert (problem or "DATABASE_URL") in str(error)
        assert "hunter2" not in str(error)
    else:
        assert problem is None


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("https://hooks.example.com/", None),
        ("http://127.0.0.1:8000", None),
        ("hooks.example.com", "should be an http or https address"),
        ("https://", "should be an http or https address"),
        ("https://hooks.example.com/?key=1", "without a query"),
        ("https://hooks.example.com/#top", "without a query"),
    ],
)
def test_an_address_to_which_paths_are_added_has_no_query_and_no_slash_at_its_end(
    address: str, problem: str | None
) -> None:
    given = {**DELIVER, "WEBHOOK_BASE_URL": address}
    if problem is None:
        assert load(DeliverSettings, given).webhook_base_url == address.rstrip("/")
        return
    with pytest.raises(SettingsError, match=f"WEBHOOK_BASE_URL: .*{problem}"):
        load(DeliverSettings, given)


def test_settings_of_what_is_left_out_are_read_where_a_variable_or_its_secret_is_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in (
        "TWILIO_ACCOUNT_SID",
        "TWILIO_SECRET_ARN",
        "TWILIO_SENDER_SECRET_ARN",
        "TWILIO_AUTH_TOKEN",
        "TWILIO_PHONE_NUMBER",
    ):
        monkeypatch.delenv(name, raising=False)
    assert load_where_set(SenderSettings, "TWILIO_ACCOUNT_SID") is None
    monkeypatch.setenv("TWILIO_ACCOUNT_SID", DELIVER["TWILIO_ACCOUNT_SID"])
    with pytest.raises(SettingsError, match="one of them must be set"):
        load_where_set(SenderSettings, "TWILIO_ACCOUNT_SID")
    monkeypatch.setenv("TWILIO_AUTH_TOKEN", "token")
    monkeypatch.setenv("TWILIO_PHONE_NUMBER", "+12125550100")
    found = load_where_set(SenderSettings, "TWILIO_ACCOUNT_SID")
    assert found is not None
    assert found.twilio_account_sid == DELIVER["TWILIO_ACCOUNT_SID"]


def test_one_error_names_every_problem() -> None:
    with pytest.raises(SettingsError) as caught:
        load(DispatchSettings, {})
    for name in ("DATABASE_URL", "DELIVERY_QUEUE_URL", "URGENT_QUEUE_URL"):
        assert name in str(caught.value)


def test_settings_have_the_defaults_of_the_rules() -> None:
    settings = load(DeliverSettings, DELIVER)
    assert (settings.daily_limit, settings.hourly_limit) == (10, 2)
    assert settings.allowed_countries == {"US", "CA", "AS", "GU", "MP", "PR", "VI"}


def test_urgent_messages_stop_at_three_times_the_ceiling_of_a_day() -> None:
    assert load(DeliverSettings, {**DELIVER, "TWILIO_DAILY_CEILING_USD": "40"}).urgent_ceiling_usd == 120


@pytest.mark.parametrize(
    ("of_migrations", "of_functions", "used"),
    [
        ("postgresql://a@db/x", "postgresql://b@db/x", "a"),
        (None, "postgresql://b@db/x", "b"),
        ("postgresql://a@db/x", None, "a"),
    ],
)
def test_migrations_have_a_url_of_their_own_where_there_is_one(
    of_migrations: str | None, of_functions: str | None, used: str
) -> None:
    given = {"MIGRATION_DATABASE_URL": of_migrations or "", "DATABASE_URL": of_functions or ""}
    assert load(MigrationSettings, given).url == f"postgresql://{used}@db/x"


def test_lists_are_separated_by_commas() -> None:
    settings = load(DeliverSettings, {**DELIVER, "ALLOWED_COUNTRIES": "US, GB,", "RECIPIENT_ALLOWLIST": "+12125550101"})
    assert settings.allowed_countries == {"US", "GB", "AS", "GU", "MP", "PR", "VI"}
    assert settings.recipient_allowlist == {"+12125550101"}


def test_printing_settings_shows_no_secret() -> None:
    assert "hunter2" not in repr(load(DeliverSettings, DELIVER))


def test_a_publisher_needs_the_queue_alone() -> None:
    assert load(PublisherSettings, {"ENQUEUE_QUEUE_URL": "https://sqs.example/q"}).enqueue_queue_url
    with pytest.raises(SettingsError, match="ENQUEUE_QUEUE_URL"):
        load(PublisherSettings, {})


def test_quiet_hours_may_end_at_24_00_which_is_midnight() -> None:
    settings = load(DeliverSettings, {**DELIVER, "QUIET_HOURS_START": "21:30", "QUIET_HOURS_END": "24:00"})
    assert (settings.quiet_hours_start, settings.quiet_hours_end) == (time(21, 30), time(0))
