"""Consent of people (R15): what agents, forms and operators record when it is given or revoked."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from orchestrator.clean_text import visible_text
from orchestrator.purpose import Purpose
from orchestrator.request_fields import Body, Instant, Name


def _clean(value: str) -> str:
    """Text from outside, without what no column and no page can hold, such as NUL."""
    cleaned = visible_text(value).strip()
    if not cleaned:
        raise PydanticCustomError("string_pattern_mismatch", "shows nothing")
    return cleaned


# How a consent was given or revoked, the wording that was shown, a reference to the record of it.
Words = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_clean)]
Wording = Annotated[str, Field(min_length=1, max_length=4_000), AfterValidator(_clean)]


class ConsentRecord(Body):
    """A person agreed to texts of a purpose to the number that they have, or again to a topic that they revoked.

    Attributes:
        topic: instead of a purpose. It ends the revocation of the topic; marketing needs a consent to its purpose too.
        source: how and where, such as "web form /signup".
        wording: what was shown to the person; reference: where the owner keeps the proof.
        given_at: when; now where it is left out.
        until: when it ends by itself, as an implied consent does; None where it does not.
        recorded_by: who recorded it; the publisher where it is left out.
    """

    action: Literal["record_consent"]
    user_id: Name
    source: Words
    purpose: Purpose | None = None
    topic: Name | None = None
    wording: Wording | None = None
    reference: Words | None = None
    given_at: Instant | None = None
    until: Instant | None = None
    recorded_by: Name | None = None
    message_id: UUID | None = None

    @model_validator(mode="after")
    def _names_one_scope(self) -> Self:
        if self.purpose is None and self.topic is None:
            raise PydanticCustomError("agrees_to_what", "is missing, and so is a topic")
        if self.purpose and self.topic:
            raise PydanticCustomError("both_scopes", "stands beside a purpose: record each by itself")
        return self

    @model_validator(mode="after")
    def _ends_after_it_is_given(self) -> Self:
        if self.given_at and self.until and self.until <= self.given_at:
            raise PydanticCustomError("until_before_given", "is not after `given_at`")
        return self


class ConsentRevocation(Body):
    """A person wants no more texts, in another way than by a text: of a purpose, of a topic, or none at all.

    Without purpose and topic it is an opt-out, as STOP is (R11).
    """

    action: Literal["revoke_consent"]
    user_id: Name
    source: Words
    purpose: Purpose | None = None
    topic: Name | None = None
    reference: Words | None = None
    revoked_at: Instant | None = None
    recorded_by: Name | None = None
    message_id: UUID | None = None

    @model_validator(mode="after")
    def _names_one_scope(self) -> Self:
        if self.purpose and self.topic:
            raise PydanticCustomError("both_scopes", "stands beside a purpose: revoke each by itself")
        return self


@dataclass(frozen=True, slots=True)
class ConsentEntry:
    """One entry of the ledger of consents, which only grows.

    Attributes:
        purpose: None where it is about a topic.
        is_given: false for a revocation.
        at: when it was given or revoked; until: when it ends by itself.
    """

    id: UUID
    user_id: UUID
    phone_number: str
    purpose: Purpose | None
    topic: str | None
    is_given: bool
    at: datetime
    until: datetime | None
    source: str
    wording: str | None
    reference: str | None
    recorded_by: str
