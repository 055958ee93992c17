"""Requests of agents (publish, withdraw, reply): their fields, validation, and the JSON on the queue."""

import json
import math
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, NoReturn, Required, Self, TypedDict, TypeVar
from uuid import UUID

from pydantic import AliasChoices, BeforeValidator, Field, JsonValue, ValidationError, field_validator, model_validator
from pydantic.alias_generators import to_snake
from pydantic_core import PydanticCustomError

from orchestrator.clean_text import clean_json, shows_nothing
from orchestrator.consents import ConsentRecord, ConsentRevocation
from orchestrator.errors import InvalidMessage
from orchestrator.request_fields import AgentId, Body, Instant, Name
from orchestrator.unsendable import is_json, unfilled_placeholder

# The largest body that our queues take (`MaximumMessageSize` in the template), in bytes of UTF-8.
BODY_LIMIT = 262_144
# Twilio's limit for one text, in characters (error 21617).
TEXT_LIMIT = 1_600
# The most parts that an owner may allow in one sequence (R8).
SEQUENCE_LIMIT = 10


# The type of data that has none.
DEFAULT_TYPE = "message"
# A conversation, by its present name and by that of the system before this one.
ConversationId = Annotated[
    UUID | None,
    Field(
        validation_alias=AliasChoices(
            "conversationContextId", "conversation_context_id", "conversationId", "conversation_id"
        ),
        serialization_alias="conversationContextId",
    ),
]


class Lane(StrEnum):
    """A message's priority; the order here is the order of the lanes (R6)."""

    URGENT = "urgent"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 for the lane that goes first."""
        return _RANKS[self]


_RANKS = {lane: rank for rank, lane in enumerate(Lane)}


class Message(Body):
    """One message as an agent publishes it; docs/rules.md explains each field."""

    user_id: Name
    agent_id: AgentId
    message_data: dict[str, JsonValue]
    priority: Lane = Lane.MEDIUM
    can_delay: bool = True
    requires_fresh_context: bool = False
    message_id: UUID | None = None
    scheduled_for: Instant | None = None
    expires_at: Instant | None = None
    topic: Name | None = None
    supersedes_message_id: UUID | None = None
    sequence_id: UUID | None = None
    sequence_position: int | None = Field(default=None, ge=1)
    sequence_total: int | None = Field(default=None, ge=1, le=SEQUENCE_LIMIT)
    conversation_context_id: ConversationId = None
    allow_repeat: bool | None = None  # None is false, and stands in no body: an older stack knows neither field
    expects_reply: bool | None = None

    @field_validator("message_data", mode="before")
    @classmethod
    def _data_is_clean(cls, data: object) -> object:
        try:
            clean = clean_json(data)
        except RecursionError:
            raise PydanticCustomError("too_deep", "is nested too deeply") from None
        # Agents of the system before this one name no type.
        return {"type": DEFAULT_TYPE, **clean} if isinstance(clean, dict) and clean and "type" not in clean else clean

    @field_validator("message_data")
    @classmethod
    def _data_can_become_a_text(cls, data: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if not isinstance(data.get("type"), str) or not str(data["type"]).strip():
            raise PydanticCustomError("no_type", "has no `type`")
        text = verbatim_text(data)
        if text is not None:
            _check_text(text)
        return data

    @model_validator(mode="after")
    def _fields_agree(self) -> Self:
        if self.scheduled_for and self.expires_at and self.expires_at <= self.scheduled_for:
            raise PydanticCustomError("expires_before_scheduled", "is not after `scheduled_for`")
        if (self.sequence_id, self.sequence_position, self.sequence_total).count(None) in (1, 2):
            raise PydanticCustomError("sequence_in_part", "needs its position and total beside it, and they need it")
        if self.sequence_position and self.sequence_total and self.sequence_position > self.sequence_total:
            raise PydanticCustomError("position_above_total", "is above `sequence_total`")
        return self

    @property
    def in_sequence(self) -> bool:
        """Whether it is one of several parts: a sequence of one is an ordinary message (R8)."""
        return self.sequence_total is not None and self.sequence_total > 1


class MessageFields(TypedDict, total=False):
    """The fields of a `Message` as keyword arguments; the defaults and the validation are those of the model."""

    user_id: Required[str | UUID]
    agent_id: Required[str]
    message_data: Required[Mapping[str, Any]]
    priority: Lane | str
    can_delay: bool
    requires_fresh_context: bool
    message_id: UUID | str | None
    scheduled_for: datetime | str | None
    expires_at: datetime | str | None
    topic: str | None
    supersedes_message_id: UUID | str | None
    sequence_id: UUID | str | None
    sequence_position: int | None
    sequence_total: int | None
    conversation_context_id: UUID | str | None
    allow_repeat: bool
    expects_reply: bool


class Withdrawal(Body):
    """Cancels one message, or a person's waiting messages of a topic; it may arrive before its message (R9)."""

    action: Literal["withdraw"]
    message_id: UUID | None = None
    user_id: Name | None = None
    topic: Name | None = None

    @model_validator(mode="after")
    def _names_a_message_or_a_topic(self) -> Self:
        if (self.message_id is None) == (self.user_id is None) or (self.user_id is None) != (self.topic is None):
            raise PydanticCustomError("withdraws_what", "has to name a message, or a user and a topic")
        return self


class Reply(Body):
    """An agent's answer in a live conversation (R12); in a conversation that is not live, an ordinary message."""

    action: Literal["reply"]
    user_id: Name
    content: Annotated[str, BeforeValidator(clean_json)]
    agent_id: AgentId = "concierge"
    message_id: UUID | None = None
    expires_at: Instant | None = None
    conversation_context_id: ConversationId = None

    @field_validator("content")
    @classmethod
    def _content_is_a_text(cls, content: str) -> str:
        _check_text(content)
        return content


Request = Message | Withdrawal | Reply | ConsentRecord | ConsentRevocation
SomeRequest = TypeVar("SomeRequest", bound=Body)

_ACTIONS: dict[str, type[Withdrawal | Reply | ConsentRecord | ConsentRevocation]] = {
    "withdraw": Withdrawal,
    "reply": Reply,
    "record_consent": ConsentRecord,
    "revoke_consent": ConsentRevocation,
}

# What an error proposes, by field.
_FIXES = {
    "user_id": "Give our UUID or your own id of the person, up to 100 characters",
    "agent_id": "Name the agent that publishes in ASCII letters, digits and signs, up to 100 characters",
    "message_data": 'Give an object with a `type`, such as {"type": "weekly_summary", "stats": {"intros": 2}}; '
    f"a `message` or `text` in it is plain words of 1 to {TEXT_LIMIT} characters",
    "priority": "Use urgent, high, medium or low",
    "can_delay": "Use true or false",
    "requires_fresh_context": "Use true or false",
    "allow_repeat": "Use true or false",
    "expects_reply": "Use true or false",
    "message_id": "Use a UUID, or leave it out",
    "scheduled_for": "Give ISO 8601 with an offset, such as 2026-03-01T09:00:00Z or 2026-03-01T09:00:00-05:00",
    "expires_at": "Give ISO 8601 with an offset, later than `scheduled_for`, such as 2026-03-02T09:00:00Z",
    "conversation_context_id": "Use the UUID of a conversation, or leave it out",
    "conversation_id": "Use the UUID of a conversation, or leave it out",
    "topic": "Name the topic, up to 100 characters, or leave it out",
    "supersedes_message_id": "Use the UUID of the message it replaces, or leave it out",
    "sequence_id": "Give each part the same UUID, its position from 1, and the total",
    "sequence_position": "Count the parts from 1 up to `sequence_total`",
    "sequence_total": f"Give the number of parts, from 1 to {SEQUENCE_LIMIT}",
    "content": f"Give the words of the reply, 1 to {TEXT_LIMIT} characters",
    "body": "Give a message_id, or a user_id and a topic",
    "action": "Leave it out to publish, or use withdraw, reply, record_consent or revoke_consent",
    "purpose": "Use transactional, informational or marketing",
    "source": "Say how and where it was given, such as 'web form /signup', up to 500 characters",
    "given_at": "Give ISO 8601 with an offset, such as 2026-03-01T09:00:00Z, not in the future",
    "until": "Give ISO 8601 with an offset, later than `given_at`, or leave it out",
    "revoked_at": "Give ISO 8601 with an offset, such as 2026-03-01T09:00:00Z, not in the future",
}


def verbatim_text(data: Mapping[str, JsonValue]) -> str | None:
    """The words that are sent unchanged: a string under `message`, or else `text`; None for structured data.

    Agents of the system before this one put them under `content`, with nothing beside it but nulls. Beside other data a
    `content` is data.
    """
    keys: tuple[str, ...] = ("message", "text")
    if data.get("content") is not None and all(v is None for k, v in data.items() if k not in ("type", "content")):
        keys = ("content",)
    return next((value for key in keys if isinstance(value := data.get(key), str)), None)


def _check_text(text: str) -> None:
    if shows_nothing(text):
        raise PydanticCustomError("empty_text", "holds an empty text")
    if len(text) > TEXT_LIMIT:
        raise PydanticCustomError("text_too_long", f"holds a text of over {TEXT_LIMIT} characters")
    if is_json(text):
        raise PydanticCustomError("text_is_json", "holds JSON where words are expected")
    if unfilled_placeholder(text):
        raise PydanticCustomError("text_is_template", "holds a placeholder that is not filled")


def parse_request(body: str) -> Request:
    """Read one queue body.

    Raises:
        InvalidMessage: with the field, the problem and the fix. Bad input raises no other error.
    """
    # A character takes at most four bytes.
    if len(body) * 4 > BODY_LIMIT and len(body.encode("utf-8", "surrogatepass")) > BODY_LIMIT:
        raise InvalidMessage("body", "is too large", f"Send at most {BODY_LIMIT} bytes", "body_too_large")
    content = _json_object(body)
    if "action" not in content:
        return _validate(Message, content)
    kind = _ACTIONS.get(str(content["action"]), Withdrawal)
    return _validate(kind, content)


def build_message(fields: Mapping[str, Any]) -> Message:
    """Build a message from the fields that a caller gave; a field that is None counts as left out.

    Raises:
        InvalidMessage: as `parse_request`.
    """
    return _build(Message, fields)


def build_reply(**fields: Any) -> Reply:
    """Build a reply, as `build_message`."""
    return _build(Reply, {"action": "reply", **fields})


def build_withdrawal(**fields: Any) -> Withdrawal:
    """Build a withdrawal, as `build_message`."""
    return _build(Withdrawal, {"action": "withdraw", **fields})


def build_consent(**fields: Any) -> ConsentRecord:
    """Build the record of a consent, as `build_message`."""
    return _build(ConsentRecord, {"action": "record_consent", **fields})


def build_revocation(**fields: Any) -> ConsentRevocation:
    """Build the revocation of a consent, as `build_message`."""
    return _build(ConsentRevocation, {"action": "revoke_consent", **fields})


def to_body(request: Body) -> str:
    """The JSON that goes on the queue, in camelCase."""
    return request.model_dump_json(by_alias=True, exclude_none=True)


def _build(kind: type[SomeRequest], fields: Mapping[str, Any]) -> SomeRequest:
    request = _validate(kind, {name: value for name, value in fields.items() if value is not None})
    parse_request(to_body(request))  # checks size and characters on the body that is really sent
    return request


def _json_object(body: str) -> dict[str, Any]:
    try:
        content = _JSON.decode(body)
    except (ValueError, RecursionError):
        raise InvalidMessage("body", "is not JSON", "Send one JSON object", "not_json") from None
    if not isinstance(content, dict):
        raise InvalidMessage("body", "is not a JSON object", "Send one JSON object", "not_an_object")
    return content


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(number: str) -> float:
    value = float(number)
    if math.isinf(value):
        raise ValueError(f"{number} is too large for any database")
    return value


_JSON = json.JSONDecoder(parse_constant=_refuse_constant, parse_float=_finite)


def _validate(kind: type[SomeRequest], content: dict[str, Any]) -> SomeRequest:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        raise _first_problem(error) from None


# The field that is named for a problem of several fields.
_FIELD_OF = {
    "expires_before_scheduled": "expires_at",
    "sequence_in_part": "sequence_id",
    "position_above_total": "sequence_position",
    "until_before_given": "until",
    "agrees_to_what": "purpose",
    "both_scopes": "topic",
}


def _first_problem(error: ValidationError) -> InvalidMessage:
    """The typed error for pydantic's first one; it never repeats the offending value (G10)."""
    first = error.errors()[0]
    name = _FIELD_OF.get(first["type"]) or (str(first["loc"][0]) if first["loc"] else "")
    # A name that the body made up may be a number.
    field = to_snake(name) if re.fullmatch(r"(?!.*\d{7})\w{1,60}", name) else "body"
    if first["type"] == "extra_forbidden":
        return InvalidMessage(field, "is not a field of a message", "Remove it, or check its spelling", "unknown_field")
    problem = {
        "missing": "is missing",
        "timezone_aware": "has no offset from UTC",
        "string_pattern_mismatch": "is blank",
    }.get(first["type"], first["msg"][:1].lower() + first["msg"][1:])
    return InvalidMessage(field, problem, _FIXES.get(field, "Correct it"))
