"""Arguments and options that several commands share."""

from typing import Annotated

import typer

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Report what would change, and change nothing.")]
PersonReference = Annotated[str, typer.Argument(help="The person: our UUID, or your external id.")]
