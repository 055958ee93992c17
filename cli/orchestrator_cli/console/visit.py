"""One request for a page: its fields, the database, the time, and the templates that answer it."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from uuid import UUID

from jinja2 import Environment
from psycopg import Connection
from starlette.responses import HTMLResponse, Response

from orchestrator.clock import Clock
from orchestrator.errors import OrchestratorError
from orchestrator.rules.local_time import format_time
from orchestrator.rules.pause_words import describe_in_words
from orchestrator.store.pauses import list_pauses
from orchestrator_cli.console.rendering import template_environment

Word = TypeVar("Word", bound=StrEnum)
OpenDatabase = Callable[[], AbstractContextManager[tuple[Connection, Clock]]]
# The pages, in the order of the navigation.
PAGES = {
    "messages": "Messages",
    "people": "People",
    "agents": "Agents",
    "trouble": "Trouble",
    "numbers": "Numbers",
}


def page_templates(base: str, target: str, home: str) -> Environment:
    """The templates of the operator's pages.

    Args:
        base: what stands before each path, such as `/` and the token.
        target: the stack that the pages are about, in words.
        home: the page of the local stack; empty for another stack.
    """
    templates = template_environment()
    templates.globals.update(base=base, target=target, home=home, navigation=PAGES)
    templates.filters["instant"] = format_time
    return templates


def render(templates: Environment, template: str, status: int = 200, **values: Any) -> Response:
    """A page from its template."""
    return HTMLResponse(templates.get_template(f"{template}.html").render(values), status)


@dataclass(frozen=True, slots=True)
class Visit:
    """One request for a page.

    Attributes:
        fields: what the address and the form name, without empty values.
    """

    templates: Environment
    connection: Connection
    clock: Clock
    fields: Mapping[str, str]

    def page(self, template: str, **values: Any) -> Response:
        """The page, with the pauses in force above it."""
        pauses = [describe_in_words(pause) for pause in list_pauses(self.connection, self.clock())]
        return render(self.templates, template, pauses=pauses, fields=defaultdict(str, self.fields), **values)

    def id(self, name: str) -> UUID | None:
        """An id in the fields; None where there is none.

        Raises:
            OrchestratorError: it is no id.
        """
        text = self.fields.get(name)
        try:
            return UUID(text) if text else None
        except ValueError:
            raise OrchestratorError(f"{text!r} is not an id, which is a UUID.") from None


Page = Callable[[Visit], Response]


def word_in(fields: Mapping[str, str], name: str, words: type[Word]) -> Word | None:
    """One of these words in a field; None where the field is empty.

    Raises:
        OrchestratorError: it is another word.
    """
    try:
        return words(fields[name].lower()) if name in fields else None
    except ValueError:
        raise OrchestratorError(f"{name}: {fields[name]!r} is none of {', '.join(words)}.") from None
