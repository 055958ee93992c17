"""The console answers only its own page on this machine, and shows no secret."""

import json
import urllib.error
import urllib.request

import pytest

from orchestrator_local.stack import Stack
from orchestrator_local.stand_ins import claude, phones

PAGE_HEADERS = {"x-console": "1", "content-type": "application/json"}


def fetch(address: str, path: str = "/", body: object = None, **headers: str) -> tuple[int, str, dict[str, str]]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(f"{address}{path}", data, headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), dict(error.headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "evil.example"},
        {"Host": "evil.example:8400"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_other_hosts_and_other_sites_are_refused(address: str, headers: dict[str, str]) -> None:
    assert fetch(address, **headers)[0] == 403
    assert fetch(address, "/time", {"do": "step"}, **PAGE_HEADERS, **headers)[0] == 403


def test_a_form_of_another_site_changes_nothing(address: str, stack: Stack) -> None:
    before = stack.clock()
    status, _, _ = fetch(address, "/time", {"do": "step", "minutes": 60}, **{"content-type": "text/plain"})
    assert status == 403
    assert (stack.clock() - before).total_seconds() < 60


def test_its_own_page_may_act(address: str) -> None:
    status, answer, _ = fetch(address, "/time", {"do": "step"}, **PAGE_HEADERS, Origin=address)
    assert (status, "result" in answer) == (200, True)


def test_it_listens_only_on_this_machine(address: str) -> None:
    assert address.startswith("http://127.0.0.1:")


def test_no_frame_and_no_script_of_another_site(address: str) -> None:
    _, _, headers = fetch(address)
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_page_loads_nothing_from_other_sites(address: str) -> None:
    for path in ("/", "/static/console.css", "/static/console.js"):
        status, text, _ = fetch(address, path)
        assert status == 200
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text


def test_it_shows_no_secret(address: str, stack: Stack) -> None:
    with urllib.request.urlopen(f"{address}/live", timeout=10) as live:
        fragments = live.readline() + live.readline()
    shown = fetch(address)[1] + fragments.decode()
    for secret in (phones.AUTH_TOKEN, claude.API_KEY, stack.database_url):
        assert secret not in shown


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/time", {"do": "fly"}, "none of speed, step and jump"),
        ("/time", {"do": "speed", "speed": 7}, "speed: 7"),
        ("/time", {"do": "jump", "at": "late", "zone": "America/New_York"}, "at: is no time"),
        ("/time", {"do": "jump", "at": "08:00", "zone": "Mars"}, "zone: 'Mars'"),
        ("/kill", {"function": "init"}, "there is no 'init'"),
        ("/faults", {"twilio": "happy"}, "happy"),
        ("/write", {"user_id": "user_unknown", "text": "Hi"}, "No user has the id"),
        ("/publish", {"user_id": "user_ada", "agent_id": "system", "message_data": "[]"}, "message_data"),
    ],
)
def test_an_invalid_value_is_named(address: str, path: str, body: dict[str, object], error: str) -> None:
    status, answer, _ = fetch(address, path, body, **PAGE_HEADERS)
    assert status == 422
    assert error in json.loads(answer)["error"]


def test_the_operators_pages_stand_beside_the_page_of_the_local_stack(address: str) -> None:
    assert 'href="/stack/messages"' in fetch(address)[1]
    for path in ("messages", "people", "agents", "trouble", "numbers", "base/pages.css"):
        status, text, _ = fetch(address, f"/stack/{path}")
        assert status == 200, path
        assert path == "base/pages.css" or 'href="/">Phones and clock' in text
    assert fetch(address, "/stack/ask/pause", {})[0] == 403
