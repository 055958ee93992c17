"""Twilio's answers and what follows from them, against an HTTP stand-in."""

import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestrator.delivery.settlements import TRIES, settlement_of
from orchestrator.rules.reasons import Reason, Status
from orchestrator.settings import SenderSettings
from orchestrator.sms import http
from orchestrator.sms.outcomes import Outcome, OutcomeKind
from orchestrator.sms.sender import LONGEST_VALIDITY, Sms, TwilioSender
from orchestrator.store.settlement import Settlement
from orchestrator_local.stand_ins.http import HttpAnswer, serve
from orchestrator_local.stand_ins.phones import ACCOUNT_SID, AUTH_TOKEN, SENDER, Phones

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)
ATTEMPT = UUID(int=498)  # in the middle of the spread


def text_of(body: str, valid_for: int = 3600) -> Sms:
    return Sms("+12125550101", body, valid_for, message_id=uuid4(), attempt_id=uuid4())


HELLO = text_of("Hello")


def settle(outcome: Outcome, tries: int = 0, attempt_id: UUID = ATTEMPT) -> Settlement:
    return settlement_of(attempt_id, outcome, tries, NOW + timedelta(days=7), NOW)


def sender_at(url: str, **changes: object) -> TwilioSender:
    fields = {
        "twilio_account_sid": ACCOUNT_SID,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_phone_number": SENDER,
        "twilio_api_base_url": url,
        "twilio_timeout_seconds": 0.5,
        **changes,
    }
    return TwilioSender(SenderSettings.model_validate(fields))


def test_a_wave_arrives_and_the_outcomes_keep_their_order() -> None:
    phones = Phones()
    with serve(phones) as url:
        texts = [text_of(str(number)) for number in range(10)]
        outcomes = sender_at(url).send_wave(texts)
    by_sid = {text.sid: text.body for text in phones.texts}
    assert [by_sid[outcome.sid or ""] for outcome in outcomes] == [str(number) for number in range(10)]


def test_the_validity_period_keeps_within_twilios_bounds() -> None:
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([text_of("a", 10**6)])
        sender_at(url).send_wave([text_of("b", 0)])
    assert [text.validity_period for text in phones.texts] == [LONGEST_VALIDITY, 1]


def test_a_messaging_service_wins_over_the_number() -> None:
    seen: list[dict[str, str]] = []
    phones = Phones()
    phones.misbehave = seen.append  # it gives None: behave
    with serve(phones) as url:
        sender_at(url, twilio_messaging_service_sid="MG" + "0" * 32).send_wave([HELLO])
    assert "From" not in seen[0]
    assert seen[0]["MessagingServiceSid"] == "MG" + "0" * 32


def test_wrong_credentials_are_a_refusal_with_twilios_code() -> None:
    with serve(Phones()) as url:
        (outcome,) = sender_at(url, twilio_auth_token="wrong").send_wave([HELLO])
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, 20003)


@pytest.mark.parametrize("url", ["http://127.0.0.1:1", "http://nowhere.invalid", "https://127.0.0.1:1"])
def test_what_cannot_connect_was_not_sent(url: str) -> None:
    (outcome,) = sender_at(url).send_wave([HELLO])
    assert outcome.kind is OutcomeKind.NOT_SENT


def test_a_server_that_speaks_no_tls_was_sent_nothing() -> None:
    with serve(Phones()) as url:
        (outcome,) = sender_at(url.replace("http://", "https://")).send_wave([HELLO])
    assert outcome.kind is OutcomeKind.NOT_SENT


def test_a_server_that_takes_the_request_and_stays_silent_may_have_sent_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=server.accept, daemon=True).start()
        (outcome,) = sender_at(f"http://127.0.0.1:{server.getsockname()[1]}").send_wave([HELLO])
    assert outcome.kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize("status", [302, 408, 500, 502, 503])
def test_an_answer_that_is_neither_yes_nor_no_may_have_sent_it(status: int) -> None:
    phones = Phones()
    phones.misbehave = lambda _fields: HttpAnswer(status, {"message": "?"})
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_an_answer_that_drips_is_cut_at_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each byte comes in time, and all of them would take an hour."""
    monkeypatch.setattr(http, "CONNECT_SECONDS", 0.5)
    phones = Phones()
    phones.misbehave = lambda fields: HttpAnswer(201, phones.accept(fields), drip=0.2)
    with serve(phones) as url:
        started = time.monotonic()
        (outcome,) = sender_at(url).send_wave([HELLO])
        assert time.monotonic() - started < 10
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_half_an_answer_may_have_sent_it() -> None:
    phones = Phones()
    phones.misbehave = lambda fields: HttpAnswer(201, phones.accept(fields), half=True)
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert outcome.kind is OutcomeKind.UNKNOWN


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("17", 17.0), ("0", 0.0), ("-5", 0.0), ("Wed, 21 Oct 2026 07:28:00 GMT", None), ("soon", None), (None, None)],
)
def test_twilio_says_how_long_it_is_busy(header: str | None, seconds: float | None) -> None:
    phones = Phones()
    headers = {} if header is None else {"Retry-After": header}
    phones.misbehave = lambda _fields: HttpAnswer(429, {"code": 20429, "status": 429}, headers)
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert (outcome.kind, outcome.code, outcome.retry_after) == (OutcomeKind.REFUSED, 20429, seconds)


@pytest.mark.parametrize(
    ("retry_after", "waits"),
    [(17.0, 17), (0.0, 0), (None, 60), (1e9, 3600)],
    ids=["given", "zero", "not given", "absurd"],
)
def test_a_busy_provider_is_asked_again_when_it_says(retry_after: float | None, waits: int) -> None:
    outcome = Outcome(OutcomeKind.REFUSED, code=20429, retry_after=retry_after)
    assert settle(outcome, tries=2).until == NOW + timedelta(seconds=waits)


@given(tries=st.integers(0, TRIES - 2), attempt_id=st.uuids())
def test_each_retry_waits_longer_than_the_one_before_whatever_its_spread(tries: int, attempt_id: UUID) -> None:
    until = settle(Outcome(OutcomeKind.NOT_SENT), tries, attempt_id).until
    assert until is not None
    assert timedelta(seconds=45) * 5**tries <= until - NOW <= timedelta(seconds=75) * 5**tries


def test_the_status_callback_names_the_message_and_the_attempt() -> None:
    seen: list[dict[str, str]] = []
    phones = Phones()
    phones.misbehave = seen.append
    with serve(phones) as url:
        sender_at(url, webhook_base_url="https://hooks.example.com").send_wave([HELLO])
        sender_at(url).send_wave([HELLO])
    assert seen[0]["StatusCallback"] == (
        f"https://hooks.example.com/twilio/status?message_id={HELLO.message_id}&attempt_id={HELLO.attempt_id}"
    )
    assert "StatusCallback" not in seen[1], "without a base URL there is no webhook"


@pytest.mark.parametrize(
    ("outcome", "status", "reason", "uses_a_try"),
    [
        (Outcome(OutcomeKind.ACCEPTED, sid="SM1"), Status.SENT, None, False),
        (Outcome(OutcomeKind.UNKNOWN), Status.SENDING, Reason.UNKNOWN_OUTCOME, False),
        (Outcome(OutcomeKind.NOT_SENT), Status.QUEUED, Reason.PROVIDER_UNREACHABLE, True),
        (Outcome(OutcomeKind.REFUSED, code=20003), Status.QUEUED, Reason.PROVIDER_CONFIGURATION, False),
        (Outcome(OutcomeKind.REFUSED, code=401), Status.QUEUED, Reason.PROVIDER_CONFIGURATION, False),
        (Outcome(OutcomeKind.REFUSED, code=20429), Status.QUEUED, Reason.PROVIDER_BUSY, False),
        (Outcome(OutcomeKind.REFUSED, code=429), Status.QUEUED, Reason.PROVIDER_BUSY, False),
        (Outcome(OutcomeKind.REFUSED, code=21610), Status.CANCELLED, Reason.OPTED_OUT, False),
        (Outcome(OutcomeKind.REFUSED, code=21211), Status.FAILED, Reason.BAD_NUMBER, False),
        (Outcome(OutcomeKind.REFUSED, code=99999), Status.FAILED, Reason.REFUSED, False),
        (Outcome(OutcomeKind.REFUSED, code=400), Status.FAILED, Reason.REFUSED, False),
    ],
)
def test_what_follows_from_an_outcome(
    outcome: Outcome, status: Status, reason: Reason | None, uses_a_try: bool
) -> None:
    settlement = settle(outcome)
    assert (settlement.status, settlement.reason, settlement.tries) == (status, reason, int(uses_a_try))
    assert (settlement.until is not None) == (status is Status.QUEUED)


def test_the_last_try_ends_it() -> None:
    settlement = settle(Outcome(OutcomeKind.NOT_SENT), TRIES - 1)
    assert (settlement.status, settlement.reason) == (Status.FAILED, Reason.PROVIDER_UNREACHABLE)
