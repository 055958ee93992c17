"""How many tokens the longest answer of a given shape can take, so that `max_tokens` never cuts one off."""

from functools import cache
from typing import Any

from pydantic import BaseModel

# Lengths in characters of JSON values whose schema gives none.
_SCALARS = {"integer": 10, "number": 20, "boolean": 5, "null": 4}
# Braces, or the quotation marks and escapes around a text.
_FRAME = 10


@cache
def longest_answer(output: type[BaseModel], entries: int) -> int:
    """Return the length of the longest answer that a schema admits.

    One token is counted for each character. English takes about three characters to a token on the newer tokenizer,
    some scripts one, so this leaves a wide margin; tokens that are not used cost nothing.

    Args:
        output: the shape of the answer; every text in it has a maximum length.
        entries: entries of each list in it.

    Returns:
        Tokens.
    """
    schema = output.model_json_schema()
    return _longest(schema, schema.get("$defs", {}), entries)


def _longest(schema: dict[str, Any], definitions: dict[str, Any], entries: int) -> int:
    if reference := schema.get("$ref"):
        return _longest(definitions[reference.rpartition("/")[2]], definitions, entries)
    if "enum" in schema:
        return max(len(value) for value in schema["enum"]) + _FRAME
    match schema["type"]:
        case "object":
            properties = schema["properties"].items()
            return _FRAME + sum(
                len(name) + _FRAME + _longest(inner, definitions, entries) for name, inner in properties
            )
        case "array":
            return _FRAME + entries * _longest(schema["items"], definitions, entries)
        case "string":
            return int(schema["maxLength"]) + _FRAME
        case scalar:
            return _SCALARS[scalar]
