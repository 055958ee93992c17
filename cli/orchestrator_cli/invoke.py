"""The command `invoke`: runs one function as Lambda does, without Docker."""

import json
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from orchestrator.errors import OrchestratorError
from orchestrator_cli.extras import require_extra
from orchestrator_cli.output import show_error, show_json
from orchestrator_cli.target import on_target


@on_target
def invoke(
    function: Annotated[str, typer.Argument(help="The function's folder in functions/, such as enqueue.")],
    event: Annotated[Path, typer.Option(help="A JSON file, such as events/enqueue.json.", exists=True, dir_okay=False)],
) -> None:
    """Run one function once, in its own process under AWS's runtime client, and print its log and its answer."""
    with require_extra("invoke", "local"):
        from orchestrator_local.runtime import FunctionFailed, FunctionProcess
        from orchestrator_local.template import read_template
    functions = {found.name: found for found in read_template().functions}
    if function not in functions:
        raise typer.BadParameter(f"There is no function {function!r}. The functions are: {', '.join(functions)}.")
    try:
        content = json.loads(event.read_text())
    except ValueError:
        raise typer.BadParameter(f"{event} is not JSON.") from None
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        process = FunctionProcess(functions[function], os.environ, log)
        try:
            answer = process.invoke(content)
        except FunctionFailed as failure:
            show_error(log.read_text(), style="")
            raise OrchestratorError(str(failure)) from None
        finally:
            process.stop()
        show_error(log.read_text().rstrip(), style="dim")
    show_json(answer)
