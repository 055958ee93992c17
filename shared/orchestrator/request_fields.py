"""What the fields of agents' requests have in common: times with an offset, names, ids, and keys in two spellings."""

import re
from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from orchestrator.clean_text import clean_text
from orchestrator.ids import LONGEST_NAME, normal_agent_id

# RFC 3339, seconds optional. Digits alone would be read as a Unix time.
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d{2}:?\d{2})?")


def _require_iso_text(value: object) -> object:
    if isinstance(value, datetime) or (isinstance(value, str) and _ISO_8601.fullmatch(value)):
        return value
    raise PydanticCustomError("not_iso_8601", "is not an ISO 8601 text")


def _require_plain_characters(value: str) -> str:
    if clean_text(value) != value or "\n" in value:
        raise PydanticCustomError("invisible", "holds control or invisible characters")
    return value


def _normalize_agent_id(value: str) -> str:
    normal = normal_agent_id(value)
    if normal is None:
        raise PydanticCustomError("agent_id_characters", "holds a character that is not printable ASCII")
    return normal


def _uuid_as_text(value: object) -> object:
    return str(value) if isinstance(value, UUID) else value


# The farthest time of a message: a later one is a mistake of the publisher.
PLANS_AHEAD = timedelta(days=366)

Instant = Annotated[AwareDatetime, BeforeValidator(_require_iso_text)]
# An identifier: cleaning it would make another one of it.
Name = Annotated[
    str,
    BeforeValidator(_uuid_as_text),
    Field(min_length=1, max_length=LONGEST_NAME, pattern=r"\S"),
    AfterValidator(_require_plain_characters),
]
AgentId = Annotated[
    str, Field(min_length=1, max_length=LONGEST_NAME, pattern=r"\S"), AfterValidator(_normalize_agent_id)
]


class Body(BaseModel):
    """A JSON body whose top-level keys come in camelCase or snake_case."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True, hide_input_in_errors=True
    )
