"""What a command prints: words for people, JSON for machines."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich import print as show
from rich import print_json

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def tell(facts: Mapping[str, Any], *lines: str, as_json: bool) -> None:
    """Print facts as JSON, or say them in lines."""
    if as_json:
        print_json(data=dict(facts), default=str)
        return
    for line in lines:
        show(line)
