"""The structure of the code: which part may import which, and names and sizes by which a reader finds things."""

import ast
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Each tree of ours, its folder, and the trees that it may import: a function is imported by nothing.
TREES = {
    "orchestrator": ("shared", {"orchestrator"}),
    # The two know each other: the local stack's console is made of the command line's, and `invoke` runs a function as
    # the local stack does.
    "orchestrator_local": ("local", {"orchestrator", "orchestrator_cli", "orchestrator_local"}),
    "orchestrator_cli": ("cli", {"orchestrator", "orchestrator_local", "orchestrator_cli"}),
    "functions": (".", {"orchestrator"}),
}
# The parts of shared/orchestrator: each imports itself and the layers above its line; procedures import each other, too.
PROCEDURES = {"intake", "delivery", "conversation", "maintenance", "query"}
LAYERS = [
    {
        "errors",
        "ids",
        "leases",
        "segments",
        "number_hash",
        "clean_text",
        "purpose",
        "thread_pools",
        "queries",
        "number_patterns",
    },
    {"unsendable", "request_fields", "number_plans"},
    {"consents"},
    {"clock", "messages", "people"},
    {"setting_values"},
    {"sender_settings", "brake_settings", "event_settings", "learn_settings"},
    {"aws"},
    {"settings"},
    {"agents", "fair_groups"},
    {"rules"},
    {"jurisdiction_fields"},
    {"jurisdictions"},
    {"store", "wording", "sms"},
    {"claude_calls"},
    {"event_targets"},
    {"events", "relevance_check"},
    PROCEDURES,
    {"ask", "client_checks"},
    {"asking_client"},
    {"client"},
    {"async_client", "tool_values"},
    {"tool_outcomes"},
    {"tools"},
    {"orchestrator"},
]
LEVEL = {part: level for level, layer in enumerate(LAYERS) for part in layer}
TYPES = {"rules", "agents", "messages", "people", "purpose", "settings", "brake_settings"}
LONGEST_MODULE = 350
PARTICIPLE = re.compile(
    "told|known|heard|said|taken|given|written|sent|held|found|made|forgotten|kept|seen|shown|begun|chosen"
    "|pending|waiting|missing|listening|calling|following|remaining"
    "|(?!(?:need|feed|seed|speed|exceed|proceed)$)[a-z]+ed"
)


def read_modules() -> Iterator[tuple[str, str]]:
    for tree, (folder, _) in TREES.items():
        for file in sorted((ROOT / folder / tree).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT / folder).with_suffix("").parts)
            yield name.removesuffix(".__init__"), file.read_text()


SOURCES = dict(read_modules())
NODES = [(name, node) for name, source in SOURCES.items() for node in ast.walk(ast.parse(source))]


def imported(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module:
        full = [f"{node.module}.{alias.name}" for alias in node.names]
        yield from (name if name in SOURCES else node.module for name in full)


# Every import, wherever it stands: who imports, and what.
IMPORTS = {(name, found) for name, node in NODES for found in imported(node)}
OURS = {(name, found) for name, found in IMPORTS if found.partition(".")[0] in TREES}


def part_of(module: str) -> str:
    return module.split(".")[1] if "." in module else module


def test_a_tree_imports_only_the_trees_below_it_and_nothing_imports_a_function() -> None:
    trees = {(name.partition(".")[0], found.partition(".")[0]) for name, found in OURS}
    assert [(tree, found) for tree, found in trees if found not in TREES[tree][1]] == []


def test_a_part_of_the_package_imports_only_the_layers_below_it() -> None:
    inside = [pair for pair in OURS if {module.partition(".")[0] for module in pair} == {"orchestrator"}]
    assert {part_of(module) for pair in inside for module in pair} <= LEVEL.keys(), "each part has its layer above"
    wrong = [
        f"{name} imports {found}"
        for name, found in inside
        if part_of(name) != part_of(found) and LEVEL[part_of(found)] >= LEVEL[part_of(name)]
        if not {part_of(name), part_of(found)} <= PROCEDURES
    ]
    assert wrong == []


def test_rules_import_our_types_and_the_standard_library_alone() -> None:
    of_rules = [found for name, found in IMPORTS if name.startswith("orchestrator.rules")]
    assert {part_of(found) for found in of_rules if found in SOURCES} <= TYPES
    assert {found.partition(".")[0] for found in of_rules if found not in SOURCES} <= sys.stdlib_module_names


def test_no_import_leads_back_to_its_module() -> None:
    TopologicalSorter({name: {found for by, found in OURS if by == name} for name in SOURCES}).prepare()


def test_no_two_classes_have_one_name() -> None:
    classes = Counter(node.name for _, node in NODES if isinstance(node, ast.ClassDef))
    assert [name for name, times in classes.items() if times > 1] == []


def test_no_module_is_too_long_to_read() -> None:
    assert [name for name, source in SOURCES.items() if len(source.splitlines()) > LONGEST_MODULE] == []


def test_no_public_function_is_named_with_a_participle_that_lacks_its_noun() -> None:
    functions = [(name, node.name) for name, node in NODES if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    public = [(name, function) for name, function in functions if not function.startswith(("_", "is_", "has_"))]
    last_words = [(name, function, function.removesuffix("_of").rpartition("_")[2]) for name, function in public]
    assert [f"{name}.{function}" for name, function, word in last_words if PARTICIPLE.fullmatch(word)] == []


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("orchestrator", ["psycopg", "twilio", "anthropic", "phonenumbers", "aws_lambda_powertools", "tenacity"]),
        ("orchestrator.delivery.dispatch", ["twilio", "anthropic", "boto3"]),
        ("orchestrator.delivery.deliver", ["twilio", "anthropic", "boto3"]),
    ],
)
def test_an_import_brings_only_what_it_needs(module: str, absent: list[str]) -> None:
    code = f"import {module}, sys; print([name for name in {absent!r} if name in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
