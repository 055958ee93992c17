"""Renders the templates of a console; every text in them is escaped."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

# The styles and templates that the pages of every console use.
STATIC = Path(__file__).parent / "static"
_TEMPLATES = Path(__file__).parent / "templates"


def template_environment(own_folders: Sequence[Path] = ()) -> Environment:
    """The templates of these folders, and of this one.

    Args:
        own_folders: where a template is looked for first.
    """
    environment = Environment(
        loader=FileSystemLoader([*own_folders, _TEMPLATES]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["moment"] = "{:%a %d %b %H:%M:%S}".format
    return environment
