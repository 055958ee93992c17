"""Connections to Twilio: their deadlines, what TLS proves, and when a connection is used again."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from orchestrator.sms import http
from orchestrator.sms.outcomes import OutcomeKind
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.stand_ins.phones import Phones
from tests.raw_server import ACCEPTED, WITH_LENGTH, raw_server
from tests.unit.test_sender import HELLO, sender_at, text_of
from tests.webhook_receiver import certificate_for_localhost


def headed(*headers: str, content: bytes = ACCEPTED, status: str = "201 Created") -> bytes:
    return "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode() + content


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server at localhost speaks TLS with; the client trusts its certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_for_localhost(tmp_path))
    context.set_alpn_protocols(["h2", "http/1.1"])
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return context


@contextmanager
def silent_addresses(monkeypatch: pytest.MonkeyPatch, number: int) -> Iterator[str]:
    """A host name with addresses that do not answer a connection; yields its URL."""
    with ExitStack() as stack:
        server = stack.enter_context(socket.create_server(("127.0.0.1", 0), backlog=0))
        for _ in range(3):  # its queue is full: the system drops what else wants to connect
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(server.getsockname())
        address = (socket.AF_INET, socket.SOCK_STREAM, 6, "", server.getsockname())
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [address] * number)
        yield f"http://twilio.example:{server.getsockname()[1]}"


def test_the_addresses_of_a_host_share_the_time_for_a_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    with silent_addresses(monkeypatch, 20) as url:
        started = time.monotonic()
        (outcome,) = sender_at(url).send_wave([HELLO])
        assert time.monotonic() - started < 5
    assert outcome.kind is OutcomeKind.NOT_SENT


def test_a_name_that_takes_the_time_of_a_connection_was_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    look_up = socket.getaddrinfo

    def look_up_late(*arguments: Any, **options: Any) -> Any:
        time.sleep(0.6)
        return look_up(*arguments, **options)

    phones = Phones()
    with serve(phones) as url, silent_addresses(monkeypatch, 1) as silent:
        monkeypatch.setattr(socket, "getaddrinfo", look_up_late)
        (outcome,) = sender_at(silent).send_wave([HELLO])
        (late,) = sender_at(url).send_wave([HELLO])
    assert (outcome.kind, late.kind, phones.texts) == (OutcomeKind.NOT_SENT, OutcomeKind.NOT_SENT, [])


def test_the_next_address_of_a_host_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    with serve(Phones()) as url, socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
        closed.close()
        port = int(url.rpartition(":")[2])
        tcp = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        addresses = [(*tcp, dead), (*tcp, ("127.0.0.1", port))]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: addresses)
        (outcome,) = sender_at(f"http://twilio.example:{port}").send_wave([HELLO])
    assert outcome.kind is OutcomeKind.ACCEPTED


def test_a_connection_and_its_answer_end_within_one_deadline(tls: ssl.SSLContext) -> None:
    """A wave begins a call where the invocation has this time left, and not more."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def connect_late_and_stay_silent() -> None:
            plain, _ = server.accept()
            time.sleep(1.2)
            connection = tls.wrap_socket(plain, server_side=True)
            while connection.recv(1000):
                pass

        threading.Thread(target=connect_late_and_stay_silent, daemon=True).start()
        sender = sender_at(f"https://localhost:{server.getsockname()[1]}", twilio_timeout_seconds=3)
        started = time.monotonic()
        (outcome,) = sender.send_wave([HELLO])
        assert time.monotonic() - started < 3.9
    assert outcome.kind is OutcomeKind.UNKNOWN


def test_an_answer_that_is_not_final_is_read_over() -> None:
    """RFC 9110 section 15.2. The second text would take the answer to the first for its own."""
    early = headed(status="103 Early Hints", content=b"")
    answers = [early + headed(status="102 Processing", content=b""), early]
    with raw_server(answers, ends_connection=False, later=WITH_LENGTH) as (url, connections):
        outcomes = sender_at(url, twilio_timeout_seconds=5).send_wave([text_of("a"), text_of("b")])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * 2
    assert connections == [0, 0]


@pytest.mark.parametrize(
    "answer",
    [
        headed(f"Content-Length: {10**30}"),
        headed(f"Content-Length: {10**15}"),
        headed("Transfer-Encoding: chunked", content=b"f" * 20 + b"\r\n"),
        headed(content=b" " * 40_000_000 + ACCEPTED),
    ],
)
def test_an_answer_that_is_too_long_may_have_sent_it(answer: bytes) -> None:
    with raw_server([answer], ends_connection=True) as (url, _):
        client = http.UnrepeatedClient(url, timeout=5, connections=1)
        with pytest.raises(http.MaybeSent):
            client.request("GET", f"{url}/")
    assert not any(client._idle.values())


@pytest.mark.parametrize(
    "base_url",
    ["http://user:pass%40word@127.0.0.1:{port}", "http://[::ffff:127.0.0.1]:{port}", "http://LOCALHOST:{port}"],
)
def test_an_address_may_have_a_login_and_an_ipv6_host(base_url: str) -> None:
    with serve(Phones()) as url:
        (outcome,) = sender_at(base_url.format(port=url.rpartition(":")[2])).send_wave([HELLO])
    assert outcome.kind is OutcomeKind.ACCEPTED


def test_a_text_goes_over_tls_to_the_named_host_alone(tls: ssl.SSLContext) -> None:
    with raw_server([WITH_LENGTH], ends_connection=False, tls=tls) as (url, connections):
        (outcome,) = sender_at(url, twilio_timeout_seconds=5).send_wave([HELLO])
        (other,) = sender_at(url.replace("localhost", "127.0.0.1"), twilio_timeout_seconds=5).send_wave([HELLO])
    assert (outcome.kind, other.kind, connections) == (OutcomeKind.ACCEPTED, OutcomeKind.NOT_SENT, [0])


def test_a_certificate_that_nobody_signed_gets_no_text(tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with raw_server([WITH_LENGTH], ends_connection=False, tls=tls) as (url, connections):
        (outcome,) = sender_at(url, twilio_timeout_seconds=5).send_wave([HELLO])
    assert (outcome.kind, connections) == (OutcomeKind.NOT_SENT, [])


def test_a_server_that_prefers_http_2_is_asked_for_http_1(tls: ssl.SSLContext) -> None:
    with raw_server([WITH_LENGTH], ends_connection=False, tls=tls) as (url, _):
        client = http.UnrepeatedClient(url, timeout=5, connections=1)
        client.request("GET", f"{url}/")
        ((connection, _),) = next(iter(client._idle.values()))
        assert isinstance(connection.sock, ssl.SSLSocket)
        assert connection.sock.selected_alpn_protocol() == "http/1.1"
        connection.close()


def test_what_tls_has_read_beyond_an_answer_ends_the_connection(tls: ssl.SSLContext) -> None:
    """The socket of the connection has nothing to read, and the next answer would begin with these bytes."""
    with raw_server([WITH_LENGTH + b"x" * 10_000, WITH_LENGTH], ends_connection=False, tls=tls) as (url, connections):
        outcomes = sender_at(url, twilio_timeout_seconds=5).send_wave([text_of("a"), text_of("b")])
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.ACCEPTED] * 2
    assert connections == [0, 1]


def test_fifty_calls_that_begin_together_load_the_certificates_once(
    tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded: list[None] = []
    create: Callable[..., Any] = ssl.create_default_context

    def load(*arguments: Any, **options: Any) -> Any:
        loaded.append(None)
        time.sleep(0.05)
        return create(*arguments, **options)

    monkeypatch.setattr(ssl, "create_default_context", load)
    with raw_server([WITH_LENGTH] * 50, ends_connection=False, tls=tls) as (url, connections):
        client = http.UnrepeatedClient(url, timeout=30, connections=50)
        with ThreadPoolExecutor(50) as pool:
            answers = list(pool.map(lambda _: client.request("GET", f"{url}/").status_code, range(50)))
    assert (len(loaded), answers, len(connections)) == (1, [201] * 50, 50)


def test_a_refusal_that_comes_before_the_whole_request_has_left_is_read() -> None:
    """A server in front of Twilio that limits calls need not read what it refuses."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def refuse_after_the_headers() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.sendall(
                headed("Content-Length: 0", "Retry-After: 3", status="429 Too Many Requests", content=b"")
            )
            connection.close()

        threading.Thread(target=refuse_after_the_headers, daemon=True).start()
        client = http.UnrepeatedClient(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=5, connections=1)
        with pytest.raises(http.ErrorAnswer) as refusal:
            client.request("POST", http.TWILIO_HOST, data={"Body": "x" * 30_000_000})
    assert (refusal.value.status, refusal.value.retry_after) == (429, 3.0)
    assert not any(client._idle.values()), "the rest of the request has not left"


def test_a_connection_that_ends_while_the_request_leaves_may_have_sent_it() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def end_after_the_headers() -> None:
            connection, _ = server.accept()
            connection.recv(100)
            connection.close()

        threading.Thread(target=end_after_the_headers, daemon=True).start()
        client = http.UnrepeatedClient(f"http://127.0.0.1:{server.getsockname()[1]}", timeout=5, connections=1)
        with pytest.raises(http.MaybeSent):
            client.request("POST", http.TWILIO_HOST, data={"Body": "x" * 30_000_000})
