from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from restudio.core.errors import ManyErrors, RestudioError
from restudio.designer.schedules.rules import check_schedule, rule_of
from restudio.designer.schedules.types import Clockwork, Schedule, Watch
from restudio.triggers.events import Polling
from restudio.triggers.recurrence import Recurrence

DAILY = Schedule(
    id="s", workspace_id="w", name="n", pipeline_id="p", clock=Clockwork("Day", hours=(6, 18), zone="Europe/Berlin")
)


def test_a_recurrence_is_one_of_the_trigger_loop() -> None:
    check_schedule(DAILY)
    created = datetime(2031, 1, 1, tzinfo=UTC)
    rule = rule_of(replace(DAILY, created=created.timestamp()))
    assert isinstance(rule, Recurrence)
    first = rule.next_after(datetime(2031, 7, 1, 0, 0, tzinfo=UTC))
    assert first == datetime(2031, 7, 1, 4, 0, tzinfo=UTC)
    weekly = replace(DAILY, clock=Clockwork("Week", week_days=("sunday", "Monday"), start="2031-07-01T06:30:00"))
    check_schedule(weekly)
    rule = rule_of(weekly)
    assert isinstance(rule, Recurrence)
    assert rule.weekdays == (0, 6)
    assert rule.next_after(datetime(2031, 6, 1, tzinfo=UTC)) == datetime(2031, 7, 6, 6, 30, tzinfo=UTC)
    absolute = rule_of(replace(DAILY, clock=Clockwork("Day", start="2031-07-01T06:00:00Z", zone="Europe/Berlin")))
    assert isinstance(absolute, Recurrence)
    assert absolute.start == datetime(2031, 7, 1, 8, 0)


def test_hours_without_a_start_are_whole() -> None:
    created = datetime(2031, 1, 1, 13, 52, 19, 54000, tzinfo=UTC).timestamp()
    rule = rule_of(replace(DAILY, clock=Clockwork("Week", hours=(6,), week_days=("Sunday",)), created=created))
    assert isinstance(rule, Recurrence)
    assert rule.next_after(datetime(2031, 1, 2, tzinfo=UTC)) == datetime(2031, 1, 5, 6, 0, tzinfo=UTC)


def test_a_change_trigger_polls() -> None:
    watching = replace(DAILY, clock=None, watch=Watch("lake", "churn", 7, "data"))
    check_schedule(watching)
    assert rule_of(watching) == Polling(every=timedelta(minutes=7), folder="azureml://datastores/lake/paths/churn")


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pipeline_id": None}, "name one of them"),
        ({"endpoint_id": "e"}, "name one of them"),
        ({"clock": None}, "give one of them"),
        ({"watch": Watch("lake")}, "give one of them"),
        ({"clock": Clockwork("Year")}, "The frequency is one of"),  # type: ignore[arg-type]
        ({"clock": Clockwork("Day", 0)}, "from 1 to 1000"),
        ({"clock": Clockwork("Day", zone="Mars/Phobos")}, "is not a time zone"),
        ({"clock": Clockwork("Day", start="tomorrow")}, "The start time is written as"),
        ({"clock": Clockwork("Hour", hours=(3,))}, "have a meaning with"),
        ({"clock": Clockwork("Day", week_days=("Monday",))}, "frequency Week"),
        ({"clock": Clockwork("Week", week_days=("Mondy",))}, "Did you mean 'Monday'"),
        ({"clock": Clockwork("Day", hours=(24,))}, "Hours are 0 to 23"),
        ({"clock": None, "watch": Watch("lake", minutes=0)}, "polling interval"),
    ],
)
def test_what_says_nothing_or_several_things_is_refused(changes: dict[str, object], told: str) -> None:
    with pytest.raises(RestudioError) as raised:
        check_schedule(replace(DAILY, **changes))  # type: ignore[arg-type]
    assert told in raised.value.message
    assert raised.value.detail == "InvalidSchedule"


def test_all_findings_at_once() -> None:
    with pytest.raises(ManyErrors) as raised:
        check_schedule(replace(DAILY, pipeline_id=None, clock=Clockwork("Day", 0, zone="x")))
    assert len(raised.value.errors) == 3
