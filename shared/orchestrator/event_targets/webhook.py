"""Posts events to an HTTPS address of the owner's, signed as Standard Webhooks 1.0.0 describes.

The specification: github.com/standard-webhooks/standard-webhooks, spec/standard-webhooks.md.
"""

import ipaddress
import socket
from base64 import b64encode
from collections.abc import Sequence
from concurrent.futures import wait
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from hmac import HMAC
from urllib.parse import urlsplit
from uuid import UUID

import urllib3

from orchestrator.clock import Countdown
from orchestrator.errors import SettingsError
from orchestrator.event_settings import WebhookKeySettings, keys_of
from orchestrator.event_targets.answers import Refusal, TargetAnswer, body_of
from orchestrator.settings import load
from orchestrator.store.events import Event
from orchestrator.thread_pools import pool_without_wait

# Where an EC2 host's metadata are by IPv6, in no link-local range (docs.aws.amazon.com, EC2, Instance metadata access).
METADATA_IPV6 = ipaddress.ip_address("fd00:ec2::254")
# What a NAT gateway translates into the IPv4 address in its last four bytes (RFC 6052, section 2.1;
# docs.aws.amazon.com, VPC, DNS64 and NAT64).
NAT64 = ipaddress.ip_network("64:ff9b::/96")
# Calls side by side.
AT_ONCE = 8
HTTPS_PORT = 443
# The most seconds for which an answer (`Retry-After`) may put an event off.
LONGEST_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class _Address:
    """Where the host of the URL is, and what its requests name."""

    ip: str
    port: int
    host: str
    target: str


class _NotAllowed(Exception):
    """The host has no address that may be called."""


def post_events(
    url: str, events: Sequence[Event], now: datetime, time_left: Countdown, *, private_network: bool
) -> TargetAnswer:
    """Post each event once, side by side, and follow no redirect.

    Only an answer of 200 to 299 takes an event (Standard Webhooks, Delivery success and failure).

    Args:
        now: the time in the signature, by which a receiver recognises old requests.
        time_left: what has no answer by then counts as refused; it may have arrived, and comes again with the same id.
        private_network: whether the host may have an address that is not public.
    """
    if time_left() <= 0:
        return TargetAnswer([])
    try:
        keys = keys_of(load(WebhookKeySettings).reply_webhook_secret)
    except SettingsError:
        return _all_refused(events, "REPLY_WEBHOOK_SECRET")
    with pool_without_wait(AT_ONCE) as pool:
        # The resolver has no timeout of its own.
        lookup = pool.submit(_find_address, url, private_network=private_network)
        wait([lookup], timeout=time_left())
        if not lookup.done():
            return _all_refused(events, "dns_timeout")
        if isinstance(error := lookup.exception(), _NotAllowed):
            return _all_refused(events, "private_address")
        if error is not None:
            return _all_refused(events, "unknown_host")
        address = lookup.result()
        connections = _connections_to(address, time_left())
        calls = {
            pool.submit(_post, connections, address, event, keys, now): event for event in events if time_left() > 0
        }
        wait(calls, timeout=max(0.0, time_left()))
        taken: list[UUID] = []
        refused: dict[UUID, Refusal] = {}
        for call, event in calls.items():
            if call.cancel():
                continue  # it waited for its turn, and was not tried
            refusal = call.result() if call.done() else Refusal("timeout")
            if refusal is None:
                taken.append(event.id)
            else:
                refused[event.id] = refusal
    return TargetAnswer(taken, refused)


def sign(event_id: str, at: datetime, body: str, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers that identify and sign a request (Standard Webhooks, Signature scheme and Webhook headers).

    Args:
        keys: two during a rotation; the receiver accepts a signature with either.
    """
    timestamp = str(int(at.timestamp()))
    content = f"{event_id}.{timestamp}.{body}".encode()
    signatures = [f"v1,{b64encode(HMAC(key, content, sha256).digest()).decode()}" for key in keys]
    return {"webhook-id": event_id, "webhook-timestamp": timestamp, "webhook-signature": " ".join(signatures)}


def _all_refused(events: Sequence[Event], error: str) -> TargetAnswer:
    return TargetAnswer([], {event.id: Refusal(error) for event in events})


def _find_address(url: str, *, private_network: bool) -> _Address:
    """Look the host up, once for all calls: the address that was checked is the one that is called.

    Raises:
        _NotAllowed: it has no address that may be called.
        OSError: it has none.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or HTTPS_PORT
    target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    # IPv4 first: by default a function has no way out by IPv6.
    for *_, (ip, *_) in sorted(found, key=lambda entry: entry[0] != socket.AF_INET):
        if _may_be_called(str(ip), private_network=private_network):
            return _Address(str(ip), port, parts.netloc, target)
    raise _NotAllowed


def _may_be_called(ip: str, *, private_network: bool) -> bool:
    """Whether an address is public, or of a private network where the owner allows that.

    The metadata of a host and the credentials of a container are never called; most of them are link-local addresses.
    """
    address = _reached_address(ipaddress.ip_address(ip.partition("%")[0]))
    if address == METADATA_IPV6 or address.is_link_local or address.is_multicast or address.is_unspecified:
        return False
    return address.is_global or (private_network and address.is_private)


def _reached_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The IPv4 address that an IPv6 address stands for: mapped, 6to4 (RFC 3056), or NAT64; any other as it is."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _connections_to(address: _Address, seconds: float) -> urllib3.HTTPSConnectionPool:
    host = urlsplit(f"https://{address.host}").hostname
    return urllib3.HTTPSConnectionPool(
        address.ip,
        address.port,
        maxsize=AT_ONCE,
        retries=False,
        timeout=urllib3.Timeout(total=seconds),
        server_hostname=host,
        assert_hostname=host,
    )


def _post(
    connections: urllib3.HTTPSConnectionPool, address: _Address, event: Event, keys: Sequence[bytes], now: datetime
) -> Refusal | None:
    """Post one event; None where it was taken."""
    body = body_of(event)
    headers = {
        "Host": address.host,
        "Content-Type": "application/json",
        "User-Agent": "message-orchestrator",
        **sign(str(event.id), now, body, keys),
    }
    try:
        answer = connections.urlopen(
            "POST", address.target, body=body.encode(), headers=headers, redirect=False, preload_content=False
        )
    except urllib3.exceptions.NewConnectionError:  # counts as a timeout in urllib3
        return Refusal("unreachable")
    except urllib3.exceptions.TimeoutError:
        return Refusal("timeout")
    except urllib3.exceptions.SSLError:
        return Refusal("tls")
    except (urllib3.exceptions.HTTPError, OSError):
        return Refusal("unreachable")
    answer.close()  # the status decides, and what follows it may never end
    if 200 <= answer.status < 300:
        return None
    return Refusal(f"http_{answer.status}", _seconds_of(answer.headers.get("Retry-After")))


def _seconds_of(retry_after: str | None) -> float:
    """The `Retry-After` header in seconds; its other form, a date, counts as not given."""
    try:
        return min(max(0.0, float(retry_after or 0)), LONGEST_WAIT)
    except ValueError:
        return 0.0
