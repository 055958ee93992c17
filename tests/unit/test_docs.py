"""Links, file names, commands and settings in the docs exist."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from orchestrator_cli.main import app
from orchestrator_local.template import ROOT

PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob(".github/*.md")])
SOURCES = [
    file
    for folder in ("shared", "functions", "cli", "local", "tests", "bench", "evaluation", ".ci")
    for file in (ROOT / folder).rglob("*")
    if file.is_file() and "__pycache__" not in file.parts
]
NAMES = {file.name for file in SOURCES}
CODE = "\n".join(file.read_text() for file in [*SOURCES, ROOT / "template.yaml"] if file.suffix in (".py", ".yaml"))
WIDTH = 120


def without_fences(text: str) -> str:
    return re.sub(r"^ *```.*?^ *```", "", text, flags=re.DOTALL | re.MULTILINE)


def code_of(text: str) -> Iterator[str]:
    """Each line of a fenced block, and each code span."""
    for block in re.findall(r"^ *```\w*\n(.*?)^ *```", text, re.DOTALL | re.MULTILINE):
        yield from block.splitlines()
    yield from (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", without_fences(text)))


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", without_fences(page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def links_of(text: str) -> Iterator[str]:
    """The target of each link; a label that no definition names is its own target."""
    prose = re.sub(r"`[^`]*`", "", without_fences(text))
    definitions = dict(re.findall(r"^\[([^\]]+)\]: (\S+)$", prose, re.MULTILINE))
    yield from definitions.values()
    yield from re.findall(r"\]\(([^)\s]+)\)", prose)
    for label in re.findall(r"\[([^\]\s][^\]]*)\](?![(:\[])", prose):
        yield definitions.get(" ".join(label.split()), label)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_somewhere(page: Path) -> None:
    for target in links_of(page.read_text()):
        if target.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), target
        assert not anchor or anchor in anchors_of(file), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_is_named_exists(page: Path) -> None:
    spans = [span for code in code_of(page.read_text()) for span in code.split()]
    named = {span for span in spans if re.fullmatch(r"[\w.-]+(/[\w.-]+)*\.(py|sql|toml|txt|yaml)", span)}
    bases = (ROOT, ROOT / "shared" / "orchestrator", page.parent)
    assert {span for span in named if span not in NAMES and not any((base / span).exists() for base in bases)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_and_make_target_exists(page: Path) -> None:
    commands = typer.main.get_command(app)
    targets = re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for code in code_of(page.read_text()):
        words = code.split()
        if words[:1] == ["make"]:
            assert {word for word in words[1:2] if re.fullmatch(r"[a-z-]+", word)} <= set(targets), code
        if words and words[0] in ("orchestrator", ".venv/bin/orchestrator"):
            group = commands
            for word in words[1:]:
                if not hasattr(group, "commands") or not re.fullmatch(r"[a-z][a-z-]+", word):
                    break
                assert word in group.commands, code
                group = group.commands[word]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_setting_is_one_of_ours(page: Path) -> None:
    of_aws = {"UPDATE_ROLLBACK_FAILED"}
    named = {code for code in code_of(page.read_text()) if re.fullmatch(r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+", code)}
    assert {name for name in named - of_aws if not re.search(rf"\b{name}\b", CODE, re.IGNORECASE)} == set()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_lines_are_short(page: Path) -> None:
    prose = without_fences(page.read_text()).splitlines()
    assert [line for line in prose if len(line) > WIDTH and not line.startswith("|")] == []


def test_the_set_up_counts_its_own_commands() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text()
    counted = [int(number) for number in re.findall(r"^\| \d\. [^|]+\| (\d+) \|", page, re.MULTILINE)]
    together = re.search(r"^\| \*\*together\*\* \| (\d+) \|", page, re.MULTILINE)
    # A line that is indented continues the command before it.
    commands = [
        len(re.findall(r"^\S", block[1], re.MULTILINE)) if block else 0
        for section in re.findall(r"^## \d\. .+?(?=^## )", page, re.DOTALL | re.MULTILINE)
        for block in [re.search(r"^```sh\n(.+?)^```", section, re.DOTALL | re.MULTILINE)]
    ]
    assert counted == commands
    assert together
    assert int(together[1]) == sum(commands)
