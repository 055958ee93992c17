"""The check for known vulnerabilities in CI: it fails for one, and never passes in silence without having asked."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_spec = importlib.util.spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
assert _spec is not None
assert _spec.loader is not None
audit = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(audit)

GOOD = {"name": "six", "version": "1.17.0", "vulns": []}
BAD = {"name": "urllib3", "version": "1.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.0"]}]}
SKIPPED = {"name": "boto3", "skip_reason": "Dependency not found on PyPI"}


@pytest.mark.parametrize(
    ("packages", "text", "passes"),
    [
        ([GOOD], "No known vulnerability in 1 packages.", True),
        ([GOOD, SKIPPED], "No known vulnerability in 1 packages; NOT CHECKED: 1.", True),
        ([SKIPPED, SKIPPED], "NOT CHECKED: the advisories cannot be reached (none of 2 packages was found).", True),
        ([GOOD, BAD, SKIPPED], "urllib3 1.0: PYSEC-1, fixed in 2.0", False),
    ],
)
def test_a_report_is_judged(packages: list[object], text: str, passes: bool) -> None:
    assert audit.judge_report(json.dumps({"dependencies": packages, "fixes": []}), "") == (text, passes)


@pytest.mark.parametrize("report", ["", "no JSON", "[]"])
def test_a_tool_without_a_network_is_reported_and_fails_nothing(report: str) -> None:
    text, passes = audit.judge_report(report, "Traceback\nConnectionError: no route to host\n")
    assert (text, passes) == (
        "NOT CHECKED: the advisories cannot be reached (ConnectionError: no route to host).",
        True,
    )


def pinned_in_layer() -> set[str]:
    lock = (ROOT / "layers" / "dependencies" / "layer.lock").read_text()
    return {entry.partition("==")[0] for entry in lock.splitlines() if "==" in entry}


def test_the_layer_holds_nothing_that_is_not_imported() -> None:
    """Each pinned package has a module that our code, or a client that it makes, imports."""
    code = (
        "import importlib, importlib.metadata, pkgutil, sys\n"
        "import anthropic, babel, boto3, orchestrator\n"  # we import Babel where a text needs it
        "from twilio.rest import Client\n"
        "from twilio.request_validator import RequestValidator\n"
        "Client('AC', 'x').messages\n"
        "anthropic.Anthropic(api_key='x').messages\n"
        "[boto3.client(name, region_name='us-east-1') for name in ('sqs', 'secretsmanager', 'events')]\n"
        "for module in pkgutil.walk_packages(orchestrator.__path__, 'orchestrator.'):\n"
        "    importlib.import_module(module.name)\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "for name in sys.argv[1:]:\n"
        "    files = importlib.metadata.distribution(name).files\n"
        "    if not loaded & {file.parts[0].partition('.')[0] for file in files if file.suffix in ('.py', '.so')}:\n"
        "        print(name)\n"
    )
    command = [sys.executable, "-c", code, *sorted(pinned_in_layer())]
    assert subprocess.run(command, check=True, capture_output=True, text=True).stdout.split() == []


def test_what_the_layer_leaves_out_is_not_needed() -> None:
    """What `make lock` leaves out is not in the lock file, and the SDK's client and our functions import without it."""
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("LEFT_OUT := ")]
    left_out = line.partition(":=")[2].split()
    assert {"aiohttp", "aiohttp-retry", "pyjwt"} <= set(left_out)
    assert pinned_in_layer() & set(left_out) == set()
    names = {name.replace("-", "_") for name in left_out} | {"attr", "jwt"}
    code = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({sorted(names)!r}))\n"
        "import anthropic, boto3\n"
        "from twilio.rest import Client\n"
        "from twilio.request_validator import RequestValidator\n"
        "from orchestrator.sms import message_list, sender, signature\n"
        "from orchestrator.delivery import deliver\n"
        "Client('AC', 'x').messages\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
