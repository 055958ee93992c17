"""The settings of where events go: what is refused at start, without showing a value."""

import pytest
from pydantic import SecretStr

from orchestrator.errors import SettingsError
from orchestrator.event_settings import EventSettings, EventTarget, WebhookKeySettings, keys_of
from orchestrator.settings import load

KEY = "a2V5" * 8  # 24 bytes
OTHER = "b3Ro" * 8


@pytest.mark.parametrize(
    ("situation", "variable", "value"),
    [
        ("not encrypted", "REPLY_WEBHOOK_URL", "http://agents.example.com/x"),
        ("a login in the address", "REPLY_WEBHOOK_URL", "https://user:password@agents.example.com/x"),
        ("a fragment, which no request carries", "REPLY_WEBHOOK_URL", "https://agents.example.com/x#y"),
        ("no host", "REPLY_WEBHOOK_URL", "https:///x"),
        ("a host that no request can name", "REPLY_WEBHOOK_URL", "https://świat.example.com/x"),
        ("a path with a space", "REPLY_WEBHOOK_URL", "https://agents.example.com/a b"),
        ("no port", "REPLY_WEBHOOK_URL", "https://agents.example.com:99999/x"),
        ("port 0", "REPLY_WEBHOOK_URL", "https://agents.example.com:0/x"),
        ("a type with a space", "REPLY_EVENT_TYPE", "user message"),
        ("words in the table", "REPLY_WORDS_TO", "queue,table"),
        ("words on the bus", "REPLY_WORDS_TO", "bus"),
        ("no function's name", "REPLY_FUNCTION", "https://agents.example.com"),
    ],
)
def test_a_setting_that_cannot_work_is_refused_at_start(situation: str, variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable) as caught:
        load(EventSettings, {variable: value})
    assert value not in str(caught.value), situation


def test_each_target_that_is_set_receives_events() -> None:
    assert load(EventSettings, {"REPLY_WORDS_TO": ""}).event_targets == []
    settings = load(
        EventSettings,
        {
            "EVENT_BUS_NAME": "agents",
            "REPLY_EVENT_TYPE": "user.message.received",
            "REPLY_WEBHOOK_URL": "https://agents.example.com:8443/x/?of=texts",
            "REPLY_QUEUE_URL": "https://sqs.us-east-1.amazonaws.com/123456789012/texts",
            "REPLY_FUNCTION": "arn:aws:lambda:us-east-1:123456789012:function:agents:live",
            "REPLY_WORDS_TO": "webhook, function",
        },
    )
    assert settings.event_targets == [*EventTarget]
    assert settings.reply_webhook_url == "https://agents.example.com:8443/x/?of=texts", "as it is given"


@pytest.mark.parametrize(
    ("situation", "secret", "keys"),
    [
        ("a key", f"whsec_{KEY}", 1),
        ("without its prefix", KEY, 1),
        ("two during a rotation", f"whsec_{KEY} whsec_{OTHER}", 2),
        ("three", f"{KEY} {OTHER} {KEY}", 0),
        ("too short", "whsec_" + KEY[:-4], 0),
        ("too long", "whsec_" + KEY * 3, 0),
        ("no base64", "whsec_" + "!" * 32, 0),
        ("nothing but space", "  ", 0),
    ],
)
def test_a_key_has_at_least_24_bytes(situation: str, secret: str, keys: int) -> None:
    if keys:
        assert len(keys_of(load(WebhookKeySettings, {"REPLY_WEBHOOK_SECRET": secret}).reply_webhook_secret)) == keys
    else:
        with pytest.raises(SettingsError, match="REPLY_WEBHOOK_SECRET") as caught:
            load(WebhookKeySettings, {"REPLY_WEBHOOK_SECRET": secret})
        assert secret.strip() == "" or secret.strip() not in str(caught.value), situation


def test_a_secret_is_not_shown() -> None:
    assert KEY not in repr(WebhookKeySettings(reply_webhook_secret=SecretStr(KEY)))
