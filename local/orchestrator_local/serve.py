"""`make local`: the stack stays up until Ctrl-C, with a page on which it is seen, and says how to publish to it."""

import json
import signal
import sys
import threading
import webbrowser
from pathlib import Path

from rich.console import Console

from orchestrator.errors import OrchestratorError
from orchestrator_local.console.server import console_of
from orchestrator_local.stack import PUBLISHER_VARIABLES, Stack, demo_environment, local_stack, services_from

FOLDER = Path(".local/stack")
# Where `orchestrator … --local` finds the running stack.
STATE = Path(".local/environment.json")


def main() -> int:
    """Run until Ctrl-C or SIGTERM; returns the exit code."""
    console = Console(highlight=False)
    services = services_from(demo_environment())
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    signal.signal(signal.SIGINT, lambda *_: stopped.set())
    try:
        with local_stack(FOLDER, services, fresh=False) as stack:
            STATE.write_text(json.dumps(stack.environment))
            STATE.chmod(0o600)
            try:
                with console_of(stack, real_twilio=services.twilio is not None) as address:
                    _explain(console, stack, address, real_twilio=services.twilio is not None)
                    if sys.stdout.isatty():
                        webbrowser.open(address)
                    _show_texts_until(stopped, console, stack)
            finally:
                STATE.unlink(missing_ok=True)
    except OrchestratorError as error:
        console.print(f"[red]{error}[/]")
        return 1
    console.print("Stopped. Every process was ended; people and messages are kept in .local/stack.")
    return 0


def _explain(console: Console, stack: Stack, address: str, *, real_twilio: bool) -> None:
    console.print("[bold]The stack is up.[/] Every minute it hands over what is due. Ctrl-C stops it.")
    console.print(f"See it think: [bold]{address}[/]")
    console.print(
        f"Twilio is {'[bold red]real[/]' if real_twilio else 'a stand-in'}. Logs are in {stack.folder}/logs.\n"
    )
    lines = [
        "Add a person, in another terminal:",
        "  .venv/bin/orchestrator user add --local --phone '+1 212 555 0101' --name Ada "
        "--zone America/New_York --external-id user_123",
        "Publish to them:",
        *(f"  export {name}={stack.environment[name]}" for name in PUBLISHER_VARIABLES),
        "  .venv/bin/python examples/urgent_notification.py",
        "See what waits, and why:",
        "  .venv/bin/orchestrator queue --local",
        "\nTexts appear here as they arrive:",
    ]
    for line in lines:
        console.print(line, soft_wrap=True)  # to be copied whole


def _show_texts_until(stopped: threading.Event, console: Console, stack: Stack) -> None:
    shown = 0
    while not stopped.wait(0.2):
        for text in stack.phones.texts[shown:]:
            console.print(f"  [green]{text.to}[/]  {text.body}")
            shown += 1


if __name__ == "__main__":
    sys.exit(main())
