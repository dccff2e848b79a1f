"""The inputs of an attempt: properties evaluated, completed and checked against the declaration; then shown."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

from restudio.factory.activity import ActivitySpec
from restudio.factory.documents.pipeline import DEFAULT_TIMEOUT, ActivityDocument
from restudio.factory.documents.timespan import parse_timespan
from restudio.factory.documents.typed import to_typed
from restudio.factory.errors import ActivityFailed
from restudio.factory.properties import Json, Properties

Evaluate = Callable[[Json], Json]
HIDDEN = "**********"
MIN_REDACTED = 4
"""Shorter secrets would blank out innocent text and give themselves away by it."""


@dataclass(frozen=True, slots=True)
class Attempts:
    """How often and how long an activity is tried: its policy, evaluated."""

    retries: int
    interval: float
    seconds: float | None


def evaluate_properties(spec: ActivitySpec, document: ActivityDocument, evaluate: Evaluate) -> Properties:
    """``typeProperties`` for the activity's function: nested lists left out, lazy ones as written, defaults added."""
    declared = {each.name.casefold(): each for each in spec.properties if not each.outside}
    found: dict[str, Json] = {}
    for name, written in document.properties.items():
        known = declared.get(name.casefold())
        if known is None:
            found[name] = evaluate(written)
        elif known.lazy:
            found[known.name] = written
        elif known.type != "activities" and (value := evaluate(written)) is not None:
            found[known.name] = to_typed(known, value)
        elif known.type == "any":
            found[known.name] = None
    for each in declared.values():
        if each.required and each.type != "activities" and each.name not in found:
            raise ActivityFailed.missing(each.name)
        if each.default is not None:
            found.setdefault(each.name, each.default)
    return Properties(found)


def evaluate_outside(document: ActivityDocument, evaluate: Evaluate) -> Properties:
    """The activity as written, what stands beside ``typeProperties`` evaluated."""
    kept = ("typeproperties", "dependson", "policy", "userproperties", "name", "type", "description")
    return Properties({n: v if n.casefold() in kept else evaluate(v) for n, v in document.raw.items()})


def evaluate_policy(document: ActivityDocument, evaluate: Evaluate, *, control: bool) -> Attempts:
    """Control activities end by themselves, and are not tried again."""
    if control:
        return Attempts(0, 0.0, None)
    policy = document.policy
    retries = evaluate(policy.retry)
    if isinstance(retries, str) and retries.strip().isdecimal():
        retries = int(retries)
    if isinstance(retries, bool) or not isinstance(retries, int) or retries < 0:
        raise ActivityFailed.wrong_type("policy.retry", "whole number from 0")
    seconds = parse_timespan(evaluate(policy.timeout if policy.timeout is not None else DEFAULT_TIMEOUT))
    if seconds is None or seconds <= 0:
        raise ActivityFailed.wrong_type("policy.timeout", "time span such as 0.12:00:00")
    return Attempts(retries, policy.interval, seconds)


def evaluate_user_properties(document: ActivityDocument, evaluate: Evaluate) -> dict[str, Json]:
    pairs = [Properties(each) for each in document.raw.list("userProperties") if isinstance(each, Mapping)]
    return {str(pair["name"]): evaluate(pair.get("value")) for pair in pairs if "name" in pair}


def redact(value: Json, texts: Collection[str]) -> Json:
    """The value without any of these texts in it."""
    if isinstance(value, str):
        for text in texts:
            if len(text) >= MIN_REDACTED and text in value:
                value = value.replace(text, HIDDEN)
        return value
    if isinstance(value, list):
        return [redact(each, texts) for each in value]
    if isinstance(value, Mapping):
        return {name: redact(each, texts) for name, each in value.items()}
    return value
