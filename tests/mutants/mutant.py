"""One change of one file, and how it is shown."""

import ast
import difflib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
# The file, the changed lines before, and after.
Key = tuple[str, str, str]
# The longest piece of a line that the table shows.
_SHOWN = 160


@dataclass(frozen=True)
class Mutant:
    """A file with one change in it.

    Attributes:
        file: the path from the repository's root.
        unit: the function or statement that is changed, as the map of tests names it.
        place: where the change is; mutants of one place differ in what they put there.
        original: the whole file before the change.
        change: makes the whole file after it, which takes a while.
    """

    file: str
    unit: str
    place: int
    original: str
    change: Callable[[], str]

    @cached_property
    def text(self) -> str:
        """The whole file after the change."""
        return self.change()

    @property
    def area(self) -> str:
        """The row of the table: `rules`, another package, a function's folder, or `sql`."""
        path = Path(self.file)
        if path.suffix == ".sql":
            return "sql"
        if path.parts[0] == "functions":
            return "functions"
        return path.parts[2] if len(path.parts) > 3 else "orchestrator"

    def key(self) -> Key:
        """What tells this mutant from others, also after lines before it have changed."""
        return self.file, *self.lines()

    def lines(self) -> tuple[str, str]:
        """The changed lines before and after, each folded into one."""
        diff = list(difflib.ndiff(self.original.splitlines(), self.text.splitlines()))
        before, after = ([line[2:] for line in diff if line.startswith(f"{sign} ")] for sign in "-+")
        return " ".join(" ".join(before).split()), " ".join(" ".join(after).split())

    def shown(self) -> str:
        """The file, the line, and the change, for a person."""
        line = self.original.count("\n", 0, self.place) + 1
        before, after = self.lines()
        return f"{self.file}:{line}\n    - {before[:_SHOWN]}\n    + {after[:_SHOWN]}"


def functions_of(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef | ast.AsyncFunctionDef]]:
    """The functions of a module and the methods of its classes, by name; what they define inside belongs to them."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for method in node.body:
                if isinstance(method, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield f"{node.name}.{method.name}", method
