"""Laws of tumbling windows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.triggers.windows import Dependency, Window, Windows

INSTANTS = st.datetimes(datetime(2000, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
FREQUENCIES: st.SearchStrategy[Literal["Minute", "Hour", "Month"]] = st.sampled_from(["Minute", "Hour", "Month"])


@st.composite
def windows(draw: st.DrawFn) -> Windows:
    return Windows(frequency=draw(FREQUENCIES), interval=draw(st.integers(5, 60)), start=draw(INSTANTS))


@settings(deadline=None)
@given(windows(), st.integers(0, 200))
def test_windows_leave_no_gap(rule: Windows, number: int) -> None:
    window, following = rule.window(number), rule.window(number + 1)
    assert window is not None
    assert following is not None
    assert window.start < window.end == following.start


@settings(deadline=None)
@given(windows(), INSTANTS, st.timedeltas(timedelta(minutes=1), timedelta(days=3)))
def test_covering_is_what_a_scan_finds(rule: Windows, begin: datetime, length: timedelta) -> None:
    end = begin + length
    found = list(rule.covering(begin, end))
    assert all(window.start < end and window.end > begin for window in found)
    if end <= rule.start:
        assert found == []
        return
    assert found[0].number == 0 or found[0].start <= begin
    assert [each.number for each in found] == list(range(found[0].number, found[0].number + len(found)))
    assert found[-1].end >= end


@settings(deadline=None)
@given(
    windows(),
    INSTANTS,
    st.timedeltas(timedelta(minutes=-5), timedelta(days=3)),
    st.none() | INSTANTS,
    st.integers(0, 9),
)
def test_numbers_are_those_of_a_scan(
    rule: Windows, begin: datetime, length: timedelta, until: datetime | None, first: int
) -> None:
    rule = replace(rule, end=until, first=first)
    scanned: list[Window] = []
    low = max(rule.number_at(begin), first)
    while (window := rule.window(low + len(scanned))) is not None and window.start < begin + length:
        scanned.append(window)
    assert list(rule.covering(begin, begin + length)) == scanned
    assert list(rule.numbers(begin, begin + length)) == [each.number for each in scanned]


def test_dependencies_reach_as_far_as_time_does() -> None:
    rule = Windows(frequency="Minute", interval=5, start=datetime(2000, 1, 1, tzinfo=UTC))
    window = rule.window(7)
    assert window is not None
    ever = timedelta(days=10_000_000)
    assert rule.needed_numbers(window, Dependency(None, -ever, ever), rule) == range(7)
    assert not rule.needed_numbers(window, Dependency("other", -ever, timedelta(days=1)), rule)
    assert not rule.needed_numbers(window, Dependency("other", ever, timedelta(days=1)), rule)
    everything = rule.needed_numbers(window, Dependency("other", -ever, 2 * ever), rule)
    last = rule.window(everything[-1])
    assert (everything[0], last is not None and last.end.year) == (0, 9999)


@settings(deadline=None)
@given(windows(), st.integers(0, 50), st.timedeltas(timedelta(days=-40), timedelta(minutes=-1)))
def test_a_window_never_waits_for_itself(rule: Windows, number: int, offset: timedelta) -> None:
    window = rule.window(number)
    assert window is not None
    needed = rule.needed(window, Dependency(None, offset, timedelta(days=5)), rule)
    assert all(each.number < number for each in needed)


def test_windows_end_with_time() -> None:
    rule = Windows(frequency="Hour", interval=1, start=datetime(9999, 12, 31, 22, tzinfo=UTC), delay=timedelta(days=2))
    window = rule.window(0)
    assert window is not None
    assert rule.due(window) == datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert rule.window(5) is None


def test_the_same_grid_in_other_words() -> None:
    begin = datetime(2024, 1, 1, tzinfo=UTC)
    hours = Windows(frequency="Hour", interval=24, start=begin)
    assert hours.same_grid(Windows(frequency="Minute", interval=1440, start=begin))
    assert not hours.same_grid(Windows(frequency="Minute", interval=1440, start=begin + timedelta(minutes=1)))
    assert not hours.same_grid(Windows(frequency="Month", interval=24, start=begin))
