"""Which names factories and the things in them may have (Data Factory reference, section 1.4)."""

from __future__ import annotations

import re

_FACTORY = re.compile(r"[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\Z")
_GROUP = re.compile(r"[-\w._()]+\Z")
_ENTITY = re.compile(r"[A-Za-z0-9_][^<>*#.%&:\\+?/\x00-\x1f]*\Z")
_ACTIVITY = re.compile(r"[A-Za-z0-9_][^.+?/<>*%&:\\\x00-\x1f]*\Z")
MAX_ENTITY = 260
MAX_ACTIVITY = 260
"""The original caps names at 55 characters in its editor; files hold longer ones."""


def factory_name_problem(name: str) -> str | None:
    """What is wrong with the name of a factory; None when nothing is."""
    if 3 <= len(name) <= 63 and _FACTORY.match(name):
        return None
    return f"A factory's name has 3 to 63 letters and digits, with single hyphens between them; got '{name[:80]}'."


def group_name_problem(name: str) -> str | None:
    """What is wrong with the name of a resource group."""
    if 1 <= len(name) <= 90 and _GROUP.match(name):
        return None
    return f"A resource group's name has 1 to 90 letters, digits and -_.(); got '{name[:100]}'."


def entity_name_problem(name: str) -> str | None:
    """What is wrong with the name of a pipeline, dataset, linked service or trigger."""
    if len(name) <= MAX_ENTITY and _ENTITY.match(name):
        return None
    return (
        f"The name '{name[:80]}' must have 1 to {MAX_ENTITY} characters, begin with a letter, digit or _, and hold "
        r"none of < > * # . % & : \ + ? /."
    )


def activity_name_problem(name: str) -> str | None:
    """What is wrong with the name of an activity."""
    if len(name) <= MAX_ACTIVITY and _ACTIVITY.match(name):
        return None
    return (
        f"The activity name '{name[:80]}' must have 1 to {MAX_ACTIVITY} characters, begin with a letter, digit or _, "
        r"and hold none of . + ? / < > * % & : \."
    )
