from __future__ import annotations

from zoneinfo import available_timezones

import pytest

from restudio.expressions.zones import find_zone, list_windows_zones


def test_every_windows_zone_is_one_of_iana() -> None:
    pairs = list_windows_zones()
    assert len(pairs) == 139
    assert set(pairs.values()) <= available_timezones()


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Eastern Standard Time", "America/New_York"),
        (" w. europe STANDARD time ", "Europe/Berlin"),
        ("Central Standard Time (Mexico)", "America/Mexico_City"),
        ("Russia Time Zone 10", "Asia/Srednekolymsk"),
        ("UTC-02", "Etc/GMT+2"),
        ("utc", "Etc/UTC"),
        ("asia/kolkata", "Asia/Kolkata"),
    ],
)
def test_names_in_any_case(name: str, key: str) -> None:
    zone = find_zone(name)
    assert zone is not None
    assert zone.key == key


@pytest.mark.parametrize("name", ["", "Nope", "../../etc/passwd", "Eastern"])
def test_no_zone(name: str) -> None:
    assert find_zone(name) is None
