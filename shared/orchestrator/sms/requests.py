"""What lies on the inbound queue: Twilio's status callbacks and inbound texts, and the dispatcher's markers."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal
from uuid import UUID, uuid5

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    model_validator,
)

from orchestrator.aws.queues import DeadLetter, QueueRecord
from orchestrator.clean_text import clean_text, visible_text
from orchestrator.sms.addresses import is_of_texts, is_toll_free, number_of

STATUS_PATH = "/twilio/status"
INBOUND_PATH = "/twilio/inbound"
# Of the dispatcher's own marker, which shows that the queue is read (R11). The webhook serves no such path.
MARKER_PATH = "/marker"
# The most media of one text (Twilio's limit).
MOST_MEDIA = 10
# The namespace of our ids for inbound texts: a repeated request derives the same id from Twilio's.
_FROM_SID = UUID("0d3b1c52-7a52-5a3c-8f0e-3c9f6f0c1b77")


def inbound_id_of(sid: str) -> UUID:
    """The id of the `messages` row of an inbound text, from Twilio's id."""
    return uuid5(_FROM_SID, sid)


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


class _Form(BaseModel):
    model_config = ConfigDict(extra="allow", hide_input_in_errors=True)

    sid: str = Field(alias="MessageSid", min_length=1, max_length=100)

    @model_validator(mode="before")
    @classmethod
    def _fields_are_clean(cls, form: Any) -> Any:
        """Cleans every field; one that shows nothing is empty."""
        if not isinstance(form, dict):
            return form
        return {
            clean_text(name): visible_text(value) if isinstance(value, str) else value for name, value in form.items()
        }


class _Ids(BaseModel):
    message_id: UUID
    attempt_id: UUID


class _StatusForm(_Form):
    status: str = Field(alias="MessageStatus", min_length=1)
    phone_number: Annotated[str, AfterValidator(number_of)] = Field(default="", alias="To")
    error_code: Annotated[int | None, BeforeValidator(_empty_is_none)] = Field(default=None, alias="ErrorCode")


class _TextForm(_Form):
    address: str = Field(alias="From", min_length=1, max_length=100)
    to: str = Field(default="", alias="To")
    body: str = Field(default="", alias="Body")
    media: Annotated[int, BeforeValidator(lambda value: value or 0)] = Field(default=0, alias="NumMedia", ge=0)
    opt_out_type: str | None = Field(default=None, alias="OptOutType")


class StatusCallback(BaseModel):
    """A verified call to `/twilio/status`."""

    path: Literal["/twilio/status"]
    query: _Ids
    form: _StatusForm
    received_at: AwareDatetime


class InboundText(BaseModel):
    """A verified call to `/twilio/inbound`."""

    path: Literal["/twilio/inbound"]
    form: _TextForm
    received_at: AwareDatetime

    @property
    def inbound_id(self) -> UUID:
        """The id of its `messages` row."""
        return inbound_id_of(self.form.sid)

    @property
    def phone_number(self) -> str:
        """The sender's number, without the prefix of its channel."""
        return number_of(self.form.address)

    @property
    def is_sms(self) -> bool:
        """Whether the person wrote by text message, not over another channel such as WhatsApp."""
        return is_of_texts(self.form.address)

    @property
    def is_to_toll_free(self) -> bool:
        """Whether the person wrote to a toll-free number of ours."""
        return is_toll_free(self.form.to)

    @property
    def body(self) -> str:
        """The text itself."""
        return self.form.body

    @property
    def media(self) -> list[dict[str, str]]:
        """The `url` and `content_type` of each medium of the text."""
        extra = self.form.model_extra or {}
        return [
            {"url": str(extra[f"MediaUrl{place}"]), "content_type": str(extra.get(f"MediaContentType{place}", ""))}
            for place in range(min(self.form.media, MOST_MEDIA))
            if f"MediaUrl{place}" in extra
        ]


class InboundMarker(BaseModel):
    """The dispatcher's marker of one minute."""

    path: Literal["/marker"]


_Request = Annotated[StatusCallback | InboundText | InboundMarker, Field(discriminator="path")]
_request: TypeAdapter[StatusCallback | InboundText | InboundMarker] = TypeAdapter(_Request)


@dataclass(frozen=True, slots=True)
class Requests:
    """The requests of a batch by kind; each text with its record, and records that hold no request.

    Attributes:
        markers: the records of the dispatcher's markers.
    """

    callbacks: list[StatusCallback]
    texts: list[tuple[QueueRecord, InboundText]]
    unreadable: list[DeadLetter]
    markers: list[QueueRecord] = field(default_factory=list)


def read_requests(records: Sequence[QueueRecord]) -> Requests:
    """Read the requests of a batch."""
    requests = Requests([], [], [])
    for record in records:
        try:
            # Pydantic's own reader rejects half of a surrogate pair, for which no STOP may be lost.
            request = _request.validate_python(json.loads(record.body))
        except (json.JSONDecodeError, RecursionError):
            requests.unreadable.append(DeadLetter(record, "unreadable", "body", "Invalid JSON"))
            continue
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"]) or "body"
            requests.unreadable.append(DeadLetter(record, "unreadable", name, first["msg"]))
            continue
        match request:
            case InboundText():
                requests.texts.append((record, request))
            case StatusCallback():
                requests.callbacks.append(request)
            case InboundMarker():
                requests.markers.append(record)
    return requests
