"""Texts through Twilio's SDK to an HTTP stand-in: the request, and the outcome of each answer."""

import socket
import threading
import time
from contextlib import suppress
from datetime import UTC, datetime
from uuid import uuid4

import pytest
import time_machine

from orchestrator.clock import Countdown
from orchestrator.settings import SenderSettings
from orchestrator.sms import http
from orchestrator.sms.outcomes import OutcomeKind
from orchestrator.sms.sender import LONGEST_VALIDITY, Sms, TwilioSender
from orchestrator_local.stand_ins.http import HttpAnswer, serve
from orchestrator_local.stand_ins.phones import ACCOUNT_SID, API_KEY_SECRET, API_KEY_SID, AUTH_TOKEN, SENDER, Phones
from orchestrator_local.stand_ins.twilio_account import SERVICE_SID
from tests.raw_server import ACCEPTED, WITH_LENGTH, raw_server

NOW = datetime(2026, 3, 3, 15, tzinfo=UTC)


def text_of(body: str, valid_for: int = 3600, to: str = "+12125550101") -> Sms:
    return Sms(to, body, valid_for, message_id=uuid4(), attempt_id=uuid4())


HELLO = text_of("Hello")


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


def test_texts_to_one_number_arrive_in_their_order_beside_those_to_others() -> None:
    phones = Phones()

    def dawdle(fields: dict[str, str]) -> None:
        if fields["Body"].endswith("first"):
            time.sleep(0.05)  # the second would overtake it

    phones.misbehave = dawdle
    numbers = [f"+121255501{place:02}" for place in range(5)]
    texts = [text_of(f"{number} {place}", to=number) for place in ("first", "second") for number in numbers]
    with serve(phones) as url:
        sender_at(url).send_wave(texts)
    for number in numbers:
        assert [text.body for text in phones.texts if text.to == number] == [f"{number} first", f"{number} second"]


@pytest.mark.parametrize(("code", "calls"), [(21610, 1), (21614, 1), (21617, 2)])
def test_after_a_refusal_of_the_number_its_further_texts_are_not_sent(code: int, calls: int) -> None:
    phones = Phones()
    seen: list[str] = []

    def refuse(fields: dict[str, str]) -> HttpAnswer | None:
        seen.append(fields["To"])
        return HttpAnswer(400, {"code": code, "status": 400}) if fields["To"] == HELLO.to else None

    phones.misbehave = refuse
    with serve(phones) as url:
        texts = [text_of("one"), text_of("two"), text_of("three", to="+12125550102")]
        outcomes = sender_at(url).send_wave(texts)
    assert (seen.count(HELLO.to), outcomes[2].kind) == (calls, OutcomeKind.ACCEPTED)
    assert outcomes[1].called == (calls == 2)


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


def test_an_api_key_sends_with_the_account_in_the_path() -> None:
    key = {"twilio_api_key_sid": API_KEY_SID, "twilio_api_key_secret": API_KEY_SECRET}
    phones = Phones()
    with serve(phones) as url:
        # The key wins over a token: where both are set, what sends does not need the token.
        for token in (None, "wrong"):
            (outcome,) = sender_at(url, twilio_auth_token=token, **key).send_wave([HELLO])
            assert outcome.kind is OutcomeKind.ACCEPTED
        (outcome,) = sender_at(url, **{**key, "twilio_api_key_secret": "wrong"}).send_wave([HELLO])
    assert (outcome.kind, outcome.code, len(phones.texts)) == (OutcomeKind.REFUSED, 20003, 2)


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


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        *((status, OutcomeKind.UNKNOWN) for status in (300, 302, 399, 408, 500, 501, 502, 503, 599)),
        *((status, OutcomeKind.REFUSED) for status in (400, 401, 407, 409, 429, 499)),
    ],
)
def test_an_answer_that_is_neither_yes_nor_no_may_have_sent_it(status: int, kind: OutcomeKind) -> None:
    phones = Phones()
    phones.misbehave = lambda _fields: HttpAnswer(status, {"message": "?"})
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert (outcome.kind, outcome.code) == (kind, status)


def test_after_three_calls_without_an_answer_no_more_of_the_wave_start() -> None:
    phones = Phones()
    calls: list[dict[str, str]] = []

    def fail(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return HttpAnswer(503, {})

    phones.misbehave = fail
    with serve(phones) as url:
        sender = sender_at(url, twilio_parallel_calls=1)
        outcomes = sender.send_wave([text_of(str(number), to=f"+121255501{number:02}") for number in range(50)])
    assert len(calls) == 3
    assert [outcome.called for outcome in outcomes] == [True] * 3 + [False] * 47
    assert {outcome.kind for outcome in outcomes[3:]} == {OutcomeKind.NOT_SENT}


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


def test_a_connection_is_used_again_unless_it_was_idle_for_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time passes between two calls; the second one is idle time since the first, not since the client was made."""
    connects: list[float] = []
    connect = http._socket_to

    def count(host: str, port: int, time_left: Countdown) -> socket.socket:
        connects.append(time.time())
        return connect(host, port, time_left)

    monkeypatch.setattr(http, "_socket_to", count)
    with serve(Phones()) as url, time_machine.travel(NOW, tick=False) as clock:
        client = http.UnrepeatedClient(url, timeout=0.5, connections=1)
        began = time.time()
        for pause in (0, 15, 20, 21, 15):
            clock.shift(pause)
            with suppress(http.ErrorAnswer):
                client.request("GET", f"{url}/")
    assert [at - began for at in connects] == [0, 56]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (WITH_LENGTH, OutcomeKind.ACCEPTED),
        (b"HTTP/1.1 201 Created\r\n\r\n" + ACCEPTED, OutcomeKind.ACCEPTED),  # it ends with the connection
        (b"HTTP/1.0 201 Created\r\nContent-Length: 14\r\n\r\n" + ACCEPTED, OutcomeKind.ACCEPTED),
        (b"HTTP/1.1 201 Created\r\nConnection: close\r\nContent-Length: 14\r\n\r\n" + ACCEPTED, OutcomeKind.ACCEPTED),
        (
            b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n" + ACCEPTED + b"\r\n0\r\n\r\n",
            OutcomeKind.ACCEPTED,
        ),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + WITH_LENGTH, OutcomeKind.ACCEPTED),
        (b"HTTP/1.1 201 Created\r\nTransfer-Encoding: chunked\r\n\r\ne\r\n" + ACCEPTED, OutcomeKind.UNKNOWN),
        (b"HTTP/1.1 201 Created\r\nContent-Length: 15\r\n\r\n" + ACCEPTED, OutcomeKind.UNKNOWN),
        (b"HTTP/1.1 201 Created\r\nX: " + b"x" * 70_000, OutcomeKind.UNKNOWN),
        (b"HTTP/1.1 201 Created\r\n" + b"X: x\r\n" * 200 + b"\r\n", OutcomeKind.UNKNOWN),
        (b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", OutcomeKind.UNKNOWN),
        (b"HTTP/1.1 204 No Content\r\n\r\n", OutcomeKind.UNKNOWN),
        (b"SMTP\r\n", OutcomeKind.UNKNOWN),
        (b"", OutcomeKind.UNKNOWN),
        (None, OutcomeKind.UNKNOWN),
    ],
)
def test_only_a_whole_answer_that_says_so_is_accepted(answer: bytes | None, kind: OutcomeKind) -> None:
    with raw_server([answer], ends_connection=True) as (url, connections):
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert (outcome.kind, len(connections)) == (kind, 1), "one request, whatever came"


def test_an_answer_whose_headers_drip_is_cut_at_the_deadline() -> None:
    with raw_server([WITH_LENGTH], ends_connection=True, drip=0.2) as (url, connections):
        started = time.monotonic()
        (outcome,) = sender_at(url).send_wave([HELLO])
        assert time.monotonic() - started < 10
    assert (outcome.kind, len(connections)) == (OutcomeKind.UNKNOWN, 1)


@pytest.mark.parametrize(
    ("first", "later", "ends_connection", "used_again"),
    [
        (WITH_LENGTH, b"", False, True),
        (WITH_LENGTH, b"", True, False),  # the server ends the idle connection
        (WITH_LENGTH, b"HTTP/1.1 500 Late\r\nContent-Length: 0\r\n\r\n", False, False),  # an answer to no request
        (WITH_LENGTH.replace(b"\r\n", b"\r\nConnection: close\r\n", 1), b"", False, False),
    ],
)
def test_a_connection_on_which_something_came_meanwhile_is_not_used_again(
    first: bytes, later: bytes, ends_connection: bool, used_again: bool
) -> None:
    with raw_server([first, WITH_LENGTH], ends_connection=ends_connection, later=later) as (url, connections):
        sender = sender_at(url)
        (outcome,) = sender.send_wave([HELLO])
        time.sleep(0.2)  # what the server does after its answer arrives
        (second,) = sender.send_wave([HELLO])
    assert (outcome.kind, second.kind) == (OutcomeKind.ACCEPTED, OutcomeKind.ACCEPTED)
    assert connections == ([0, 0] if used_again else [0, 1])


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "http://no-such-host.invalid", "https://{plain}"])
def test_without_a_connection_nothing_was_sent(address: str) -> None:
    """A refusal, a name without an address, and a server that speaks no TLS."""
    with raw_server([WITH_LENGTH], ends_connection=True) as (url, _):
        (outcome,) = sender_at(address.format(plain=url.removeprefix("http://"))).send_wave([HELLO])
    assert outcome.kind is OutcomeKind.NOT_SENT


UNREADABLE_CODES: list[object] = ["none", "", None, 0, -1, 2**31, 1e400, "9" * 5000, [], {"code": 1}]


@pytest.mark.parametrize("status", [400, 429])
@pytest.mark.parametrize(
    ("code", "read"), [("21211", 21211), (21211.0, 21211), *((code, None) for code in UNREADABLE_CODES)]
)
def test_a_code_in_any_form_is_one_that_the_database_holds(status: int, code: object, read: int | None) -> None:
    """The settlement of the whole wave is one statement, which a code that is no integer would fail."""
    phones = Phones()
    phones.misbehave = lambda _fields: HttpAnswer(status, {"code": code, "status": status})
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert (outcome.kind, outcome.code, outcome.status) == (OutcomeKind.REFUSED, read or status, status)
    assert type(outcome.code) is int


@pytest.mark.parametrize(
    ("status", "in_body", "kind"),
    [
        (400, "400", OutcomeKind.REFUSED),
        (400, None, OutcomeKind.REFUSED),
        (400, "no", OutcomeKind.REFUSED),
        (503, 403, OutcomeKind.UNKNOWN),
    ],
)
def test_the_status_of_an_answer_is_that_of_http(status: int, in_body: object, kind: OutcomeKind) -> None:
    """Of problem details (RFC 9457) the SDK takes the status in the body, whatever it is."""
    phones = Phones()
    phones.misbehave = lambda _fields: HttpAnswer(status, {"type": "", "title": "", "status": in_body, "code": 20003})
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert (outcome.kind, outcome.code) == (kind, 20003)


@pytest.mark.parametrize("body", [[], None, "x", {}, *({"sid": sid} for sid in ("", 5, ["SM1"], "SM\0", "\ud800"))])
def test_an_answer_without_an_id_may_have_sent_it(body: object) -> None:
    phones = Phones()
    phones.misbehave = lambda _fields: HttpAnswer(201, body)
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert (outcome.kind, outcome.sid) == (OutcomeKind.UNKNOWN, None)


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


def test_a_text_is_known_by_its_sender_its_number_and_its_words() -> None:
    api, service = "https://api.example.com", {"twilio_messaging_service_sid": SERVICE_SID}
    texts = [HELLO, text_of("Hello!"), text_of("Hello", to="+12125550102")]
    senders = [sender_at(api), sender_at(api, twilio_phone_number="+12125550198"), sender_at(api, **service)]
    assert len({sender.fingerprint(text) for sender in senders for text in texts}) == 9
    assert sender_at(api, **service, twilio_phone_number=None).fingerprint(HELLO) == senders[2].fingerprint(HELLO)
    assert senders[0].fingerprint(HELLO) == senders[0].fingerprint(text_of("Hello", valid_for=60))
