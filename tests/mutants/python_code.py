"""Mutants of Python code: the operators of Cosmic Ray, and one of our own that drops a statement."""

import ast
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import parso
from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator

from tests.mutants.mutant import ROOT, Mutant, functions_of

FOLDERS = ("shared/orchestrator", "functions")
_COMPARISONS = ("Eq", "NotEq", "Lt", "LtE", "Gt", "GtE")
# Those of Cosmic Ray whose mutants run: most of the others fail at import, or turn the `|` of a type into something else.
OPERATORS = (
    *(f"ReplaceComparisonOperator_{a}_{b}" for a in _COMPARISONS for b in _COMPARISONS if a != b),
    *("ReplaceComparisonOperator_Is_IsNot", "ReplaceComparisonOperator_IsNot_Is"),
    *("ReplaceBinaryOperator_Add_Sub", "ReplaceBinaryOperator_Sub_Add"),
    *("ReplaceBinaryOperator_Mul_Div", "ReplaceBinaryOperator_Div_Mul"),
    *("ReplaceUnaryOperator_Delete_Not", "ReplaceUnaryOperator_Delete_USub", "AddNot"),
    *("ReplaceTrueWithFalse", "ReplaceFalseWithTrue", "ReplaceAndWithOr", "ReplaceOrWithAnd"),
    *("ReplaceBreakWithContinue", "ReplaceContinueWithBreak"),
    *("NumberReplacer", "ZeroIterationForLoop"),
)


class DropStatement(Operator):  # type: ignore[misc]  # Cosmic Ray is untyped
    """Drops a call whose result is not used."""

    def mutation_positions(self, node: Any) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
        """Yield the place of each statement that is a call alone."""
        if node.type == "simple_stmt" and node.children[0].type in ("atom_expr", "power"):
            yield node.start_pos, node.end_pos

    def mutate(self, node: Any, index: int) -> Any:  # noqa: ARG002  (there is one way)
        """Put `pass` in its place."""
        return parso.parse(f"{node.get_first_leaf().prefix}pass\n")  # type: ignore[no-untyped-call]  # parso, too

    @classmethod
    def examples(cls) -> tuple[()]:
        """Give none; Cosmic Ray wants them for its own tests."""
        return ()


def python_mutants() -> Iterator[Mutant]:
    """Every mutant of the package and of the functions."""
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield from mutants_of(file)


def mutants_of(file: Path) -> Iterator[Mutant]:
    """Every mutant of a file."""
    text = file.read_text()
    tree = get_ast(text)
    nodes = list(ast_nodes(tree))
    units = _units(text, _module(file))
    lines = text.splitlines()
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    for operator in (*(get_operator(f"core/{name}")() for name in OPERATORS), DropStatement()):
        positions = [start for node in nodes for start, _ in operator.mutation_positions(node)]
        for occurrence, (line, column) in enumerate(positions):
            if lines[line - 1].lstrip().startswith(("@", "if TYPE_CHECKING:")):
                continue  # whether a class is frozen, or has slots, and what it imports for types, is for the type checker
            if lines[line - 1][:column].endswith("strict="):
                continue  # that two lists are of one length is asserted for us, and no caller can change it
            if re.match(r"\*\s*,", lines[line - 1][column:]):
                continue  # no product: what follows it in a list of parameters is given by name
            unit = units.get(line, _module(file))
            change = partial(mutate_code, text, operator, occurrence)
            yield Mutant(str(file.relative_to(ROOT)), unit, starts[line - 1] + column, text, change)


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "shared" else parts).removesuffix(".__init__")


def _units(text: str, module: str) -> dict[int, str]:
    """The function or method to which each line belongs, as `tests.mutants.record` names it."""
    return {
        line: f"{module}:{name}"
        for name, function in functions_of(ast.parse(text))
        for line in range(function.body[0].lineno, (function.end_lineno or 0) + 1)
    }
