"""Ranks tests by the words that they share with a mutant: what notices a change usually names what it is about.

A word that many tests have counts little, one that few have counts much (inverse document frequency).
"""

import ast
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path

from tests.mutants.mutant import ROOT, Mutant

# How many lines before and after the changed one are about it, too.
CONTEXT_LINES = 2
# What a word counts for: one of the changed line or of the names of its file and function, one of the lines around it,
# and one that stands anywhere in the file of a test, next to one in the test itself.
LINE, AROUND, FILE = 2.0, 1.0, 0.4
_WORD = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{2,}|\d{3,}")


def likeness(mutant: Mutant, tests: Sequence[str]) -> Mapping[str, float]:
    """How much each of these tests shares with the changed lines and with the names of their file and function."""
    weights = _weights(mutant)
    own = {test: _words_of_test(test) for test in tests}
    files = {file: _words_of_file(file) for file in {_file_of(test) for test in tests}}
    rarity, rarity_in_files = _rarity(own.values()), _rarity(files.values())
    of_files = {
        file: FILE * sum(rarity_in_files[word] * weights[word] for word in words & weights.keys())
        for file, words in files.items()
    }
    return {
        test: of_files[_file_of(test)] + sum(rarity[word] * weights[word] for word in words & weights.keys())
        for test, words in own.items()
    }


def _rarity(documents: Collection[Collection[str]]) -> Mapping[str, float]:
    counts = Counter(word for words in documents for word in words)
    return {word: math.log(len(documents) / count) for word, count in counts.items()}


def _weights(mutant: Mutant) -> Mapping[str, float]:
    lines = mutant.original.splitlines()
    line = mutant.original.count("\n", 0, mutant.place)
    around = _words(" ".join(lines[max(0, line - CONTEXT_LINES) : line + CONTEXT_LINES + 1]))
    named = _words(f"{lines[line]} {Path(mutant.file).stem} {mutant.unit.rpartition(':')[2]}")
    return {**dict.fromkeys(around, AROUND), **dict.fromkeys(named, LINE)}


def _words(text: str) -> frozenset[str]:
    return frozenset(word.lower().removesuffix("s") for word in _WORD.findall(text))


def _file_of(test: str) -> str:
    return test.partition("::")[0]


@cache
def _words_of_file(file: str) -> frozenset[str]:
    return _words(f"{Path(file).stem} {_text_of(file)}")


def _text_of(file: str) -> str:
    """The text of a test file; none where it was removed since the map was recorded."""
    return (ROOT / file).read_text() if (ROOT / file).is_file() else ""


def _words_of_test(test: str) -> frozenset[str]:
    file, _, name = test.partition("::")
    function, _, case = name.partition("[")
    return _sources(file).get(function.rpartition("::")[2], frozenset()) | _words(
        f"{Path(file).stem} {function} {case}"
    )


@cache
def _sources(file: str) -> Mapping[str, frozenset[str]]:
    """The words of each test function of a file, with its decorators."""
    text = _text_of(file)
    return {
        node.name: _words(
            " ".join(filter(None, [ast.get_source_segment(text, part) for part in (node, *node.decorator_list)]))
        )
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test")
    }
