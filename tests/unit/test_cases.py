"""The reader of the case tables rejects what it does not know."""

from pathlib import Path

import pytest

from tests.cases import MalformedCase, read_cases


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("a | high nwo! | | Tue 14:00 | send", "'nwo!' is unknown"),
        ("a | high superceded | | Tue 14:00 | send", "'superceded' is unknown"),
        ("a | high expire=Tue_15:00 | | Tue 14:00 | send", "'expire=Tue_15:00' is unknown"),
        ("a | high opted-out | | Tue 14:00 | send", "'opted-out' is unknown"),
        ("a | high | snet=10 | Tue 14:00 | send", "'snet=10' is unknown"),
        ("a | high | sent | Tue 14:00 | send", "'sent' is unknown"),
        ("a | high | sent= | Tue 14:00 | send", "'sent=' is unknown"),
        ("a | high | opted-out=yes | Tue 14:00 | send", "'opted-out=yes' is unknown"),
        ("a | high | sent=1 sent=2 | Tue 14:00 | send", "a token stands twice"),
        ("a | now! | | Tue 14:00 | send", "not enough values"),
        ("a | high low | | Tue 14:00 | send", "too many values"),
        ("a | high | quiet=22:00 | Tue 14:00 | send", "not enough values"),
        ("a | high | quiet=never | Tue 14:00 | send", "not enough values"),
        ("a | high judged=relevent | | Tue 14:00 | send", "'relevent' is not a valid Relevance"),
        ("a | high | | Tues 14:00 | send", "tuple.index"),
        ("a | high | Tue 14:00 | send", "not enough values"),
    ],
)
def test_a_line_that_the_reader_does_not_understand_is_an_error(tmp_path: Path, line: str, problem: str) -> None:
    table = tmp_path / "table.txt"
    table.write_text(f"# A comment.\n\n{line}\n")
    with pytest.raises(MalformedCase, match=problem) as error:
        list(read_cases(str(table)))
    assert str(table) in str(error.value)
