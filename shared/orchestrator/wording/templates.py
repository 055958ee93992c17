"""Templates of the plain sentence for known types: one file for each, named for the type.

`templates/payment_due.txt` with `a payment of {amount} is due on {due}.` is used for data of the type `payment_due`.
A name in braces is a path into the data; where one of them is missing, the sentence is made without the template.
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_PLACE = re.compile(r"\{([\w.]+)\}")


def from_template(data: Mapping[str, Any], say: Callable[[Any, str, Mapping[str, Any]], str]) -> str | None:
    """Fill the template of the data's type; None where there is none, or where a value that it names is missing.

    Args:
        say: puts a value into words, with its key and the object that holds it.
    """
    template = _templates().get(str(data.get("type", "")))
    if template is None:
        return None
    values = {path: say(*_look_up(data, path)) for path in _PLACE.findall(template)}
    if not all(values.values()):
        return None
    return _PLACE.sub(lambda place: values[place[1]], template)


def _look_up(data: Mapping[str, Any], path: str) -> tuple[Any, str, Mapping[str, Any]]:
    *objects, key = path.split(".")
    holder: Any = data
    for name in objects:
        holder = holder.get(name) if isinstance(holder, Mapping) else None
    return (holder.get(key), key, holder) if isinstance(holder, Mapping) else (None, key, {})


@cache
def _templates() -> dict[str, str]:
    return {file.stem: file.read_text().strip() for file in (Path(__file__).parent / "templates").glob("*.txt")}
