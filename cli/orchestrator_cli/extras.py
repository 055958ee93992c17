"""Reports a missing optional library as an error with the `pip install` command that adds it."""

from collections.abc import Iterator
from contextlib import contextmanager

from orchestrator.errors import OrchestratorError


@contextmanager
def require_extra(command: str, extra: str) -> Iterator[None]:
    """Run imports that only an extra of the package provides.

    Args:
        command: the command that needs them, for the error.
        extra: the extra to install, such as `local`.

    Raises:
        OrchestratorError: a library is not installed.
    """
    try:
        yield
    except ModuleNotFoundError:
        fix = f'pip install "message-orchestrator[{extra}]"'
        raise OrchestratorError(f"`{command}` needs more libraries. Install them: {fix}.") from None
