from __future__ import annotations

import pytest

from restudio.engine.loglines import FIRST, LAST, LONGEST, LogLines


@pytest.mark.parametrize("count", [0, 1, FIRST, FIRST + 1, FIRST + LAST])
def test_what_fits_is_passed_on_whole(count: int) -> None:
    told: list[str] = []
    lines = LogLines(told.append)
    for number in range(count):
        lines.add(str(number))
    assert told == [str(n) for n in range(min(count, FIRST))]
    lines.close()
    assert told == [str(n) for n in range(count)]


def test_the_middle_of_a_long_log_is_counted_and_left_out() -> None:
    told: list[str] = []
    lines = LogLines(told.append)
    lines.add("\n".join(map(str, range(100_000))))
    lines.close()
    assert len(told) == FIRST + LAST + 1
    assert told[FIRST - 1 : FIRST + 2] == [str(FIRST - 1), f"… {100_000 - FIRST - LAST} lines left out …", "99500"]
    assert told[-1] == "99999"


def test_a_long_line_is_cut() -> None:
    told: list[str] = []
    LogLines(told.append).add("x" * (LONGEST + 7))
    assert told == ["x" * LONGEST + "… (7 characters left out)"]
