from __future__ import annotations

import contextlib
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.core.errors import RestudioError
from restudio.factory.v1.window_filter import Member, read_filter, read_order

TYPES: dict[str, type] = {"windowState": str, "windowSubstate": str, "percentComplete": int, "windowStart": datetime}
WINDOW: dict[str, Member] = {
    "windowState": "Failed",
    "windowSubstate": None,
    "percentComplete": 40,
    "windowStart": datetime(2024, 1, 8, tzinfo=UTC),
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("WindowState eq 'Failed'", True),
        ("windowstate EQ failed", True),  # as a public client writes it, without quotes
        ("WindowState ne 'Failed'", False),
        ("not WindowState eq 'Ready'", True),
        ("PercentComplete gt 39 and percentcomplete le 40", True),
        ("PercentComplete lt 40 or WindowState eq 'Ready'", False),
        ("WindowState eq 'Ready' or WindowState eq 'Failed' and PercentComplete eq 41", False),
        ("(WindowState eq 'Ready' or WindowState eq 'Failed') and PercentComplete eq 40", True),
        ("WindowStart ge 2024-01-08T00:00:00Z and WindowStart lt '2024-01-08T02:00:00+01:00'", True),
        ("WindowStart gt 2024-01-08", False),
        ("WindowSubstate eq null", True),
        ("WindowSubstate ne null or WindowSubstate gt 'A'", False),
        ("WindowState eq 'it''s'", False),
    ],
)
def test_filters(text: str, holds: bool) -> None:
    assert read_filter(text, TYPES)(WINDOW) is holds


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("WindowStat eq 'Failed'", "no member 'WindowStat'. Did you mean 'windowState'"),
        ("WindowState is 'Failed'", "'is' is no comparison; expected eq, ne, gt, ge, lt, le"),
        ("WindowState eq", "It ends where a value is expected"),
        ("PercentComplete gt many", "a whole number; got 'many'"),
        ("PercentComplete gt null", "by eq and ne alone"),
        ("WindowStart gt soon", "an instant such as"),
        ("(WindowState eq 'Failed'", "not closed"),
        ("WindowState eq 'Failed') or", "')' is not expected there"),
        ("WindowState eq 'Failed", "cannot be read from"),
        ("not " * 60 + "WindowState eq 'A'", "more than 50 deep"),
        ("(" * 3999, "more than 50 deep"),
        ("x" * 4001, "up to 4000"),
    ],
)
def test_what_cannot_be_read_is_told(text: str, words: str) -> None:
    with pytest.raises(RestudioError) as error:
        read_filter(text, TYPES)
    assert error.value.detail == "InvalidFilter"
    assert words in error.value.message


@given(st.text(max_size=40) | st.lists(st.sampled_from(["(", ")", "not", "and", "eq", "windowState", "'a'"])))
def test_nothing_breaks_it(written: str | list[str]) -> None:
    with contextlib.suppress(RestudioError):
        read_filter(written if isinstance(written, str) else " ".join(written), TYPES)(WINDOW)


def test_orders() -> None:
    assert read_order("WindowStart desc, percentcomplete", TYPES) == [("windowStart", True), ("percentComplete", False)]
    for wrong, words in (("WindowStart down", "'down' is no direction"), ("Nothing", "no member 'Nothing'")):
        with pytest.raises(RestudioError, match=words) as error:
            read_order(wrong, TYPES)
        assert error.value.detail == "InvalidOrder"
