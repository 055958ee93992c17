"""`schemas/`, the TypeScript types and the table in the docs are what the models make; a schema accepts what the parser does."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic.alias_generators import to_camel

from orchestrator import InvalidMessage
from orchestrator.messages import BODY_LIMIT, parse_request
from orchestrator_local.queue_schemas import FOLDER, KINDS, VERSION, files, names_of, schema_of
from orchestrator_local.template import ROOT

VALIDATORS = {kind: Draft202012Validator(schema_of(kind)) for kind in KINDS}
UUID_1, UUID_2 = "0190b3a5-7c1e-7d52-9f00-5b2f4a6c8d01", "0190B3A5-7C1E-7D52-9F00-5B2F4A6C8D02"
EARLY, LATE = "2026-03-01T09:00:00Z", "2026-03-02 09:00+0100"
VALID: dict[str, dict[str, Any]] = {
    "message": {"userId": "user_123", "agentId": "system", "messageData": {"type": "note", "message": "Hello"}},
    "withdrawal": {"action": "withdraw", "messageId": UUID_1},
    "reply": {"action": "reply", "userId": "user_123", "content": "Hello"},
    "consent": {"action": "record_consent", "userId": "user_123", "source": "web form", "purpose": "marketing"},
    "revocation": {"action": "revoke_consent", "userId": "user_123", "source": "e-mail"},
}


def parser_accepts(body: str) -> bool:
    try:
        parse_request(body)
    except InvalidMessage:
        return False
    return True


def kinds_that_accept(body: str) -> list[str]:
    content = json.loads(body)
    return [kind for kind, validator in VALIDATORS.items() if validator.is_valid(content)]


def changed(kind: str, changes: Mapping[str, Any]) -> str:
    return json.dumps({**VALID[kind], **changes})


@pytest.mark.parametrize("path", files(), ids=lambda path: path.name)
def test_a_generated_file_is_what_the_models_make(path: Path) -> None:
    assert path.read_text() == files()[path], "run `make schema`"


def test_each_schema_is_valid_and_has_its_version() -> None:
    assert {path.name for path in FOLDER.iterdir()} == {f"queue-{kind}.{VERSION}.json" for kind in KINDS}
    for path in FOLDER.iterdir():
        schema = json.loads(path.read_text())
        Draft202012Validator.check_schema(schema)
        assert schema["$id"] == f"urn:message-orchestrator:{path.stem.replace('.', ':')}"


def test_the_example_in_typescript_uses_the_types() -> None:
    assert 'from "./queue-messages.js"' in (ROOT / "examples/typescript/agent.ts").read_text()


# What parser and schema agree on -----------------------------------------------------------------------------------------

ACCEPTED: list[tuple[str, str, dict[str, Any]]] = [
    *(("the least", kind, {}) for kind in KINDS),
    ("nulls in optional fields", "message", dict.fromkeys(("topic", "sequence_id", "sequenceTotal", "expectsReply"))),
    ("a time without seconds, with a space", "message", {"scheduledFor": LATE}),
    ("a time in small letters", "message", {"expires_at": "2026-03-01t09:00:00.5z"}),
    ("a former name", "message", {"conversation_id": UUID_2}),
    ("a former name in a reply", "reply", {"conversationId": UUID_2}),
    ("data without a type", "message", {"messageData": {"findings": [1]}}),
    ("words under content", "message", {"messageData": {"content": "Hello"}}),
    ("a long report under content beside other data", "message", {"messageData": {"content": "x" * 1601, "by": "Ada"}}),
    ("a long text beside a message", "message", {"messageData": {"message": "Hi", "text": "x" * 1601}}),
    ("a message that is no text", "message", {"messageData": {"message": ["x" * 1601], "text": "Hi"}}),
    ("1,600 characters outside the BMP", "reply", {"content": "\U0001f44d" * 1600}),
    ("an agent with blanks around it", "message", {"agentId": " A b "}),
    ("a sequence", "message", {"sequenceId": UUID_1, "sequence_position": 1, "sequenceTotal": 2}),
    ("a whole number with a point", "message", {"sequenceId": UUID_1, "sequencePosition": 1.0, "sequenceTotal": 2}),
    ("a topic", "withdrawal", {"messageId": None, "user_id": "ada", "topic": "crm"}),
    ("a topic", "consent", {"purpose": None, "topic": "crm"}),
    ("a purpose", "revocation", {"purpose": "marketing"}),
]
REFUSED: list[tuple[str, str, dict[str, Any]]] = [
    ("an unknown field", "message", {"prioritty": "high"}),
    ("an unknown action", "message", {"action": "explode"}),
    ("no action", "withdrawal", {"action": None}),
    ("a field in both spellings", "message", {"user_id": "user_123"}),
    ("an optional field in both spellings", "message", {"canDelay": True, "can_delay": True}),
    ("a conversation under two names", "message", {"conversationId": UUID_1, "conversation_context_id": UUID_1}),
    ("null in a field with a default", "message", {"priority": None}),
    ("a priority in capitals", "message", {"priority": "HIGH"}),
    ("a blank user", "message", {"userId": " \u3000"}),
    ("a long user", "message", {"userId": "x" * 101}),
    ("a line end in a topic", "message", {"topic": "a\nb"}),
    ("a NUL in a topic", "message", {"topic": "a\0b"}),
    ("an agent in Cyrillic", "message", {"agentId": "\u0430gent"}),
    ("data with nothing in it", "message", {"messageData": {}}),
    ("a type that is null", "message", {"messageData": {"type": None, "message": "Hi"}}),
    ("a blank text", "message", {"messageData": {"text": " \n"}}),
    ("a long message", "message", {"messageData": {"message": "x" * 1601}}),
    ("a long content alone", "message", {"messageData": {"type": "x", "content": "x" * 1601, "by": None}}),
    ("a date alone", "message", {"scheduledFor": "2026-03-01"}),
    ("a time without an offset", "message", {"scheduledFor": "2026-03-01T09:00:00"}),
    ("month 13", "message", {"scheduledFor": "2026-13-01T09:00:00Z"}),
    ("hour 24", "message", {"scheduledFor": "2026-03-01T24:00:00Z"}),
    ("second 60", "message", {"scheduledFor": "2026-03-01T09:00:60Z"}),
    ("an offset of 24 hours", "message", {"scheduledFor": "2026-03-01T09:00:00+24:00"}),
    ("a Unix time", "message", {"scheduledFor": 1772355600}),
    ("an id that is no UUID", "message", {"messageId": "42"}),
    ("a part without a total", "message", {"sequenceId": UUID_1, "sequence_position": 1}),
    ("a total of 11", "message", {"sequenceId": UUID_1, "sequencePosition": 1, "sequenceTotal": 11}),
    ("a message and a person", "withdrawal", {"userId": "ada"}),
    ("a person without a topic", "withdrawal", {"messageId": None, "userId": "ada"}),
    ("an empty reply", "reply", {"content": ""}),
    ("a consent to nothing", "consent", {"purpose": None}),
    ("a consent to both", "consent", {"topic": "crm"}),
    ("a revocation of both", "revocation", {"purpose": "marketing", "topic": "crm"}),
    ("a blank source", "consent", {"source": " "}),
]
# Why parser and schema differ, with an example. The parser's word counts.
NOT_IN_A_SCHEMA: list[tuple[str, bool, str]] = [
    ("compares two times", False, changed("message", {"scheduledFor": LATE, "expiresAt": EARLY})),
    ("compares two times", False, changed("consent", {"givenAt": LATE, "until": EARLY})),
    (
        "compares two numbers",
        False,
        changed("message", {"sequenceId": UUID_1, "sequencePosition": 3, "sequenceTotal": 2}),
    ),
    ("the lengths of months", False, changed("message", {"scheduledFor": "2026-02-30T09:00:00Z"})),
    ("the year 0", False, changed("message", {"scheduledFor": "0000-03-01T09:00:00Z"})),
    ("words that are JSON", False, changed("reply", {"content": '{"a": 1}'})),
    ("words with an unfilled placeholder", False, changed("reply", {"content": "Hi {first_name}"})),
    ("invisible characters in a name", False, changed("message", {"topic": "a\u202eb"})),
    ("words of invisible characters", False, changed("reply", {"content": "\u200b\u2060"})),
    ("a source of invisible characters", False, changed("consent", {"source": "\u200b"})),
    ("lengths count after cleaning", True, changed("reply", {"content": "x" * 1600 + "\u200b"})),
    ("the size of the body", False, changed("message", {"messageData": {"type": "x", "a": "y" * BODY_LIMIT}})),
    # Spellings that the parser reads for former agents, and that new ones have no reason to use.
    ("a truth value as a word", True, changed("message", {"canDelay": "no"})),
    ("a truth value as a number", True, changed("message", {"canDelay": 1})),
    (
        "a number as a text",
        True,
        changed("message", {"sequenceId": UUID_1, "sequencePosition": "1", "sequenceTotal": 2}),
    ),
    ("a UUID without hyphens", True, changed("message", {"messageId": UUID_1.replace("-", "")})),
    ("a UUID as a URN", True, changed("message", {"messageId": f"urn:uuid:{UUID_1}"})),
    ("blanks of another kind around an agent's id", True, changed("message", {"agentId": "\nsystem"})),
]


@pytest.mark.parametrize(("what", "kind", "changes"), ACCEPTED)
def test_both_accept(what: str, kind: str, changes: dict[str, Any]) -> None:
    body = changed(kind, changes)
    assert (parser_accepts(body), kinds_that_accept(body)) == (True, [kind]), what


@pytest.mark.parametrize(("what", "kind", "changes"), REFUSED)
def test_both_refuse(what: str, kind: str, changes: dict[str, Any]) -> None:
    body = changed(kind, changes)
    assert (parser_accepts(body), kinds_that_accept(body)) == (False, []), what


@pytest.mark.parametrize(("reason", "parser", "body"), NOT_IN_A_SCHEMA)
def test_they_differ_only_in_what_a_schema_does_not_express(reason: str, parser: bool, body: str) -> None:
    assert (parser_accepts(body), bool(kinds_that_accept(body))) == (parser, not parser), reason


# What makes no difference but those of the table above: values of each field that are good, and values that few fields take.
TEXTS = st.text("ab 7\u00e9\u3000\U0001f44d-", max_size=120)
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "agentId": st.text("ab 7\u00e9-", max_size=120),
    "messageData": st.dictionaries(
        st.sampled_from(["type", "message", "text", "content", "stats"]), TEXTS | st.none() | st.just([1, {"a": None}])
    ),
    "priority": st.sampled_from(["urgent", "high", "medium", "low"]),
    "purpose": st.sampled_from(["transactional", "informational", "marketing"]),
    "action": st.sampled_from(["withdraw", "reply", "record_consent", "revoke_consent"]),
    **dict.fromkeys(("scheduledFor", "givenAt", "revokedAt"), st.just(EARLY)),
    **dict.fromkeys(("expiresAt", "until"), st.just(LATE)),
    **dict.fromkeys(("canDelay", "requiresFreshContext", "allowRepeat", "expectsReply"), st.booleans()),
    **dict.fromkeys(
        ("messageId", "supersedesMessageId", "sequenceId", "conversationContextId"), st.sampled_from([UUID_1, UUID_2])
    ),
    "sequencePosition": st.just(1),
    "sequenceTotal": st.integers(1, 10),
}
WRONG: st.SearchStrategy[Any] = st.sampled_from(
    [
        None,
        "",
        " ",
        "x",
        "a\nb",
        "x" * 101,
        "x" * 501,
        "x" * 1601,
        "x" * 4001,
        2.5,
        -1,
        [],
        {},
        {"type": " "},
        EARLY[:-1],
    ]
)


@st.composite
def bodies(draw: st.DrawFn) -> str:
    """A body of some kind: a valid one with up to four fields added, changed or removed, in any spelling."""
    kind = draw(st.sampled_from(list(KINDS)))
    fields = [to_camel(name) for name in KINDS[kind].model_fields]
    body = dict(VALID[kind])
    for field in draw(st.lists(st.sampled_from(fields), max_size=4)):
        kept = None if draw(st.booleans()) else body.pop(field, None)
        if kept is None or draw(st.booleans()):
            values = WRONG if draw(st.integers(0, 7)) == 0 else GOOD.get(field, TEXTS)
            body[draw(st.sampled_from(names_of(field)))] = draw(values)
    return json.dumps(body)


@settings(max_examples=200)
@given(bodies())
def test_both_agree_on_bodies_drawn_at_random(body: str) -> None:
    assert bool(kinds_that_accept(body)) == parser_accepts(body)
