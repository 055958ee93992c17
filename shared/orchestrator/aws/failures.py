"""What may be shown of an error: type, SQLSTATE and place, and the text of errors of ours (G10)."""

import traceback
from pathlib import Path

from orchestrator.errors import OrchestratorError

_PACKAGE = str(Path(__file__).parents[1])


def describe_failure(error: Exception) -> str:
    """Describe an error by its type, SQLSTATE and place; one of ours by its text, too."""
    if text := text_of(error):
        return f"{type(error).__name__}: {text}"
    state = getattr(error, "sqlstate", None)
    return f"{type(error).__name__}{f' ({state})' if state else ''} at {place_of(error)}"


def text_of(error: Exception) -> str | None:
    """Return the text of an error of ours that names settings, objects and the fix; None where it quotes a value."""
    # These are about something that a caller, an agent or a person gave.
    quotes = isinstance(error, ValueError | LookupError)
    return str(error) if isinstance(error, OrchestratorError) and not quotes else None


def place_of(error: Exception) -> str:
    """Return the file, line and function of ours in which an error was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if frame.filename.startswith(_PACKAGE) or Path(frame.filename).name == "app.py"]
    if not frames:
        return "nowhere"
    frame = (ours or frames)[-1]
    return f"{Path(frame.filename).name}:{frame.lineno} {frame.name}"
