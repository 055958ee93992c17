"""Requests of agents: what is valid, and which field and fix an error names."""

import json
from datetime import UTC
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from orchestrator import InvalidMessage, Lane
from orchestrator.messages import (
    BODY_LIMIT,
    Message,
    Reply,
    Withdrawal,
    build_message,
    parse_request,
    to_body,
    verbatim_text,
)
from orchestrator.wording.grounding import check_text
from orchestrator.wording.plain import plain_sentence

GOOD = {"user_id": "user_123", "agent_id": "system", "message_data": {"type": "note", "message": "Hello"}}


def body(**changes: object) -> str:
    return json.dumps({**GOOD, **changes})


@pytest.mark.parametrize(
    ("mistake", "text", "field", "reason"),
    [
        ("not JSON", "hello", "body", "not_json"),
        ("nothing at all", "", "body", "not_json"),
        ("NaN is not JSON", '{"user_id": NaN}', "body", "not_json"),
        ("half a surrogate pair", body(agent_id="x").replace('"x"', '"\\ud800"'), "agent_id", "invalid_field"),
        ("nested beyond reason", "[" * 100_000, "body", "not_json"),
        ("a list", "[]", "body", "not_an_object"),
        ("a number", "7", "body", "not_an_object"),
        ("over the limit of SQS", body(message_data={"type": "x", "a": "y" * BODY_LIMIT}), "body", "body_too_large"),
        ("a byte over it in characters of four bytes", "🎉" * (BODY_LIMIT // 4) + "a", "body", "body_too_large"),
        (
            "a number that no database holds",
            body(message_data={"type": "x", "n": 1}).replace("1", "1e400"),
            "body",
            "not_json",
        ),
        ("a field whose name is no word", json.dumps({**GOOD, "\u0001": 1}), "body", "unknown_field"),
        ("a field without a name", json.dumps({**GOOD, "": 1}), "body", "unknown_field"),
        ("a NUL character in a name", body(agent_id="a\0b"), "agent_id", "invalid_field"),
        ("a name that turns the direction of writing", body(user_id="a\u202eb"), "user_id", "invalid_field"),
        ("a line end in a topic", body(topic="a\nb"), "topic", "invalid_field"),
        ("no user", json.dumps({k: v for k, v in GOOD.items() if k != "user_id"}), "user_id", "invalid_field"),
        ("an empty user", body(user_id=""), "user_id", "invalid_field"),
        ("a user that is a number", body(user_id=7), "user_id", "invalid_field"),
        ("a blank agent", body(agent_id="   "), "agent_id", "invalid_field"),
        ("an agent with a very long name", body(agent_id="a" * 101), "agent_id", "invalid_field"),
        ("an unknown priority", body(priority="asap"), "priority", "invalid_field"),
        ("a priority in capitals", body(priority="HIGH"), "priority", "invalid_field"),
        ("no message data", body(message_data=None), "message_data", "invalid_field"),
        ("data with nothing in it", body(message_data={}), "message_data", "invalid_field"),
        ("data with no type", body(message_data={"type": None, "message": "Hello"}), "message_data", "invalid_field"),
        ("JSON as content", body(message_data={"content": '{"a": 1}'}), "message_data", "invalid_field"),
        (
            "a conversation under two names",
            body(conversationId=str(UUID(int=1)), conversation_context_id=str(UUID(int=1))),
            "conversation_id",
            "unknown_field",
        ),
        ("a conversation that is no UUID", body(conversationId="x"), "conversation_id", "invalid_field"),
        ("data with a blank type", body(message_data={"type": " "}), "message_data", "invalid_field"),
        ("data that is a text", body(message_data="Hello"), "message_data", "invalid_field"),
        ("an empty text", body(message_data={"type": "x", "message": " \n"}), "message_data", "invalid_field"),
        ("an empty text under text", body(message_data={"type": "x", "text": ""}), "message_data", "invalid_field"),
        (
            "a text that is JSON",
            body(message_data={"type": "x", "message": '{"a": 1}'}),
            "message_data",
            "invalid_field",
        ),
        (
            "a text that is a JSON list",
            body(message_data={"type": "x", "message": " [1]"}),
            "message_data",
            "invalid_field",
        ),
        *(
            (f"the text {text!r}", body(message_data={"type": "x", "message": text}), "message_data", "invalid_field")
            for text in (
                '```json\n{"intros": 3}\n```',
                'Your update: {"intros": 3}',
                '{"text": "Hi, 3 intros',
                "Hi {first_name}, hello",
                "Hi {{name}}",
                "Hi ${name}",
                "Hi %s, hello",
                "Dear [First Name]",
                "Hi null, hello",
                "Hello <name>!",
                "See [insert link here]",
                "[Your Company Name] says hello",
                "Hi <first_name>",
                "Hi *|FNAME|*",
                "Your code is {0}",
                "Hi undefined",
                "\u200b\u2060",
                "\u3164\u3164",
                "\u2800",
                "\x00\x07",
                "\ue000",
                "\u202e",
                " \u00ad \ufeff",
            )
        ),
        ("a text too long", body(message_data={"type": "x", "message": "a" * 1601}), "message_data", "invalid_field"),
        ("a naive time", body(scheduled_for="2026-03-01T09:00:00"), "scheduled_for", "invalid_field"),
        ("a time as a number", body(scheduled_for=1772355600), "scheduled_for", "invalid_field"),
        ("a date without dashes", body(scheduled_for="20261225"), "scheduled_for", "invalid_field"),
        ("a Unix time as a text", body(expires_at="1772355600"), "expires_at", "invalid_field"),
        ("a Unix time with a sign", body(expires_at="+1772355600.5"), "expires_at", "invalid_field"),
        ("a date alone", body(scheduled_for="2026-12-25"), "scheduled_for", "invalid_field"),
        ("a week", body(scheduled_for="2026-W52-5T09:00Z"), "scheduled_for", "invalid_field"),
        ("a duration", body(scheduled_for="P1D"), "scheduled_for", "invalid_field"),
        ("a time in words", body(expires_at="tomorrow"), "expires_at", "invalid_field"),
        (
            "expiry before its time",
            body(scheduled_for="2026-03-02T09:00:00Z", expires_at="2026-03-01T09:00:00Z"),
            "expires_at",
            "invalid_field",
        ),
        ("an id that is no UUID", body(message_id="42"), "message_id", "invalid_field"),
        ("a misspelt field", body(prioritty="high"), "prioritty", "unknown_field"),
        ("an unknown action", json.dumps({"action": "explode"}), "action", "invalid_field"),
        ("a withdrawal of nothing", json.dumps({"action": "withdraw"}), "body", "invalid_field"),
        (
            "a withdrawal of a topic without a user",
            json.dumps({"action": "withdraw", "topic": "crm"}),
            "body",
            "invalid_field",
        ),
        (
            "a position above its total",
            body(sequence_id=str(UUID(int=1)), sequence_position=3, sequence_total=2),
            "sequence_position",
            "invalid_field",
        ),
        (
            "a position of zero",
            body(sequence_id=str(UUID(int=1)), sequence_position=0, sequence_total=2),
            "sequence_position",
            "invalid_field",
        ),
        (
            "a part without a total",
            body(sequence_id=str(UUID(int=1)), sequence_position=1),
            "sequence_id",
            "invalid_field",
        ),
    ],
)
def test_a_mistake_is_named_with_its_field_and_the_fix(mistake: str, text: str, field: str, reason: str) -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_request(text)
    assert (caught.value.field, caught.value.reason) == (field, reason), mistake
    assert caught.value.fix, "an error proposes a fix"


@pytest.mark.parametrize("depth", [100, 250, 400, 900])
def test_data_nested_deeply_is_taken_or_refused_with_a_typed_error(depth: int) -> None:
    nested = '{"type": "x", "a": ' + '{"a": ' * depth + "1" + "}" * (depth + 1)
    try:
        message = parse_request(json.dumps(GOOD)[:-1].replace('{"type": "note", "message": "Hello"}', nested) + "}")
    except InvalidMessage as problem:
        assert problem.field in ("body", "message_data")
    else:
        assert isinstance(message, Message)
        sentence = plain_sentence(message.message_data, "Ada")
        assert sentence is not None
        assert check_text(sentence, message.message_data, "Ada").problems == ()


def test_the_letters_u0000_are_no_nul() -> None:
    assert isinstance(parse_request(body(message_data={"type": "x", "code": "\\u0000"})), Message)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Good news\0\0!", "Good news!"),
        ("Ding\x07 dong\x1b[31m red\x1b[0m", "Ding dong red"),
        ("one\u2028two\r\nthree\x85four", "one\ntwo\nthree\nfour"),
        ("a\ttab", "a tab"),
        ("evil\u202emoc.\u2066x", "evilmoc.x"),
        ("private\ue000use\U000f0000", "privateuse"),
        ("none\ufffe\uffff\U0001ffff", "none"),
        ("half\ud800", "half"),
        ("zero\u200bwidth\u2060\ufeff\u00ad", "zerowidth"),
        ("hidden\U000e0041\U000e0042", "hidden"),
        ("\u0646\u200c\u0627 👩\u200d🚀 ❤\ufe0f", "\u0646\u200c\u0627 👩\u200d🚀 ❤\ufe0f"),
        ("\U0001f3f4\U000e0067\U000e0062\U000e007f!", "\U0001f3f4\U000e0067\U000e0062\U000e007f!"),
    ],
)
def test_every_text_is_cleaned_where_it_enters(text: str, cleaned: str) -> None:
    message = parse_request(body(message_data={"type": "x", "message": text, "inner": [{text: text}]}))
    assert isinstance(message, Message)
    assert message.message_data == {"type": "x", "message": cleaned, "inner": [{cleaned: cleaned}]}
    reply = parse_request(json.dumps({"action": "reply", "user_id": "ada", "content": f"Hello {text}"}))
    assert isinstance(reply, Reply)
    assert reply.content == f"Hello {cleaned}"


@pytest.mark.parametrize(
    "text",
    [
        "[Acme] Your code: 123", "[Order 42] is here", "[Time to go]", "I <3 names", "100% off (really)", "It costs 5 % less", "Tom & Jerry <3", "a < b > c", "{ok}?"[1:],
        "Reply [1] for yes", "Open 24/7: call me! **now**", "👍🏽", "Zum Glück [sic]", "¿Qué tal?", "Use code SAVE50",
        "null and void", "undefined behaviour", "Hi Nulla", "\"quoted\"", "I'm sorry, but I can't help with that.",
    ],
)  # fmt: skip
def test_everything_else_in_a_verbatim_text_is_the_agents_own_choice(text: str) -> None:
    message = parse_request(body(message_data={"type": "x", "message": text}))
    assert isinstance(message, Message)
    assert message.message_data["message"] == text


@pytest.mark.parametrize("key", ["type", "message"])
def test_a_type_or_text_that_shows_nothing_is_none(key: str) -> None:
    with pytest.raises(InvalidMessage):
        parse_request(body(message_data={"type": "x", "message": "Hello", key: "\u200b\x00"}))


@pytest.mark.parametrize(
    "time",
    [
        "2026-03-01T09:00:00Z", "2026-03-01T09:00:00-05:00", "2026-03-01T09:00:00.250+00:00", "2026-03-01t09:00:00z",
        "2026-03-01 09:00:00+0100", "2026-03-01T09:00Z",
    ],
)  # fmt: skip
def test_times_are_iso_8601_with_an_offset(time: str) -> None:
    message = parse_request(body(scheduled_for=time))
    assert isinstance(message, Message)
    assert message.scheduled_for is not None
    assert message.scheduled_for.year == 2026


def test_an_error_never_repeats_what_was_sent() -> None:
    with pytest.raises(InvalidMessage) as caught:
        parse_request(body(priority="my secret"))
    assert "my secret" not in str(caught.value)


def test_keys_come_in_either_spelling() -> None:
    camel = {"userId": "user_123", "agentId": "system", "messageData": {"type": "note"}, "canDelay": False}
    snake = {"user_id": "user_123", "agent_id": "system", "message_data": {"type": "note"}, "can_delay": False}
    assert parse_request(json.dumps(camel)) == parse_request(json.dumps(snake))


def test_only_top_level_keys_change_their_spelling() -> None:
    message = parse_request(body(message_data={"type": "x", "matchedInnovators": 1, "other_key": 2}))
    assert isinstance(message, Message)
    assert message.message_data == {"type": "x", "matchedInnovators": 1, "other_key": 2}


def test_defaults_are_those_of_the_contract() -> None:
    message = parse_request(body())
    assert isinstance(message, Message)
    assert (message.priority, message.can_delay, message.requires_fresh_context) == (Lane.MEDIUM, True, False)


@pytest.mark.parametrize(("total", "in_sequence"), [(None, False), (1, False), (2, True)])
def test_a_sequence_of_one_is_an_ordinary_message(total: int | None, in_sequence: bool) -> None:
    sequence = {"sequence_id": str(UUID(int=1)), "sequence_position": 1, "sequence_total": total} if total else {}
    message = parse_request(body(**sequence))
    assert isinstance(message, Message)
    assert message.in_sequence is in_sequence


def test_a_withdrawal_is_understood() -> None:
    message_id = UUID(int=7)
    assert parse_request(json.dumps({"action": "withdraw", "messageId": str(message_id)})) == Withdrawal(
        action="withdraw", message_id=message_id
    )


@given(
    st.fixed_dictionaries(
        {
            "user_id": st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=100),
            "agent_id": st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=100),
            "message_data": st.fixed_dictionaries({"type": st.just("x"), "n": st.integers(-(2**53), 2**53)}),
            "priority": st.sampled_from(list(Lane)),
            "scheduled_for": st.none() | st.datetimes(timezones=st.just(UTC)),
        }
    )
)
def test_what_the_client_builds_is_what_the_function_reads(fields: dict[str, object]) -> None:
    message = build_message(fields)
    assert parse_request(to_body(message)) == message


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_whatever_arrives_is_a_request_or_a_typed_error(text: str) -> None:
    try:
        parse_request(text)
    except InvalidMessage as problem:
        assert problem.field
        assert problem.fix


# Names of the system before this one -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["conversationId", "conversation_id", "conversationContextId", "conversation_context_id"]
)
def test_a_conversation_has_its_former_name_too(name: str) -> None:
    message = parse_request(body(**{name: str(UUID(int=1))}))
    reply = parse_request(json.dumps({"action": "reply", "user_id": "ada", "content": "Hi", name: str(UUID(int=1))}))
    for request in (message, reply):
        assert isinstance(request, Message | Reply)
        assert request.conversation_context_id == UUID(int=1)
        assert json.loads(to_body(request))["conversationContextId"] == str(UUID(int=1))
        assert parse_request(to_body(request)) == request


@pytest.mark.parametrize(
    ("data", "stored", "words"),
    [
        ({"content": "Hello"}, {"type": "message", "content": "Hello"}, "Hello"),
        ({"type": "reply", "content": "Hello"}, {"type": "reply", "content": "Hello"}, "Hello"),
        ({"message": "Hello"}, {"type": "message", "message": "Hello"}, "Hello"),
        ({"findings": [1]}, {"type": "message", "findings": [1]}, None),
        ({"type": "x", "content": "Hello", "message": None, "author": None}, None, "Hello"),
        ({"type": "x", "content": "a long report", "author": "Ada"}, None, None),
        ({"content": "report", "text": "Hello"}, {"type": "message", "content": "report", "text": "Hello"}, "Hello"),
    ],
)
def test_data_of_former_agents_needs_no_type_and_has_its_words_under_content(
    data: dict[str, JsonValue], stored: dict[str, JsonValue] | None, words: str | None
) -> None:
    message = parse_request(body(message_data=data))
    assert isinstance(message, Message)
    assert message.message_data == (stored or data)
    assert verbatim_text(message.message_data) == words
