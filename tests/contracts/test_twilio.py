"""What Twilio documents of its Messages API and its webhooks, and that our code lives with it; one test for each.

Pages are below www.twilio.com/docs. `test_twilio_description.py` holds our requests to Twilio's OpenAPI description.
"""

import base64
import hashlib
import hmac
import json
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
import urllib3
from pydantic import SecretStr

from orchestrator.aws.queues import records_of
from orchestrator.rules.intents import ClassifiedBy, Intent, intent_of
from orchestrator.rules.number_check import NumberAnswer
from orchestrator.settings import SenderSettings
from orchestrator.sms import message_list
from orchestrator.sms.erase import TwilioTextEraser
from orchestrator.sms.lookup import LookupResult, NumberQuestion, look_up
from orchestrator.sms.message_list import NotListed, TwilioMessageList, words_key
from orchestrator.sms.outcomes import Consequence, OutcomeKind, Scope, fault_of
from orchestrator.sms.requests import InboundText, StatusCallback, read_requests
from orchestrator.sms.sender import Sms, TwilioSender
from orchestrator.sms.signature import is_signed
from orchestrator_local.stand_ins.http import HttpAnswer, serve
from orchestrator_local.stand_ins.phones import ACCOUNT_SID, AUTH_TOKEN, SENDER, Phones, twilio_error
from orchestrator_local.stand_ins.twilio_account import SERVICE_SID
from orchestrator_local.stand_ins.twilio_lookup import lookup_answer
from tests.unit.test_clean_text import inbound
from tests.unit.test_sender import HELLO, sender_at, text_of
from tests.world import sqs_event, sqs_record

URL = "https://hooks.example.com/twilio/inbound"
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


def settings_at(url: str) -> SenderSettings:
    fields = {
        "twilio_account_sid": ACCOUNT_SID,
        "twilio_auth_token": AUTH_TOKEN,
        "twilio_phone_number": SENDER,
        "twilio_api_base_url": url,
    }
    return SenderSettings.model_validate(fields)


# The Message resource (messaging/api/message-resource) -------------------------------------------------------------------


@pytest.mark.parametrize(("sender", "status"), [({}, "queued"), ({"service": SERVICE_SID}, "accepted")])
def test_a_text_that_twilio_took_has_a_sid_and_is_queued_or_with_a_service_accepted(
    sender: dict[str, str], status: str
) -> None:
    phones = Phones()
    phones.misbehave = lambda fields: HttpAnswer(201, {**phones.accept(fields), "status": status})
    with serve(phones) as url:
        (outcome,) = sender_at(url, twilio_messaging_service_sid=sender.get("service")).send_wave([HELLO])
    assert (outcome.kind, outcome.sid) == (OutcomeKind.ACCEPTED, phones.texts[0].sid)


def test_a_text_names_its_number_or_its_service_and_with_neither_it_is_refused() -> None:
    """api/errors/21603"""
    phones = Phones()
    with serve(phones) as url:
        sender = sender_at(url)
        sender._settings = sender._settings.model_copy(update={"twilio_phone_number": None})
        (outcome,) = sender.send_wave([HELLO])
    assert (outcome.kind, outcome.code) == (OutcomeKind.REFUSED, 21603)


@pytest.mark.parametrize(("characters", "code"), [(1_600, None), (1_601, 21617)])
def test_a_body_has_at_most_1600_characters(characters: int, code: int | None) -> None:
    """api/errors/21617"""
    with serve(Phones()) as url:
        (outcome,) = sender_at(url).send_wave([text_of("x" * characters)])
    assert outcome.code == code


def test_a_text_leaves_twilio_within_its_validity_period_or_not_at_all() -> None:
    """Accepted values are 1 to 36,000 seconds; what waits for longer is not sent (api/errors/30036)."""
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([text_of("a", 10**6), text_of("b", 0)])
    assert [text.validity_period for text in phones.texts] == [36_000, 1]
    assert fault_of(30036).consequence is Consequence.DROPPED


def test_a_text_is_created_once_for_each_call_so_that_no_call_is_repeated() -> None:
    """There is no idempotency key (openapi/twilio_api_v2010, CreateMessage)."""
    phones = Phones()
    calls: list[dict[str, str]] = []

    def drop(fields: dict[str, str]) -> HttpAnswer:
        calls.append(fields)
        return HttpAnswer(201, phones.accept(fields), drop=True)

    phones.misbehave = drop
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert (len(calls), outcome.kind) == (1, OutcomeKind.UNKNOWN)


# The list of messages (messaging/api/message-resource, "Read multiple Message resources") --------------------------------


def test_a_list_comes_in_pages_newest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    """usage/twilios-response, "Response formats for list resources": `next_page_uri` leads to the next page."""
    monkeypatch.setattr(message_list, "PAGE_SIZE", 2)
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([text_of(str(number)) for number in range(5)])
        listed = list(TwilioMessageList(settings_at(url)).texts_since(LONG_AGO))
    assert sorted(text.body for text in listed) == ["0", "1", "2", "3", "4"]


def test_that_the_list_can_be_read_is_asked_with_one_request_for_one_text(monkeypatch: pytest.MonkeyPatch) -> None:
    phones = Phones()
    asked: list[dict[str, str]] = []
    answer = phones._list

    def note_and_answer(query: dict[str, str]) -> dict[str, object]:
        asked.append(query)
        return answer(query)

    monkeypatch.setattr(phones, "_list", note_and_answer)
    with serve(phones) as url:
        sender_at(url).send_wave([text_of("one"), text_of("two")])
        assert TwilioMessageList(settings_at(url)).is_readable()
    assert asked == [{"PageSize": "1"}]


@pytest.mark.parametrize(("status", "kind"), [(200, "accepted"), (299, "accepted"), (300, "unknown"), (199, "unknown")])
def test_success_is_a_status_from_200_to_299(status: int, kind: str) -> None:
    phones = Phones()
    phones.misbehave = lambda fields: HttpAnswer(status, phones.accept(fields))
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert outcome.kind is OutcomeKind(kind)


NO_LISTS: list[object] = [[], None, "x", {}, {"messages": [5]}, {"messages": None}, b"", b"<html>", b"[" * 100_000]


@pytest.mark.parametrize("body", NO_LISTS)
def test_an_answer_that_is_no_list_is_read_again(monkeypatch: pytest.MonkeyPatch, body: object) -> None:
    """A proxy, or a portal before it, answers 200 with a page of its own."""
    phones = Phones()
    monkeypatch.setattr(phones, "answer", lambda *_: HttpAnswer(200, body))
    with serve(phones) as url:
        twilio = TwilioMessageList(settings_at(url))
        assert not twilio.is_readable()
        with pytest.raises(NotListed):
            twilio.texts_to([HELLO.to])
        with pytest.raises(NotListed):
            list(twilio.texts_since(LONG_AGO))


def test_a_list_holds_both_directions_and_is_filtered_by_the_number_that_a_text_went_to() -> None:
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([text_of("ours"), text_of("to another", to="+12125550102")])
        phones.write("+12125550101", "theirs", URL)
        messages = TwilioMessageList(settings_at(url))
        (to_ada,) = messages.texts_to(["+12125550101"])
        both = {(text.body, text.inbound) for text in messages.texts_since(LONG_AGO)}
    assert to_ada.body == "ours"
    assert both == {("ours", False), ("to another", False), ("theirs", True)}


@pytest.mark.parametrize("sent_after", [None, timedelta(seconds=1), timedelta(0), timedelta(seconds=-1)])
@pytest.mark.parametrize("created_after", [timedelta(seconds=1), timedelta(0), timedelta(seconds=-1)])
def test_a_list_is_read_until_a_text_that_was_sent_before(
    sent_after: timedelta | None, created_after: timedelta
) -> None:
    """usage/twilios-response: the newest `date_sent` comes first, and what waits inside Twilio has none."""
    since = datetime(2026, 3, 3, 15, tzinfo=UTC)
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([HELLO])
        text = phones._list({})["messages"][0]
        sent = None if sent_after is None else format_datetime(since + sent_after)
        first = {**text, "sid": "SM1", "date_sent": sent, "date_created": format_datetime(since + created_after)}
        second = {**text, "sid": "SM2", "date_created": format_datetime(since)}
        phones.outage = HttpAnswer(200, {"messages": [first, second], "next_page_uri": None})
        listed = [found.sid for found in TwilioMessageList(settings_at(url)).texts_since(since)]
    if sent_after is not None and sent_after < timedelta(0):
        assert listed == [], "all that follow were sent before"
    else:
        assert listed == (["SM2"] if created_after < timedelta(0) else ["SM1", "SM2"])


OTHER_NUMBER, OTHER_SERVICE = "+12125550199", "MG" + "9" * 32


@pytest.mark.parametrize("with_service", [False, True])
@pytest.mark.parametrize(
    ("direction", "from_", "to", "service", "of_number", "of_service"),
    [
        ("outbound-api", SENDER, HELLO.to, None, True, False),
        ("outbound-api", SENDER, HELLO.to, SERVICE_SID, True, True),
        ("outbound-api", OTHER_NUMBER, HELLO.to, SERVICE_SID, False, True),
        ("outbound-api", OTHER_NUMBER, HELLO.to, OTHER_SERVICE, False, False),
        ("outbound-api", OTHER_NUMBER, SENDER, None, False, False),
        ("outbound-api", f"rcs:{SENDER}", f"rcs:{HELLO.to}", None, True, False),
        ("inbound", HELLO.to, SENDER, None, True, False),
        ("inbound", HELLO.to, SENDER, SERVICE_SID, True, True),
        ("inbound", HELLO.to, OTHER_NUMBER, SERVICE_SID, False, True),
        ("inbound", SENDER, OTHER_NUMBER, None, False, False),
        ("inbound", f"whatsapp:{HELLO.to}", f"whatsapp:{SENDER}", None, True, False),
    ],
)
def test_of_an_account_with_several_senders_the_texts_of_ours_are_read(
    with_service: bool, direction: str, from_: str, to: str, service: str | None, of_number: bool, of_service: bool
) -> None:
    """A sender is a number, or a messaging service, which has several."""
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([HELLO])
        text = {**phones._list({})["messages"][0], "direction": direction, "from": from_, "to": to}
        answer = {"messages": [{**text, "messaging_service_sid": service}], "next_page_uri": None}
        phones.outage = HttpAnswer(200, answer)
        settings = settings_at(url)
        if with_service:
            settings = settings.model_copy(update={"twilio_messaging_service_sid": SERVICE_SID})
        listed = list(TwilioMessageList(settings).texts_since(LONG_AGO))
    expected = [(HELLO.to, direction == "inbound", "whatsapp" not in from_)]
    assert [(found.person, found.inbound, found.is_sms) for found in listed] == (
        expected if (of_service if with_service else of_number) else []
    )


@pytest.mark.parametrize(
    ("sent", "listed"),
    [
        # usage/tutorials/how-to-use-your-free-trial-account: texts of a trial account begin with a notice.
        ("Hello", "Sent from your Twilio trial account - Hello"),
        # glossary/what-is-smart-encoding and api/errors/30044: smart characters are replaced by plain ones.
        ("It\u2019s \u201chere\u201d \u2014 now", 'It\'s "here" - now'),
    ],
)
def test_a_list_may_show_other_characters_than_were_sent(sent: str, listed: str) -> None:
    assert words_key(listed) == words_key(sent)


def test_a_list_may_show_no_body() -> None:
    """Message bodies can be redacted (messaging/tutorials/how-to-retrieve-and-modify-message-history)."""
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([HELLO])
        described = phones._list({})["messages"][0]
        phones.outage = HttpAnswer(200, {"messages": [{**described, "body": None}], "next_page_uri": None})
        (text,) = TwilioMessageList(settings_at(url)).texts_to([HELLO.to])
    assert text.body == ""


@pytest.mark.parametrize(
    ("answer", "is_erased"),
    [
        (None, True),
        (twilio_error(404, 20404, "The requested resource was not found"), True),
        (twilio_error(409, 20009, "Cannot delete message because delivery has not been completed"), False),
    ],
    ids=["deleted", "gone", "on its way"],
)
def test_a_text_is_deleted_once_it_has_arrived(answer: HttpAnswer | None, is_erased: bool) -> None:
    """api/errors/20009"""
    phones = Phones()
    with serve(phones) as url:
        sender_at(url).send_wave([HELLO])
        phones.misbehave = lambda _fields: answer
        assert TwilioTextEraser(settings_at(url)).erase(phones.texts[0].sid) is is_erased
    assert len(phones.texts) == (0 if answer is None else 1)


def test_the_media_of_a_text_are_deleted_before_it() -> None:
    """messaging/api/media-resource: Twilio keeps media that another text has, too, when a text is deleted."""
    phones = Phones()
    with serve(phones) as url:
        for media in ("2", "1"):
            phones.write(HELLO.to, "Look!", URL, NumMedia=media)
        one, other = phones.replies
        assert TwilioTextEraser(settings_at(url)).erase(one.sid)
    assert phones.replies == [other]
    assert [len(phones.media[text.sid]) for text in (one, other)] == [0, 1]


# Errors (usage/twilios-response, api/errors) -----------------------------------------------------------------------------


def test_an_error_names_its_code_beside_the_status() -> None:
    with serve(Phones()) as url:
        (outcome,) = sender_at(url, twilio_auth_token="wrong").send_wave([HELLO])
    assert (outcome.kind, outcome.status, outcome.code) == (OutcomeKind.REFUSED, 401, 20003)


# What follows from a code, and for what; grouped by the pages of api/errors/CODE, which say whose fault it is.
CONSEQUENCES = {
    (Consequence.OPTED_OUT, Scope.PAIR): "21610",
    (Consequence.BAD_NUMBER, Scope.RECIPIENT): "21211 21214 21217 21265 21614 21635 30005 30006",
    (Consequence.UNREACHABLE, Scope.RECIPIENT): "30003",
    (Consequence.BLOCKED, Scope.RECIPIENT): "30004",
    (Consequence.CONFIGURATION, Scope.RECIPIENT): "21608",
    (Consequence.REFUSED, Scope.PAIR): "21266 21612",
    (Consequence.BUSY, Scope.PAIR): "14107",
    (Consequence.FILTERED, Scope.MESSAGE): "30007",
    (Consequence.DROPPED, Scope.MESSAGE): "30036 30047",
    (Consequence.REFUSED, Scope.MESSAGE): "21602 21617 21618 30610 30615 30640 99999",
    (Consequence.CONFIGURATION, Scope.COUNTRY): "21408 30033 30034 30035",
    (Consequence.CONFIGURATION, Scope.SENDER): (
        "21212 21601 21603 21606 21609 21616 21659 21660 21661 21701 21703 21704 21705 30032"
    ),
    (Consequence.BUSY, Scope.SENDER): "21611 30001 30022",
    (Consequence.BUSY, Scope.CARRIER_DAY): "30023 30027",
    (
        Consequence.CONFIGURATION,
        Scope.ACCOUNT,
    ): "10001 20003 20005 20006 20008 20404 30002 30454 70051 90010 401 403 404 407",
    (Consequence.BUSY, Scope.ACCOUNT): "20429 21730 60728 63017 429",
    (Consequence.BUSY, Scope.DAY): "63038",
    (Consequence.CONFIGURATION, Scope.LOOKUP): "60606 60699",
    (Consequence.BUSY, Scope.LOOKUP): "60611 60616",
}


@pytest.mark.parametrize(("consequence", "codes"), CONSEQUENCES.items())
def test_what_follows_from_each_code(consequence: tuple[Consequence, Scope], codes: str) -> None:
    faults = {code: fault_of(int(code)) for code in codes.split()}
    assert {(code, fault.consequence, fault.scope) for code, fault in faults.items()} == {
        (code, *consequence) for code in faults
    }


@pytest.mark.parametrize(
    ("code", "status", "consequence"),
    [
        (21610, 400, Consequence.OPTED_OUT),  # messages to a number that replied STOP
        (21211, 400, Consequence.BAD_NUMBER),
        (21408, 400, Consequence.CONFIGURATION),  # Geo Permissions
        (20429, 429, Consequence.BUSY),
        (99_999, 403, Consequence.CONFIGURATION),  # a code that we do not know goes by its status
        (99_999, 429, Consequence.BUSY),
        (99_999, 400, Consequence.REFUSED),
    ],
)
def test_each_code_has_its_consequence(code: int, status: int, consequence: Consequence) -> None:
    assert fault_of(code, status).consequence is consequence


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_server_error_leaves_open_whether_the_text_was_sent(status: int) -> None:
    phones = Phones()
    phones.misbehave = lambda _fields: HttpAnswer(status, {"code": 20500, "status": status})
    with serve(phones) as url:
        (outcome,) = sender_at(url).send_wave([HELLO])
    assert outcome.kind is OutcomeKind.UNKNOWN


# Signatures (usage/webhooks/webhooks-security) ---------------------------------------------------------------------------


def sign(url: str, fields: list[tuple[str, str]], token: str = AUTH_TOKEN) -> str:
    """The URL, then each field's name and value in the order of the names; HMAC-SHA1 with the token; Base64."""
    text = url + "".join(name + value for name, value in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha1).digest()).decode()


FIELDS = [("To", SENDER), ("From", "+12125550101"), ("Body", "Grüße & = + 👋\n"), ("NumMedia", "0"), ("Empty", "")]


def test_a_signature_covers_the_url_and_the_sorted_fields() -> None:
    signature = sign(f"{URL}?a=1", FIELDS)
    assert is_signed(f"{URL}?a=1", FIELDS, signature, [AUTH_TOKEN])
    assert not is_signed(URL, FIELDS, signature, [AUTH_TOKEN])
    assert not is_signed(f"{URL}?a=1", [*FIELDS[1:]], signature, [AUTH_TOKEN])
    assert not is_signed(f"{URL}?a=1", FIELDS, signature, ["another token"])


def test_white_space_of_a_field_is_signed() -> None:
    """api/errors/57012: a framework that trims fields breaks the signature."""
    fields = [("Body", "  hi \n")]
    assert is_signed(URL, fields, sign(URL, fields), [AUTH_TOKEN])
    assert not is_signed(URL, [("Body", "hi")], sign(URL, fields), [AUTH_TOKEN])


@pytest.mark.parametrize("signed", ["https://hooks.example.com:443/twilio/inbound", URL])
def test_the_standard_port_may_be_part_of_what_is_signed(signed: str) -> None:
    assert is_signed(URL, FIELDS, sign(signed, FIELDS), [AUTH_TOKEN])


def test_user_and_password_of_the_address_are_not_signed() -> None:
    """Twilio removes `user:password@` before it signs; the function sees an address without them."""
    configured = "https://user:secret@hooks.example.com/twilio/inbound"
    seen = f"https://{urlsplit(configured).hostname}{urlsplit(configured).path}"
    assert is_signed(seen, FIELDS, sign(URL, FIELDS), [AUTH_TOKEN])


def test_while_a_token_is_rotated_twilio_signs_with_the_primary_one() -> None:
    """usage/requests-to-twilio, "Auth Tokens": promoting the secondary token makes it the one that signs."""
    for signs in ("old", "new"):
        assert is_signed(URL, FIELDS, sign(URL, FIELDS, signs), ["old", "new"])


# Inbound texts (messaging/guides/webhook-request) ------------------------------------------------------------------------


def read_text(**fields: str) -> InboundText:
    request = json.loads(inbound(fields.pop("Body", "Hi"))[0].body)
    request["form"] |= fields
    record = sqs_record(json.dumps(request), datetime(2026, 3, 3, tzinfo=UTC))
    ((_, text),) = read_requests(records_of(sqs_event([record]))).texts
    return text


def test_fields_that_twilio_adds_later_are_no_fault() -> None:
    """usage/webhooks/webhooks-security, "Webhook parameters can change"."""
    assert read_text(OfNextYear="1", FromCity="NEW YORK").body == "Hi"


def test_a_text_may_have_media_and_no_words() -> None:
    fields = {f"MediaUrl{n}": f"https://api.twilio.com/{n}" for n in range(3)}
    text = read_text(Body="", NumMedia="3", MediaContentType0="image/jpeg", **fields)
    assert text.body == ""
    assert [medium["url"][-1] for medium in text.media] == ["0", "1", "2"]
    assert text.media[0]["content_type"] == "image/jpeg"


@pytest.mark.parametrize(("prefix", "is_sms"), [("", True), ("rcs:", True), ("whatsapp:", False)])
def test_the_address_of_another_channel_has_its_prefix(prefix: str, is_sms: bool) -> None:
    """whatsapp/api and rcs: the address is `channel:number`; RCS falls back to SMS."""
    text = read_text(From=f"{prefix}+12125550101")
    assert (text.phone_number, text.is_sms) == ("+12125550101", is_sms)


def test_the_same_request_twice_is_one_text() -> None:
    """usage/webhooks/webhooks-connection-overrides: with `rc` and `rp` Twilio repeats a request; its sid stays."""
    assert read_text().inbound_id == read_text().inbound_id
    assert read_text().inbound_id != read_text(MessageSid="SM2").inbound_id


@pytest.mark.parametrize("kind", ["STOP", "START", "HELP"])
def test_advanced_opt_out_names_the_keyword_that_it_took_a_text_for(kind: str) -> None:
    """messaging/tutorials/advanced-opt-out: `OptOutType`; Twilio has answered the person already."""
    text = read_text(Body="Detener", OptOutType=kind)
    assert intent_of(text.body, text.form.opt_out_type) == (Intent(kind.lower()), ClassifiedBy.OPT_OUT_TYPE)


# Status callbacks (messaging/guides/outbound-message-status-in-status-callbacks) -----------------------------------------


def read_status(**fields: str) -> StatusCallback:
    query = {"message_id": str(uuid4()), "attempt_id": str(uuid4())}
    form = {"MessageSid": "SM1", "MessageStatus": "sent", "To": "+12125550101", **fields}
    request = {"path": "/twilio/status", "query": query, "form": form, "received_at": "2026-03-03T15:00:00+00:00"}
    record = sqs_record(json.dumps(request), datetime(2026, 3, 3, tzinfo=UTC))
    (callback,) = read_requests(records_of(sqs_event([record]))).callbacks
    return callback


def test_a_callback_keeps_the_query_of_its_address() -> None:
    phones = Phones()
    with serve(phones) as url:
        sms = Sms("+12125550101", "Hello", 60, uuid4(), uuid4())
        TwilioSender(settings_at(url).model_copy(update={"webhook_base_url": "https://hooks.example.com"})).send_wave(
            [sms]
        )
    assert {callback.url for callback in phones.callbacks} == {
        f"https://hooks.example.com/twilio/status?message_id={sms.message_id}&attempt_id={sms.attempt_id}"
    }


def test_the_initial_status_has_no_callback() -> None:
    phones = Phones()
    with serve(phones) as url:
        sender_at(url, webhook_base_url="https://hooks.example.com").send_wave([HELLO])
    assert "queued" not in [callback.fields["MessageStatus"] for callback in phones.callbacks]


@pytest.mark.parametrize(("given", "code"), [({"ErrorCode": "30007"}, 30007), ({"ErrorCode": ""}, None), ({}, None)])
def test_only_a_failure_has_an_error_code(given: dict[str, str], code: int | None) -> None:
    assert read_status(MessageStatus="undelivered", **given).form.error_code == code


@pytest.mark.parametrize("status", ["sending", "sent", "delivered", "read", "undelivered", "failed", "canceled"])
def test_each_status_is_read_also_one_of_another_channel(status: str) -> None:
    assert read_status(MessageStatus=status).form.status == status


def test_dates_are_of_rfc_2822_with_their_zone() -> None:
    """messaging/api/message-resource, `date_created`."""
    phones = Phones(clock=lambda: datetime(2026, 3, 3, 10, 0, 5, tzinfo=UTC) + timedelta(hours=1))
    with serve(phones) as url:
        sender_at(url).send_wave([HELLO])
        (text,) = TwilioMessageList(settings_at(url)).texts_to([HELLO.to])
    assert text.created_at == datetime(2026, 3, 3, 11, 0, 5, tzinfo=UTC)


# Lookup v2, Reassigned Number (lookup/v2-api/reassigned-number) -----------------------------------------------------------


ADA, DAY = "+12125550101", date(2026, 1, 10)


def asked_at(url: str, number: str = ADA, day: date = DAY) -> LookupResult:
    (result,) = look_up([NumberQuestion(number, day)], settings_at(url))
    return result


@pytest.mark.parametrize("answer", NumberAnswer)
def test_a_question_names_the_package_and_the_day_and_its_answer_is_one_of_three(answer: NumberAnswer) -> None:
    phones = Phones()
    phones.owners[ADA] = answer
    with serve(phones) as url:
        assert asked_at(url) == LookupResult(answer)
    assert phones.lookups == [(ADA, "20260110")], "in the format YYYYMMDD"


def test_data_begins_in_january_2021() -> None:
    with serve(Phones()) as url:
        assert asked_at(url, day=date(2020, 12, 31)).answer is NumberAnswer.NO_DATA


def test_only_numbers_of_the_united_states_have_answers() -> None:
    with serve(Phones()) as url:
        failure = asked_at(url, "+14165550101").failure
    assert (failure and failure.code) == 60607


@pytest.mark.parametrize("query", ["", "Fields=reassigned_number", "LastVerifiedDate=20260110", "Fields=sim_swap"])
def test_a_question_without_package_or_day_is_malformed(query: str) -> None:
    headers = urllib3.make_headers(basic_auth=f"{ACCOUNT_SID}:{AUTH_TOKEN}")
    with serve(Phones()) as url:
        answer = urllib3.request("GET", f"{url}/v2/PhoneNumbers/%2B12125550101?{query}", headers=headers)
    assert (answer.status, answer.json()["code"]) == (400, 60618)


@pytest.mark.parametrize("day", ["2026-01-10", "20261301", "2026011", "20991231"])
def test_a_day_of_another_form_or_in_the_future_is_malformed(day: str) -> None:
    query = {"Fields": "reassigned_number", "LastVerifiedDate": day}
    assert lookup_answer(ADA, query, {}, date(2026, 3, 3)).status == 400


def test_questions_need_the_credentials() -> None:
    with serve(Phones()) as url:
        settings = settings_at(url).model_copy(update={"twilio_auth_token": SecretStr("wrong")})
        (result,) = look_up([NumberQuestion(ADA, DAY)], settings)
    assert result.failure
    assert fault_of(result.failure.code, result.failure.status).scope is Scope.ACCOUNT


def test_after_three_failures_no_further_question_is_asked() -> None:
    phones = Phones()
    phones.outage = twilio_error(503, 20503, "Service unavailable")
    with serve(phones) as url:
        questions = [NumberQuestion(f"+121255501{n:02}", DAY) for n in range(40)]
        results = look_up(questions, settings_at(url).model_copy(update={"twilio_parallel_calls": 4}))
    failures = [result.failure.error or "" for result in results if result.failure]
    assert len(failures) == 40, "none lets a text go"
    asked = 40 - failures.count("not asked: Twilio did not answer")
    assert 3 <= asked <= 2 + 4, "the last call starts after two failures, beside three others that have not failed yet"
