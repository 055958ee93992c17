"""Probes at the start of each function of our packages, which note that it ran: cheaper than tracing every line."""

import ast
import builtins
import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, ModuleType

from tests.mutants.mutant import functions_of

PACKAGES = ("orchestrator", "functions")
_PROBE = "__reached__"


class ProbingLoader(SourceFileLoader):
    """Compiles a module with a probe at the start of each function."""

    def get_code(self, fullname: str) -> CodeType:
        """Compile the source; a cached one would be without probes, and this one must not be cached."""
        tree = ast.parse(self.get_data(self.path))
        for name, function in functions_of(tree):
            probe = ast.parse(f"{_PROBE}({f'{fullname}:{name}'!r})").body[0]
            has_docstring = ast.get_docstring(function, clean=False) is not None
            function.body.insert(int(has_docstring), ast.copy_location(probe, function.body[0]))
        code: CodeType = compile(ast.fix_missing_locations(tree), self.path, "exec")
        return code


class ProbingFinder(MetaPathFinder):
    """Loads the modules of our packages with probes."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module as ever, and load it with probes if it is ours."""
        if fullname.partition(".")[0] not in PACKAGES:
            return None
        spec = PathFinder.find_spec(fullname, path, target)
        if spec and isinstance(spec.loader, SourceFileLoader):
            spec.loader = ProbingLoader(fullname, spec.loader.path)
        return spec


def put_in_place(reached: set[str]) -> None:
    """Let each function that runs from now on add itself to a set, as `module:name`; before our packages are imported."""
    setattr(builtins, _PROBE, reached.add)
    sys.meta_path.insert(0, ProbingFinder())
