"""Arguments and options that several commands share."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from orchestrator.clean_text import clean_text

# The largest limit of a person or of agents, in texts.
MOST_TEXTS = 999_999
# The longest reason, in characters.
MOST_OF_REASON = 500
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
Yes = Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")]


def parse_reason(text: str) -> str:
    """What an operator wrote as the reason, in one line.

    Raises:
        typer.BadParameter: it is empty, or longer than 500 characters.
    """
    words = " ".join(clean_text(text).split())
    if not 0 < len(words) <= MOST_OF_REASON:
        raise typer.BadParameter(f"takes 1 to {MOST_OF_REASON} characters.")
    return words


def parse_name(text: str) -> str:
    """A name that limits what a command lists or changes.

    Raises:
        typer.BadParameter: it is empty, as an unset variable of a shell leaves it, and would limit nothing.
    """
    if not text.strip():
        raise typer.BadParameter("is empty. Give a name, or leave the option out.")
    return text


AS_NAME: dict[str, Any] = {"parser": parse_name, "metavar": "TEXT"}
AS_REASON: dict[str, Any] = {"parser": parse_reason, "metavar": "TEXT"}
Reason = Annotated[str | None, typer.Option("--reason", help="Why: it is recorded with your name.", **AS_REASON)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Report what would change, and change nothing.")]
PersonReference = Annotated[str, typer.Argument(help="The person: our UUID, or your external id.")]


def parse_id(text: str) -> UUID:
    """An id on the command line, of a message, a person or an action.

    Raises:
        typer.BadParameter: it is no UUID.
    """
    try:
        return UUID(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is not an id, which is a UUID.") from None


def parse_time(text: str) -> datetime:
    """A time on the command line, in ISO 8601; without an offset in UTC.

    Raises:
        typer.BadParameter: it is none.
    """
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(f"{text!r} is no time. Write 2026-03-02, or 2026-03-02T09:30:00-05:00.") from None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def check_period(since: datetime | None, until: datetime | None) -> None:
    """Check that a period has a beginning before its end.

    Raises:
        typer.BadParameter: it has not, so that nothing lies in it.
    """
    if since and until and since >= until:
        raise typer.BadParameter(f"Nothing lies in this period: since {since.isoformat()} until {until.isoformat()}.")


AS_TIME: dict[str, Any] = {"parser": parse_time, "metavar": "TIME"}
BeforeId = Annotated[
    UUID | None,
    typer.Option("--before", help="The last id of the page before.", parser=parse_id, metavar="ID"),
]
Choice = TypeVar("Choice", bound=StrEnum)


def one_of(choices: type[Choice]) -> dict[str, Any]:
    """The settings of an option or argument that takes one word of a list; an error names the words."""

    def parse(text: str) -> Choice:
        try:
            return choices(text.lower())
        except ValueError:
            raise typer.BadParameter(f"{text!r} is none of them. Use {', '.join(choices)}.") from None

    def complete(incomplete: str) -> list[str]:
        return [choice for choice in choices if choice.startswith(incomplete)]

    return {"parser": parse, "metavar": "|".join(choices), "autocompletion": complete}
