"""`make local`: runs the stack and its console until Ctrl-C, and prints how to publish to it."""

import json
import signal
import sys
import threading
import webbrowser
from pathlib import Path

from rich.console import Console

from orchestrator.errors import OrchestratorError
from orchestrator_local.console.server import console_server
from orchestrator_local.services import services_from, shell_environment
from orchestrator_local.stack import PUBLISHER_VARIABLES, Stack, local_stack

FOLDER = Path(".local/stack")
# `orchestrator … --local` reads the variables of the running stack from this file.
ENVIRONMENT_FILE = Path(".local/environment.json")


def main() -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit code."""
    console = Console(highlight=False)
    services = services_from(shell_environment())
    real_twilio = services.twilio is not None
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        with local_stack(FOLDER, services, fresh=False) as stack:
            ENVIRONMENT_FILE.write_text(json.dumps(stack.environment))
            ENVIRONMENT_FILE.chmod(0o600)
            try:
                with console_server(stack, real_twilio=real_twilio) as address:
                    _print_instructions(console, stack, address, real_twilio=real_twilio)
                    if sys.stdout.isatty():
                        webbrowser.open(address)
                    _print_texts_until(stopped, console, stack)
            finally:
                ENVIRONMENT_FILE.unlink(missing_ok=True)
    except OrchestratorError as error:
        console.print(f"[red]{error}[/]")
        return 1
    console.print("Stopped. Every process was ended. People and messages are kept in .local/stack.")
    return 0


def _print_instructions(console: Console, stack: Stack, address: str, *, real_twilio: bool) -> None:
    console.print("[bold]The stack runs.[/] Each minute it delivers what is due. Ctrl-C stops it.")
    console.print(f"Open the console: [bold]{address}[/]")
    console.print(
        f"Twilio is {'[bold red]real[/]' if real_twilio else 'a stand-in'}. Logs are in {stack.folder}/logs.\n"
    )
    lines = [
        "Add a person, in another terminal:",
        "  .venv/bin/orchestrator user add --local --phone '+1 212 555 0101' --name Ada "
        "--zone America/New_York --external-id user_123",
        "Publish to this person:",
        *(f"  export {name}={stack.environment[name]}" for name in PUBLISHER_VARIABLES),
        "  .venv/bin/python examples/urgent_notification.py",
        "Show the waiting messages, with their reasons:",
        "  .venv/bin/orchestrator queue --local",
        "\nTexts appear here as they arrive:",
    ]
    for line in lines:
        console.print(line, soft_wrap=True)  # a command stays on one line, to be copied


def _print_texts_until(stopped: threading.Event, console: Console, stack: Stack) -> None:
    printed = 0
    while not stopped.wait(0.2):
        for text in stack.phones.texts[printed:]:
            console.print(f"  [green]{text.to}[/]  {text.body}")
            printed += 1


if __name__ == "__main__":
    sys.exit(main())
