"""Arguments and options that several commands share."""

from enum import StrEnum
from typing import Annotated, Any, TypeVar

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Report what would change, and change nothing.")]
PersonReference = Annotated[str, typer.Argument(help="The person: our UUID, or your external id.")]

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
