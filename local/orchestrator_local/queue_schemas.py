"""Writes `schemas/`, JSON Schemas of the bodies on the enqueue queue, and from them TypeScript types and a docs table.

Run `make schema` after a change of a request's fields. Tests compare the files with the models, and the schemas with
the parser. The schemas come from the pydantic models; this module adds what the models check in code (`_CHECKS`,
`_RULES`) and what each field means (`_MEANINGS`).
"""

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

from pydantic.alias_generators import to_camel, to_snake

from orchestrator.consents import ConsentRecord, ConsentRevocation
from orchestrator.messages import SEQUENCE_LIMIT, TEXT_LIMIT, Message, Reply, Withdrawal
from orchestrator.request_fields import Body
from orchestrator_local.template import ROOT

Schema = dict[str, Any]

# Part of each file's name and `$id`. A change that refuses a body which the schema accepted before needs the next one.
VERSION = "v1"
KINDS: dict[str, type[Body]] = {
    "message": Message,
    "withdrawal": Withdrawal,
    "reply": Reply,
    "consent": ConsentRecord,
    "revocation": ConsentRevocation,
}
FOLDER = ROOT / "schemas"
TYPESCRIPT = ROOT / "examples" / "typescript" / "queue-messages.ts"
PAGE = ROOT / "docs" / "agents.md"
# The table stands between these lines of the page.
_TABLE_BEGINS, _TABLE_ENDS = "<!-- `make schema` writes this table -->\n", "<!-- end of the table -->\n"

# Names that the system before this one used.
_FORMER_NAMES = {"conversationContextId": ("conversationId", "conversation_id")}

# `clean_text` changes a name that holds one of these; other invisible characters are too many for a pattern.
_CONTROL_CHARACTERS = r"[\u0000-\u001f\u007f-\u009f\u2028\u2029]"
_NOT_BLANK: Schema = {"pattern": r"\S"}
_NAME: Schema = {**_NOT_BLANK, "not": {"pattern": _CONTROL_CHARACTERS}}
_WORDS: Schema = {"minLength": 1, "maxLength": TEXT_LIMIT, **_NOT_BLANK}
_DATE = r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
_TIME_OF_DAY = r"([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9](\.[0-9]{1,9})?)?"
_OFFSET = r"([Zz]|[+-]([01][0-9]|2[0-3]):?[0-5][0-9])"
# In place of pydantic's `format`: that asserts nothing in draft 2020-12, or else refuses times that the parser accepts.
_FORMATS: dict[str, Schema] = {
    "uuid": {"pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"},
    "date-time": {"pattern": f"^{_DATE}[Tt ]{_TIME_OF_DAY}{_OFFSET}$"},
}
_WORDS_OF_PATTERN = {_FORMATS["uuid"]["pattern"]: "UUID", _FORMATS["date-time"]["pattern"]: "time"}
# What pydantic prints of a field and the schemas do not hold.
_LEFT_OUT = {"title", "description", "default", "format", "$ref"}
# What the validators of the models check, by field.
_CHECKS: dict[str, Schema] = {
    **dict.fromkeys(("userId", "topic", "recordedBy"), _NAME),
    **dict.fromkeys(("source", "wording", "reference"), _NOT_BLANK),
    "agentId": {"pattern": "^ *[!-~][ -~]*$"},
    "content": _WORDS,
    "messageData": {
        "minProperties": 1,
        "properties": {"type": {"type": "string", **_NOT_BLANK}},
        "additionalProperties": True,
        # `verbatim_text`: the words are under `message`, or else `text`, or in `content` that stands alone.
        "if": {"required": ["message"], "properties": {"message": {"type": "string"}}},
        "then": {"properties": {"message": _WORDS}},
        "else": {
            "properties": {"text": _WORDS},
            "if": {"properties": {"type": True, "content": True}, "additionalProperties": {"type": "null"}},
            "then": {"properties": {"content": _WORDS}},
        },
    },
}
# What each field means: the `description` in the schemas, the comment in TypeScript, the row in the docs.
_MEANINGS = {
    "action": "what the body asks for; a message has none",
    "userId": "your own id of the person, or the person's UUID in the database",
    "agentId": "the agent that publishes, in printable ASCII, compared trimmed and in lower case; "
    f"for a reply without one `{Reply.model_fields['agent_id'].default}`",
    "messageData": "findings, which become one text, or your own words under `message` or `text`, sent unchanged: "
    f"at most {TEXT_LIMIT} characters. `type` names the kind of data (`message` where it is left out)",
    "priority": "the lane of the message (R6)",
    "canDelay": "false: it waits for no better time (R6), and an `urgent` message ignores the hourly limit (R5)",
    "requiresFreshContext": "true: once its person has written, Claude is asked whether it is still relevant (R10)",
    "messageId": "its id, best of version 7: the same id twice is one message; in a withdrawal the message to withdraw",
    "scheduledFor": "it does not go before this time (R9)",
    "expiresAt": "it does not go after this time (R9)",
    "topic": "a newer message of a topic supersedes older ones that wait (R9); a consent may be to a topic (R15)",
    "supersedesMessageId": "the message that this one replaces (R9)",
    "sequenceId": "the same for each part of a sequence; with position and total (R8)",
    "sequencePosition": "the place of the part, from 1 up to the total (R8)",
    "sequenceTotal": "the number of parts (R8)",
    "conversationContextId": "the conversation that it belongs to; `conversationId` is its former name",
    "allowRepeat": "true: it goes also where the person got the same words within 20 hours (R14)",
    "expectsReply": "true: it asks something; the question is open until the person answers (R12)",
    "content": f"the words of the reply, at most {TEXT_LIMIT} characters, sent unchanged (R12)",
    "source": "how and where the person agreed or revoked, such as `web form /signup` (R15)",
    "purpose": "which texts the person agreed to, or wants no more (R15)",
    "wording": "the wording that the person saw",
    "reference": "where you keep your own record of it",
    "givenAt": "when it was given; now where it is left out",
    "until": "when it ends by itself",
    "revokedAt": "when it was revoked; now where it is left out",
    "recordedBy": "who recorded it; the publisher where it is left out",
}


def names_of(field: str) -> list[str]:
    """Every name under which the parser reads a field, the camelCase name first."""
    return list(dict.fromkeys([field, to_snake(field), *_FORMER_NAMES.get(field, ())]))


def required_fields(model: type[Body]) -> list[str]:
    """The fields, in camelCase, without which the parser refuses a body."""
    return [to_camel(name) for name, field in model.model_fields.items() if field.is_required()]


def _has_value(field: str) -> Schema:
    """A schema of bodies in which a field, under any of its names, is there and not null."""
    not_null = {"not": {"type": "null"}}
    return {"anyOf": [{"required": [name], "properties": {name: not_null}} for name in names_of(field)]}


def _all(*fields: str) -> Schema:
    return {"allOf": [_has_value(field) for field in fields]}


def _none(*fields: str) -> Schema:
    return {"not": {"anyOf": [_has_value(field) for field in fields]}}


# What the models check between fields.
_RULES: dict[type[Body], list[Schema]] = {
    Message: [
        {
            "anyOf": [
                _none("sequenceId", "sequencePosition", "sequenceTotal"),
                _all("sequenceId", "sequencePosition", "sequenceTotal"),
            ]
        }
    ],
    Withdrawal: [
        {
            "oneOf": [
                {**_all("messageId"), **_none("userId", "topic")},
                {**_all("userId", "topic"), **_none("messageId")},
            ]
        }
    ],
    ConsentRecord: [{"oneOf": [_has_value("purpose"), _has_value("topic")]}],
    ConsentRevocation: [{"not": _all("purpose", "topic")}],
}


def schema_of(kind: str) -> Schema:
    """The JSON Schema (draft 2020-12) of one kind of body; each field in camelCase, and its other names beside it."""
    model = KINDS[kind]
    printed = model.model_json_schema()
    fields = {
        name: _field(name, field, printed.get("$defs", {}), nullable="anyOf" in field)
        for name, field in printed["properties"].items()
    }
    required = required_fields(model)
    other_names = {
        name: {"$ref": f"#/properties/{field}"} for field in fields for name in names_of(field) if name != field
    }
    # A field under two of its names.
    twice = [{"required": list(pair)} for field in fields for pair in combinations(names_of(field), 2)]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:message-orchestrator:queue-{kind}:{VERSION}",
        "title": model.__name__,
        "description": (model.__doc__ or "").partition("\n")[0],
        "type": "object",
        "properties": fields | other_names,
        "additionalProperties": False,
        "allOf": [
            *({"anyOf": [{"required": [name]} for name in names_of(field)]} for field in required),
            {"not": {"anyOf": twice}},
            *_RULES.get(model, []),
        ],
    }


def _field(name: str, printed: Schema, definitions: dict[str, Schema], *, nullable: bool) -> Schema:
    """A field as pydantic prints it, with the checks of the models, and without titles and references."""
    value: Schema = printed["anyOf"][0] if nullable else printed
    value = definitions.get(value.get("$ref", "").removeprefix("#/$defs/"), {}) | value
    kept = {key: value[key] for key in value if key not in _LEFT_OUT}
    described: Schema = {"description": _MEANINGS[name]}
    if printed.get("default") is not None:
        described["default"] = printed["default"]
    exact = kept | _FORMATS.get(value.get("format", ""), {}) | _CHECKS.get(name, {})
    return described | ({"anyOf": [exact, {"type": "null"}]} if nullable else exact)


def typescript_types() -> str:
    """TypeScript types of the bodies, in camelCase, made from the schemas."""
    header = (
        "// Types of the bodies on the enqueue queue, generated by `make schema` from the schemas in schemas/: do not "
        "edit.\n// Times are ISO 8601 with an offset.\n"
    )
    return header + "".join(_interface(kind) for kind in KINDS)


def _interface(kind: str) -> str:
    schema, required = schema_of(kind), required_fields(KINDS[kind])
    lines = [f"\n/** {schema['description']} */", f"export interface {schema['title']} {{"]
    for name, field in _camel_fields(schema):
        lines += [f"  /** {field['description']} */"]
        lines += [f"  {name}{'' if name in required else '?'}: {_type(field)};"]
    return "\n".join([*lines, "}", ""])


def _camel_fields(schema: Schema) -> Iterator[tuple[str, Schema]]:
    return ((name, field) for name, field in schema["properties"].items() if "$ref" not in field)


def _type(field: Schema) -> str:
    match field:
        case {"anyOf": alternatives}:
            return " | ".join(_type(alternative) for alternative in alternatives)
        case {"const": value}:
            return json.dumps(value)
        case {"enum": values}:
            return " | ".join(json.dumps(value) for value in values)
        case {"type": "object", "properties": properties}:
            inner = "; ".join(f"{name}?: {_type(value)}" for name, value in properties.items())
            return f"{{ {inner}; [key: string]: unknown }}"
        case {"type": "integer"}:
            return "number"
    return str(field["type"])


def fields_table() -> str:
    """The table of the queue's fields for the docs: one row for each, with the bodies that have it."""
    rows: dict[str, tuple[str, str, list[str]]] = {}
    for kind, model in KINDS.items():
        for name, field in _camel_fields(schema_of(kind)):
            _, _, kinds = rows.setdefault(name, (_words_of_value(field), field["description"], []))
            kinds.append(f"**{kind}**" if name in required_fields(model) else kind)
    lines = [
        f"| `{name}` | {'; '.join(kinds)} | {words} | {meaning} |" for name, (words, meaning, kinds) in rows.items()
    ]
    return "\n".join(["| field | in | value | meaning |", "|---|---|---|---|", *lines, ""])


def _words_of_value(field: Schema) -> str:
    value = field["anyOf"][0] if "anyOf" in field else field
    default = f" (default `{str(field['default']).lower()}`)" if "default" in field else ""
    match value:
        case {"const": _}:
            words = ", ".join(f"`{_action(model)}`" for model in KINDS.values() if "action" in model.model_fields)
        case {"enum": values}:
            words = ", ".join(f"`{word}`" for word in values)
        case {"pattern": pattern} if pattern in _WORDS_OF_PATTERN:
            words = _WORDS_OF_PATTERN[pattern]
        case {"type": "string", "maxLength": longest}:
            words = f"text, 1 to {longest} characters"
        case {"type": "integer"}:
            words = f"number, 1 to {SEQUENCE_LIMIT}"
        case {"type": "boolean"}:
            words = "`true` or `false`"
        case _:
            words = "object"
    return words + default


def _action(model: type[Body]) -> str:
    return str(model.model_json_schema()["properties"]["action"]["const"])


def files() -> dict[Path, str]:
    """Each generated file with the text that belongs in it; the docs page with its table renewed."""
    schemas = {
        FOLDER / f"queue-{kind}.{VERSION}.json": json.dumps(schema_of(kind), indent=2, ensure_ascii=False) + "\n"
        for kind in KINDS
    }
    before, begins, rest = PAGE.read_text().partition(_TABLE_BEGINS)
    _, ends, after = rest.partition(_TABLE_ENDS)
    assert ends, f"{PAGE} has no place for the table of fields"
    page = before + begins + "\n" + fields_table() + "\n" + ends + after
    return {**schemas, TYPESCRIPT: typescript_types(), PAGE: page}


def main() -> None:
    """Write every generated file."""
    FOLDER.mkdir(exist_ok=True)
    for path, text in files().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
