"""Patterns of libphonenumber as state machines: what the first digits of a number already decide.

The patterns describe numbers of fixed lengths with digits, classes, alternatives, groups and counted repetitions. A
regular expression matches a whole number only. A state machine also answers for all numbers that begin with some
digits, so that the answer can be kept for them.
"""

import re
from functools import cache

_TOKEN = re.compile(r"\(\?:|\\d|\[[^\]]*\]|\{\d+(?:,\d+)?\}|[()|?$0-9]")
_DIGITS = "0123456789"
# The state after the last digit of a pattern.
_END = -1

# States that are active together.
States = frozenset[int]


class DigitPattern:
    """One pattern.

    Args:
        pattern: a regular expression as libphonenumber writes them. A `$` in it is passed over.

    Raises:
        ValueError: the pattern holds something else.
    """

    def __init__(self, pattern: str) -> None:
        self._tokens = _TOKEN.findall(pattern)
        if "".join(self._tokens) != pattern:
            raise ValueError(f"not a pattern of digits: {pattern}")
        # Of each state, the digits that lead on, and the states to which.
        self._arcs: list[tuple[str, States]] = []
        self._whole: dict[tuple[States, int], bool | None] = {}
        nodes, place = self._alternatives(0)
        if place != len(self._tokens):
            raise ValueError(f"not a pattern of digits: {pattern}")
        self._start = self._states_before(nodes, frozenset((_END,)))

    def matches_all(self, digits: str, more: int) -> bool | None:
        """Whether the pattern matches whole numbers of these first digits and `more` further ones.

        Returns:
            True or False where that is so for all of them; None where it depends on the further digits.
        """
        return self._is_matched_by_all(self._after(digits), more)

    def begins(self, digits: str, more: int) -> bool | None:
        """Whether the beginning of these numbers matches the pattern, as `matches_all`."""
        states = self._start
        for digit in digits:
            if _END in states:
                return True
            states = self._step(states, digit)
        if _END in states or not states:
            return _END in states
        return None if more else False

    def _after(self, digits: str) -> States:
        states = self._start
        for digit in digits:
            states = self._step(states, digit)
        return states

    def _step(self, states: States, digit: str) -> States:
        arcs = (self._arcs[state] for state in states if state != _END)
        return frozenset(state for digits, ahead in arcs if digit in digits for state in ahead)

    def _is_matched_by_all(self, states: States, more: int) -> bool | None:
        if not states or not more:
            return _END in states
        if (states, more) not in self._whole:
            answers = {self._is_matched_by_all(self._step(states, digit), more - 1) for digit in _DIGITS}
            self._whole[states, more] = answers.pop() if len(answers) == 1 else None
        return self._whole[states, more]

    # A node is the digits of one place, a list of nodes in order, or a tuple of alternatives.

    def _alternatives(self, place: int) -> tuple[object, int]:
        branches: list[list[object]] = [[]]
        while place < len(self._tokens) and self._tokens[place] != ")":
            token = self._tokens[place]
            place += 1
            match token[0]:
                case "|":
                    branches.append([])
                case "(":
                    node, place = self._alternatives(place)
                    branches[-1].append(node)
                    place += 1
                case "?":
                    branches[-1].append((branches[-1].pop(), []))
                case "{":
                    least, _, most = token[1:-1].partition(",")
                    node = branches[-1].pop()
                    optional: object = []
                    for _ in range(int(most or least) - int(least)):
                        optional = ([node, optional], [])
                    branches[-1] += [*[node] * int(least), optional]
                case "$":
                    pass
                case _:
                    branches[-1].append(_digits_of(token))
        return tuple(branches), place

    def _states_before(self, node: object, ahead: States) -> States:
        match node:
            case str():
                self._arcs.append((node, ahead))
                return frozenset((len(self._arcs) - 1,))
            case list():
                for part in reversed(node):
                    ahead = self._states_before(part, ahead)
                return ahead
            case tuple():
                return frozenset().union(*(self._states_before(part, ahead) for part in node))
        raise TypeError(type(node).__name__)


@cache
def digit_pattern(pattern: str) -> DigitPattern:
    """The state machine of a pattern."""
    return DigitPattern(pattern)


@cache
def _digits_of(sign: str) -> str:
    """The digits for which a sign of a pattern stands: itself, a class, or `\\d`."""
    return "".join(digit for digit in _DIGITS if re.fullmatch(sign, digit))
