"""Laws of recurrences, and a whole year against a calendar read minute by minute."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restudio.triggers.recurrence import Frequency, Occurrence, Recurrence

ZONES = (
    "UTC",
    "America/New_York",
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
    "Africa/Cairo",
)
MINUTE = timedelta(minutes=1)


def subsets(low: int, high: int, size: int = 4) -> st.SearchStrategy[tuple[int, ...]]:
    numbers = st.integers(low, high).filter(bool) if low < 0 else st.integers(low, high)
    return st.lists(numbers, max_size=size, unique=True).map(tuple)


@st.composite
def recurrences(draw: st.DrawFn) -> Recurrence:
    frequency: Frequency = draw(st.sampled_from(["Minute", "Hour", "Day", "Week", "Month", "Year"]))
    dated = frequency not in ("Minute", "Hour")
    monthly = frequency in ("Month", "Year")
    nth = st.sampled_from([0, 1, 2, 5, -1, -2, -5])
    occurrences = st.lists(st.builds(Occurrence, st.integers(0, 6), nth), max_size=2)
    return Recurrence(
        frequency=frequency,
        start=draw(st.datetimes(datetime(2010, 1, 1), datetime(2026, 1, 1))).replace(microsecond=0),
        zone=ZoneInfo(draw(st.sampled_from(ZONES))),
        interval=draw(st.integers(1, 40)),
        minutes=draw(subsets(0, 59)) if frequency != "Minute" else (),
        hours=draw(subsets(0, 23)) if dated else (),
        weekdays=draw(subsets(0, 6)) if frequency == "Week" else (),
        month_days=draw(subsets(-31, 31)) if monthly else (),
        occurrences=tuple(draw(occurrences)) if monthly else (),
    )


INSTANTS = st.datetimes(datetime(2009, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


@settings(max_examples=300, deadline=None)
@given(recurrences(), INSTANTS)
def test_firings_are_later_and_grow(rule: Recurrence, after: datetime) -> None:
    found = list(islice(rule.iter_after(after), 50))
    assert all(later > earlier for earlier, later in pairwise([after, *found]))
    first = rule.start.replace(tzinfo=rule.zone).astimezone(UTC)
    assert all(each >= first for each in found)


@settings(max_examples=300, deadline=None)
@given(recurrences(), INSTANTS, st.lists(st.timedeltas(timedelta(0), timedelta(days=400)), max_size=8))
def test_restarts_change_nothing(rule: Recurrence, begin: datetime, stops: list[timedelta]) -> None:
    """Asked anew at any instants between, a recurrence gives what it gives in one go."""
    whole = list(islice(rule.iter_after(begin), 40))
    if not whole:
        return
    edges = sorted({begin, whole[-1], *(begin + each for each in stops if begin + each < whole[-1])})
    pieces = []
    for low, high in pairwise(edges):
        pieces += list(takewhile(lambda each, high=high: each <= high, rule.iter_after(low)))  # type: ignore[misc]
    assert pieces == whole


@settings(max_examples=100, deadline=None)
@given(recurrences(), INSTANTS)
def test_one_step_at_a_time_is_the_same(rule: Recurrence, begin: datetime) -> None:
    whole = list(islice(rule.iter_after(begin), 12))
    at = begin
    steps: list[datetime] = []
    while len(steps) < len(whole) and (following := rule.next_after(at)) is not None:
        steps.append(following)
        at = following
    assert steps == whole


def read_calendar(zone: ZoneInfo, year: int, fires: Callable[[datetime], bool]) -> list[datetime]:
    """The instants of a year whose local clock shows what fires, the first time that it shows it."""
    found, at = [], datetime(year, 1, 1, tzinfo=UTC)
    while at.year == year:
        local = at.astimezone(zone)
        if local.fold == 0 and fires(local):
            found.append(at)
        at += MINUTE
    return found


@pytest.mark.parametrize("name", ["America/New_York", "Europe/Berlin", "Australia/Sydney"])
def test_a_year_of_hours_and_weeks(name: str) -> None:
    zone, year = ZoneInfo(name), 2024
    begin, end = datetime(year, 1, 1, tzinfo=UTC) - MINUTE, datetime(year + 1, 1, 1, tzinfo=UTC)

    def fired(rule: Recurrence) -> list[datetime]:
        return list(takewhile(lambda each: each < end, rule.iter_after(begin)))

    hourly = Recurrence(frequency="Hour", start=datetime(2023, 6, 1, 0, 20), zone=zone)
    assert fired(hourly) == [begin + MINUTE + timedelta(minutes=20, hours=hour) for hour in range(366 * 24)]
    weekly = Recurrence(
        frequency="Week", start=datetime(2023, 6, 1), zone=zone, weekdays=(2, 5), hours=(7, 22), minutes=(0, 45)
    )
    assert fired(weekly) == read_calendar(
        zone, year, lambda at: at.weekday() in (2, 5) and at.hour in (7, 22) and at.minute in (0, 45)
    )
    # Sundays at half past one and half past two: on the days of change one comes twice, the other not at all.
    changing = Recurrence(
        frequency="Week", start=datetime(2023, 6, 1), zone=zone, weekdays=(6,), hours=(1, 2), minutes=(30,)
    )
    expected = read_calendar(zone, year, lambda at: at.weekday() == 6 and at.hour in (1, 2) and at.minute == 30)
    begins = next(
        at
        for at in read_calendar(zone, year, lambda at: at.minute == 0)
        if at.astimezone(zone).utcoffset() > (at - MINUTE).astimezone(zone).utcoffset()  # type: ignore[operator]
    )
    assert fired(changing) == sorted([*expected, begins + timedelta(minutes=30)])
    assert len(expected) == 2 * len({each.astimezone(zone).date() for each in fired(changing)}) - 1


def test_years_ahead_cost_no_scan() -> None:
    """A recurrence by the minute that began long ago, and one whose next day is decades away."""
    minutely = Recurrence(frequency="Minute", start=datetime(1900, 1, 1))
    assert minutely.next_after(datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)) == datetime(2024, 5, 6, 7, 9, tzinfo=UTC)
    rare = Recurrence(frequency="Month", start=datetime(2000, 2, 1), interval=1000, month_days=(1,))
    assert rare.next_after(datetime(2024, 1, 1, tzinfo=UTC)) == datetime(2083, 6, 1, tzinfo=UTC)


def test_nothing_fires_after_the_end_of_time() -> None:
    rule = Recurrence(frequency="Day", start=datetime(2024, 1, 1))
    assert rule.next_after(datetime(9999, 12, 31, 12, tzinfo=UTC)) is None
    assert Recurrence(frequency="Hour", start=datetime(2024, 1, 1)).next_after(datetime.max.replace(tzinfo=UTC)) is None
