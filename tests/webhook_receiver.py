"""An HTTPS server that receives events as an owner's program does: it verifies each signature, and can misbehave."""

import base64
import hashlib
import hmac
import json
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KEY = b"k" * 32
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
# A receiver refuses what is older (Standard Webhooks, Verifying signatures: some tolerance).
TOLERANCE_SECONDS = 300


class Receiver:
    """What came, and how the next requests are answered."""

    url = ""

    def __init__(self) -> None:
        self.reset(lambda: datetime.now(UTC))

    def reset(self, now: Callable[[], datetime]) -> None:
        """Forget everything, and behave well; `now` is the receiver's clock."""
        self.now = now
        self.bodies: list[dict[str, Any]] = []
        self.ids: list[str] = []
        self.paths: list[str] = []
        self.answers: list[tuple[int, dict[str, str]]] = []
        self.delay_seconds = 0.0
        self.drip_seconds = 0.0

    def receive(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str]]:
        """Verify one request as the specification asks, keep it, and answer it."""
        self.paths.append(path)
        if self.delay_seconds:
            time.sleep(self.delay_seconds)
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        expected = base64.b64encode(hmac.new(KEY, signed, hashlib.sha256).digest()).decode()
        age = abs(self.now().timestamp() - int(headers["webhook-timestamp"]))
        if f"v1,{expected}" not in headers["webhook-signature"].split(" ") or age > TOLERANCE_SECONDS:
            return 401, {}
        if self.answers:
            status, more = self.answers.pop(0)
            if status != 200:
                return status, more
        self.ids.append(headers["webhook-id"])
        self.bodies.append(json.loads(body))
        return 200, {}


@contextmanager
def receiver_at_localhost(folder: Path) -> Iterator[Receiver]:
    """Serve a receiver over TLS; `folder/ca.pem` is what a client has to trust."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            status, more = receiver.receive(self.path, headers, body)
            if receiver.drip_seconds:
                self._drip(f"HTTP/1.1 {status} OK\r\nContent-Length: 0\r\n\r\n".encode())
                return
            self.send_response(status)
            for name, value in {**more, "Content-Length": "0"}.items():
                self.send_header(name, value)
            self.end_headers()

        def _drip(self, answer: bytes) -> None:
            """Answer a byte at a time, so that no read of the client times out."""
            for byte in answer:
                time.sleep(receiver.drip_seconds / len(answer))
                self.wfile.write(bytes([byte]))

        def log_message(self, *_arguments: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate_for_localhost(folder))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    receiver.url = f"https://localhost:{server.server_address[1]}/agents?of=texts"
    yield receiver
    server.shutdown()
    server.server_close()


def certificate_for_localhost(folder: Path) -> Path:
    """A certificate for localhost that signs itself, with its key; `folder/ca.pem` is what a client has to trust."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    names = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2020, 1, 1, tzinfo=UTC) + timedelta(days=36_500))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    no_encryption = serialization.NoEncryption()
    formats = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, no_encryption)
    (folder / "server.pem").write_bytes(key.private_bytes(*formats) + pem)
    return folder / "server.pem"
