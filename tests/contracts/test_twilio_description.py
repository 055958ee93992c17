"""Our requests to Twilio are held to Twilio's OpenAPI description, which a mock server (Prism) checks them against.

The description is the one of github.com/twilio/twilio-oai, as the npm package @twilio/cli-core has it. `.ci/run` installs
both and names them in the environment.
"""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
import urllib3

from orchestrator.rules.number_check import NumberAnswer
from orchestrator.settings import SenderSettings
from orchestrator.sms.erase import TwilioTextEraser
from orchestrator.sms.lookup import LookupResult, NumberQuestion, look_up
from orchestrator.sms.message_list import TwilioMessageList
from orchestrator.sms.outcomes import OutcomeKind
from orchestrator.sms.sender import Sms, TwilioSender
from orchestrator_cli.service_checks import check_twilio
from orchestrator_local.processes import free_port
from orchestrator_local.stand_ins.http import serve
from orchestrator_local.stand_ins.phones import ACCOUNT_SID, AUTH_TOKEN, SENDER, Phones
from orchestrator_local.stand_ins.twilio_account import SERVICE_SID

PRISM = os.environ.get("PRISM", "")
DESCRIPTIONS = os.environ.get("TWILIO_DESCRIPTIONS", "")
pytestmark = pytest.mark.skipif(not (PRISM and DESCRIPTIONS), reason="needs PRISM and TWILIO_DESCRIPTIONS")

_ACCOUNT = "/2010-04-01/Accounts/{AccountSid}"
# What we call, by description.
PATHS = {
    "twilio_api_v2010": (
        "/2010-04-01/Accounts/{Sid}.json",
        f"{_ACCOUNT}/Messages.json",
        f"{_ACCOUNT}/Messages/{{Sid}}.json",
        f"{_ACCOUNT}/Messages/{{MessageSid}}/Media.json",
        f"{_ACCOUNT}/Messages/{{MessageSid}}/Media/{{Sid}}.json",
        f"{_ACCOUNT}/IncomingPhoneNumbers.json",
    ),
    "twilio_messaging_v1": (
        "/v1/Services",
        "/v1/Services/{ServiceSid}/PhoneNumbers",
        "/v1/Services/{MessagingServiceSid}/Compliance/Usa2p",
        "/v1/Tollfree/Verifications",
    ),
    "twilio_lookups_v2": ("/v2/PhoneNumbers/{PhoneNumber}",),
}
START_SECONDS = 30.0
SENDERS: list[dict[str, str]] = [
    {},
    {"twilio_messaging_service_sid": SERVICE_SID},
    {"webhook_base_url": "https://hooks.example.com/stage"},
]


def description() -> dict[str, Any]:
    """The descriptions as one, with the paths that we call."""
    described: dict[str, Any] = {}
    for name, paths in PATHS.items():
        whole = json.loads((Path(DESCRIPTIONS) / f"{name}.json").read_text())
        if not described:
            described = {**whole, "paths": {}, "components": deepcopy(whole["components"])}
        described["paths"] |= {path: whole["paths"][path] for path in paths}
        described["components"]["schemas"] |= whole["components"]["schemas"]
    # Prism checks its own answers, too, and some examples in the description are not as they are described.
    _loosen_answers([described["components"], *described["paths"].values()])
    for path in described["paths"].values():
        path.pop("servers", None)
    _keep_answers_about_owners(described["paths"]["/v2/PhoneNumbers/{PhoneNumber}"])
    # The bounds stand in the description's words alone.
    fields_of_a_text(described)["ValidityPeriod"] |= {"minimum": 1, "maximum": 36_000}
    return described


def fields_of_a_text(described: dict[str, Any]) -> dict[str, Any]:
    """The fields of a request for a text."""
    form = described["paths"][f"{_ACCOUNT}/Messages.json"]["post"]["requestBody"]["content"]
    fields: dict[str, Any] = form["application/x-www-form-urlencoded"]["schema"]["properties"]
    return fields


def _loosen_answers(part: Any) -> None:
    """Remove formats, patterns and lengths from all but what we send."""
    if isinstance(part, dict):
        for name in ("format", "pattern", "minLength"):
            if isinstance(part.get(name), str | int):
                del part[name]
        for name, inner in part.items():
            if name not in ("requestBody", "parameters"):
                _loosen_answers(inner)
    elif isinstance(part, list):
        for inner in part:
            _loosen_answers(inner)


def _keep_answers_about_owners(lookup: dict[str, Any]) -> None:
    """Keep the examples that answer our question; their nulls are not described."""
    content = lookup["get"]["responses"]["200"]["content"]["application/json"]
    content["examples"] = {
        name: {"value": _without_nulls(example["value"])}
        for name, example in content["examples"].items()
        if example["value"]["reassigned_number"]
    }


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_nulls(inner) for name, inner in value.items() if inner is not None}
    return value


@pytest.fixture(scope="module")
def twilio(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the mock server."""
    file = tmp_path_factory.mktemp("twilio") / "twilio.json"
    file.write_text(json.dumps(description()))
    port = free_port()
    server = subprocess.Popen([PRISM, "mock", "--errors", "--port", str(port), str(file)])
    address = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib3.request("GET", address, retries=False)
                break
            except urllib3.exceptions.HTTPError:
                assert time.monotonic() < until, "Prism did not start"
                time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait()


def settings_for(twilio: str, **changes: object) -> SenderSettings:
    fields = {
        "twilio_account_sid": ACCOUNT_SID,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_phone_number": SENDER,
        "twilio_api_base_url": twilio,
        **changes,
    }
    return SenderSettings.model_validate(fields)


def post(twilio: str, fields: dict[str, str], *, with_credentials: bool = True) -> int:
    """Create a message without our code; returns the status."""
    headers = urllib3.make_headers(basic_auth=f"{ACCOUNT_SID}:{AUTH_TOKEN}") if with_credentials else {}
    url = f"{twilio}/2010-04-01/Accounts/{ACCOUNT_SID}/Messages.json"
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    return urllib3.request("POST", url, body=urlencode(fields), headers={**headers, **form}, retries=False).status


def test_the_mock_server_refuses_what_is_not_described(twilio: str) -> None:
    good = {"To": "+12125550101", "From": SENDER, "Body": "Hello"}
    assert post(twilio, good) == 201
    assert post(twilio, good, with_credentials=False) == 401
    assert post(twilio, {"From": SENDER, "Body": "Hello"}) == 422
    assert post(twilio, {**good, "ValidityPeriod": "36001"}) == 422
    assert post(twilio, {**good, "MessagingServiceSid": "MG1"}) == 422


@pytest.mark.parametrize("sender", SENDERS, ids=["number", "service", "webhook"])
@pytest.mark.parametrize("valid_for", [-5, 3_600, 10**6])
def test_each_request_for_a_text_is_one_that_is_described(twilio: str, sender: dict[str, str], valid_for: int) -> None:
    sms = Sms("+12125550101", "Hello 👋 & = +\n", valid_for, message_id=uuid4(), attempt_id=uuid4())
    (outcome,) = TwilioSender(settings_for(twilio, **sender)).send_wave([sms])
    assert outcome.kind is OutcomeKind.ACCEPTED, outcome
    assert outcome.sid


def test_each_field_that_we_send_is_described() -> None:
    """Prism lets a field pass that is not described."""
    seen: list[dict[str, str]] = []
    phones = Phones()
    phones.misbehave = seen.append  # it gives None: behave
    sms = Sms("+12125550101", "Hello", 3_600, message_id=uuid4(), attempt_id=uuid4())
    with serve(phones) as url:
        for sender in SENDERS:
            TwilioSender(settings_for(url, **sender)).send_wave([sms])
    assert len(seen) == len(SENDERS)
    assert {name for fields in seen for name in fields} <= fields_of_a_text(description()).keys()


def test_each_request_for_the_list_is_one_that_is_described(twilio: str) -> None:
    messages = TwilioMessageList(settings_for(twilio))
    assert messages.is_readable()
    assert isinstance(messages.texts_to(["+12125550101"]), list)
    assert isinstance(next(messages.texts_since(datetime(2020, 1, 1, tzinfo=UTC)), None), object)


def test_each_request_to_delete_a_text_is_one_that_is_described(twilio: str) -> None:
    assert TwilioTextEraser(settings_for(twilio)).erase("SM" + "0" * 32)


def test_each_question_about_a_number_is_one_that_is_described(twilio: str) -> None:
    (result,) = look_up([NumberQuestion("+12125550101", date(2026, 1, 10))], settings_for(twilio))
    assert result == LookupResult(NumberAnswer.OTHER_OWNER), "the first of the examples"


@pytest.mark.parametrize(
    "variables",
    [
        {"TWILIO_PHONE_NUMBER": SENDER},
        {"TWILIO_PHONE_NUMBER": "+18005550100"},
        {"TWILIO_MESSAGING_SERVICE_SID": SERVICE_SID},
    ],
    ids=lambda variables: next(iter(variables)),
)
def test_each_request_of_doctor_is_one_that_is_described(
    twilio: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    common = {
        "TWILIO_ACCOUNT_SID": ACCOUNT_SID,
        "TWILIO_AUTH_TOKEN": AUTH_TOKEN,
        "TWILIO_API_BASE_URL": twilio,
        "TWILIO_PHONE_NUMBER": "",
        "TWILIO_MESSAGING_SERVICE_SID": "",
    }
    for name, value in {**common, **variables}.items():
        monkeypatch.setenv(name, value)
    results = list(check_twilio())
    assert results[0].detail == "active"
    assert not [result for result in results if "HTTP" in result.detail or "cannot be reached" in result.detail]
