"""Pipeline documents as frozen values (Data Factory reference, section 2).

Reading is total: what is wrong is told to ``problems`` and read as well as it goes, so that one look finds everything.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from restudio.core.errors import nearest
from restudio.factory.activity import Activities, ActivitySpec
from restudio.factory.documents.declared import EXPECTED, to_declared
from restudio.factory.documents.names import activity_name_problem
from restudio.factory.documents.problems import Problems, shown
from restudio.factory.properties import Json, Properties

Condition = Literal["Succeeded", "Failed", "Skipped", "Completed"]
Mark = Literal["Succeeded", "Failed", "Skipped"]
CONDITIONS: tuple[Condition, ...] = ("Succeeded", "Failed", "Skipped", "Completed")
MARKS: tuple[Mark, ...] = ("Succeeded", "Failed", "Skipped")
PARAMETER_TYPES = ("Object", "String", "Int", "Float", "Bool", "Array", "SecureString")
VARIABLE_TYPES = ("String", "Bool", "Array", "Integer")
_OTHER_TYPES = {"boolean": "Bool", "int": "Int", "securestring": "SecureString"}
MAX_DEPTH = 32
DEFAULT_TIMEOUT = "0.12:00:00"
DEFAULT_INTERVAL = 30


@dataclass(frozen=True, slots=True)
class Dependency:
    """``conditions`` combine with or."""

    activity: str
    conditions: frozenset[Condition]


@dataclass(frozen=True, slots=True)
class Policy:
    """``timeout`` and ``retry`` as written: they may be expressions."""

    timeout: Json = None
    retry: Json = 0
    interval: float = DEFAULT_INTERVAL
    secure_input: bool = False
    secure_output: bool = False


@dataclass(frozen=True, slots=True)
class ActivityDocument:
    """One activity. ``raw`` is the activity as written; ``lists`` are its nested lists by name."""

    name: str
    type: str
    raw: Properties
    path: str
    depends_on: tuple[Dependency, ...] = ()
    policy: Policy = Policy()
    inactive: Mark | None = None
    """How an inactive activity counts; None for active ones."""
    lists: Mapping[str, tuple[ActivityDocument, ...]] = field(default_factory=dict)

    @property
    def properties(self) -> Properties:
        return self.raw.object("typeProperties")


@dataclass(frozen=True, slots=True)
class Declaration:
    """A parameter or variable. ``default`` counts only with ``has_default``."""

    name: str
    type: str
    default: Json = None
    has_default: bool = False


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline as it runs. Names of parameters and variables are looked up in any case."""

    name: str
    activities: tuple[ActivityDocument, ...]
    parameters: Mapping[str, Declaration]
    variables: Mapping[str, Declaration]
    concurrency: int | None
    raw: Properties

    def iter_activities(self) -> Iterator[ActivityDocument]:
        """All activities, nested ones after the one that holds them."""
        yield from _walk(self.activities)


def _walk(activities: tuple[ActivityDocument, ...]) -> Iterator[ActivityDocument]:
    for activity in activities:
        yield activity
        for nested in activity.lists.values():
            yield from _walk(nested)


def read_pipeline(name: str, properties: Json, catalog: Activities, problems: Problems) -> Pipeline:
    """A pipeline from the ``properties`` of its document."""
    if not isinstance(properties, Mapping):
        problems.add("$.properties", "InvalidDocument", "A pipeline needs an object 'properties'.")
        properties = {}
    raw = Properties(properties)
    reader = _Reader(catalog, problems)
    pipeline = Pipeline(
        name=name,
        activities=reader.activities(raw.get("activities"), "$.properties.activities", 0),
        parameters=read_declarations(raw.get("parameters"), PARAMETER_TYPES, "$.properties.parameters", problems),
        variables=read_declarations(raw.get("variables"), VARIABLE_TYPES, "$.properties.variables", problems),
        concurrency=reader.concurrency(raw.get("concurrency")),
        raw=raw,
    )
    _check_names(pipeline, problems)
    return pipeline


def read_declarations(
    value: Json, types: tuple[str, ...], path: str, problems: Problems, *, member: str = "defaultValue"
) -> dict[str, Declaration]:
    """Declarations by folded name."""
    found: dict[str, Declaration] = {}
    if value is None:
        return found
    if not isinstance(value, Mapping):
        problems.add(path, "InvalidDocument", "expected an object of names and declarations.")
        return found
    for name, written in value.items():
        here = f"{path}.{name}"
        if not isinstance(written, Mapping):
            problems.add(here, "InvalidDocument", 'expected an object such as {"type": "String"}.')
            continue
        members = Properties(written)
        kind = str(members.get("type", ""))
        known = next((each for each in types if each.casefold() == kind.casefold()), None)
        known = known or next((t for t in types if t == _OTHER_TYPES.get(kind.casefold())), None)
        if known is None:
            expected = ", ".join(types)
            problems.add(f"{here}.type", "InvalidType", f"the type must be one of {expected}; got '{kind[:80]}'.")
            known = "String"
        if name.casefold() in found:
            problems.add(here, "DuplicateName", f"'{name}' is declared twice (names are compared without case).")
        if known in EXPECTED and members.get(member) is not None:
            _check_value(known, members[member], f"{here}.{member}", problems)
        has_default = members.get(member) is not None or (member in members and known in ("Object",))
        found[name.casefold()] = Declaration(name, known, members.get(member), has_default)
    return found


def _check_value(kind: str, value: Json, path: str, problems: Problems) -> None:
    try:
        to_declared(kind, value)
    except ValueError:
        problems.add(path, "InvalidType", f"expected {EXPECTED[kind]}, as its type {kind} says; got {shown(value)}.")


class _Reader:
    def __init__(self, catalog: Activities, problems: Problems) -> None:
        self._catalog = catalog
        self._problems = problems

    def concurrency(self, value: Json) -> int | None:
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 1):
            return value
        self._problems.add("$.properties.concurrency", "InvalidType", f"expected a whole number from 1; got {value!r}.")
        return None

    def activities(self, value: Json, path: str, depth: int) -> tuple[ActivityDocument, ...]:
        if value is None:
            return ()
        if not isinstance(value, list):
            self._problems.add(path, "InvalidDocument", "expected an array of activities.")
            return ()
        if depth > MAX_DEPTH:
            self._problems.add(path, "InvalidDocument", f"activities are nested deeper than {MAX_DEPTH} levels.")
            return ()
        read = [self._activity(each, f"{path}[{i}]", depth) for i, each in enumerate(value)]
        found = tuple(each for each in read if each is not None)
        self._check_dependencies(found)
        return found

    def _activity(self, value: Json, path: str, depth: int) -> ActivityDocument | None:
        if not isinstance(value, Mapping):
            self._problems.add(path, "InvalidDocument", "expected an object with name, type and typeProperties.")
            return None
        raw = Properties(value)
        name, kind = raw.get("name"), raw.get("type")
        if not isinstance(name, str) or not isinstance(kind, str):
            self._problems.add(path, "InvalidDocument", "an activity needs the texts 'name' and 'type'.")
            return None
        wrong = activity_name_problem(name)
        if wrong:
            self._problems.add(f"{path}.name", "InvalidName", wrong)
        if kind not in self._catalog:
            hint = nearest(kind, self._catalog)
            self._problems.add(f"{path}.type", "UnknownActivity", f"'{kind[:80]}' is not an activity type.{hint}")
            spec = ActivitySpec(kind, "")
        else:
            spec = self._catalog[kind].spec
        for member in ("typeProperties", "policy"):
            if raw.get(member) is not None and not isinstance(raw[member], Mapping):
                message = f"expected an object; got {shown(raw[member])}."
                self._problems.add(f"{path}.{member}", "InvalidType", message)
        return ActivityDocument(
            name=name,
            type=spec.type,
            raw=raw,
            path=path,
            depends_on=self._depends_on(raw.get("dependsOn"), f"{path}.dependsOn"),
            policy=self._policy(raw.object("policy"), f"{path}.policy"),
            inactive=self._inactive(raw, path),
            lists=self._lists(spec, raw, path, depth),
        )

    def _depends_on(self, value: Json, path: str) -> tuple[Dependency, ...]:
        found = []
        if value is not None and not isinstance(value, list):
            self._problems.add(path, "InvalidType", f"expected an array of dependencies; got {shown(value)}.")
        for i, each in enumerate(value if isinstance(value, list) else []):
            entry = Properties(each) if isinstance(each, Mapping) else Properties({})
            activity = entry.get("activity")
            if not isinstance(activity, str):
                self._problems.add(f"{path}[{i}]", "InvalidDocument", "expected {'activity', 'dependencyConditions'}.")
                continue
            written = entry.get("dependencyConditions")
            if written is not None and not isinstance(written, list):
                message = f"expected an array such as ['Succeeded']; got {shown(written)}."
                self._problems.add(f"{path}[{i}].dependencyConditions", "InvalidType", message)
            found.append(Dependency(activity, self._conditions(entry.list("dependencyConditions"), f"{path}[{i}]")))
        return tuple(found)

    def _conditions(self, written: list[Json], path: str) -> frozenset[Condition]:
        conditions = set()
        for each in written:
            known = next((c for c in CONDITIONS if c.casefold() == str(each).casefold()), None)
            if known is None:
                message = f"a condition is one of {', '.join(CONDITIONS)}; got '{str(each)[:80]}'."
                self._problems.add(f"{path}.dependencyConditions", "InvalidDocument", message)
            else:
                conditions.add(known)
        if "Completed" in conditions and conditions & {"Succeeded", "Failed"}:
            message = "'Completed' includes 'Succeeded' and 'Failed'; write it alone."
            self._problems.add(f"{path}.dependencyConditions", "InvalidDocument", message)
        return frozenset(conditions) or frozenset({"Succeeded"})

    def _policy(self, written: Properties, path: str) -> Policy:
        interval = written.get("retryIntervalInSeconds", DEFAULT_INTERVAL)
        if isinstance(interval, bool) or not isinstance(interval, (int, float)) or interval < 0:
            self._problems.add(f"{path}.retryIntervalInSeconds", "InvalidType", "expected a number of seconds from 0.")
            interval = DEFAULT_INTERVAL
        flags = {name: written.get(name, False) for name in ("secureInput", "secureOutput")}
        for name, flag in flags.items():
            if not isinstance(flag, bool):
                self._problems.add(f"{path}.{name}", "InvalidType", f"expected true or false; got {flag!r}.")
        # A flag that is not readable hides rather than shows.
        secure = [flag is not False for flag in flags.values()]
        return Policy(written.get("timeout"), written.get("retry", 0), float(interval), *secure)

    def _inactive(self, raw: Properties, path: str) -> Mark | None:
        state = str(raw.get("state", "Active")).casefold()
        if state not in ("active", "inactive"):
            self._problems.add(f"{path}.state", "InvalidDocument", "the state is 'Active' or 'Inactive'.")
        if state != "inactive":
            return None
        mark = str(raw.get("onInactiveMarkAs", "Succeeded"))
        known = next((m for m in MARKS if m.casefold() == mark.casefold()), None)
        if known is None:
            message = f"expected one of {', '.join(MARKS)}; got '{mark[:80]}'."
            self._problems.add(f"{path}.onInactiveMarkAs", "InvalidDocument", message)
        return known or "Succeeded"

    def _lists(
        self, spec: ActivitySpec, raw: Properties, path: str, depth: int
    ) -> dict[str, tuple[ActivityDocument, ...]]:
        found: dict[str, tuple[ActivityDocument, ...]] = {}
        properties = raw.object("typeProperties")
        for declared in spec.properties:
            if declared.type != "activities":
                continue
            here, written = f"{path}.typeProperties.{declared.name}", properties.get(declared.name)
            if declared.cases:
                for i, case in enumerate(self._cases(written, here)):
                    inner = self.activities(case.get("activities"), f"{here}[{i}].activities", depth + 1)
                    found[f"{declared.name}[{i}]"] = inner
            else:
                found[declared.name] = self.activities(written, here, depth + 1)
        return found

    def _cases(self, written: Json, path: str) -> list[Properties]:
        if written is not None and not isinstance(written, list):
            self._problems.add(path, "InvalidType", f"expected an array of cases; got {shown(written)}.")
        listed = written if isinstance(written, list) else []
        cases = [Properties(case if isinstance(case, Mapping) else {}) for case in listed]
        for i, case in enumerate(cases):
            value = case.get("value")
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                message = f"expected {{'value', 'activities'}}, the value a text or a whole number; got {shown(value)}."
                self._problems.add(f"{path}[{i}].value", "InvalidType", message)
        return cases

    def _check_dependencies(self, siblings: tuple[ActivityDocument, ...]) -> None:
        by_name = {each.name.casefold(): each for each in siblings}
        for each in siblings:
            for i, dependency in enumerate(each.depends_on):
                if dependency.activity.casefold() not in by_name:
                    hint = nearest(dependency.activity, [s.name for s in siblings])
                    message = f"there is no activity '{dependency.activity[:80]}' in this list of activities.{hint}"
                    self._problems.add(f"{each.path}.dependsOn[{i}].activity", "MissingReference", message)
        cycle = _find_cycle(by_name)
        if cycle:
            message = (
                f"activities wait for each other in a circle: {' → '.join(cycle)}. Remove one of these dependencies."
            )
            self._problems.add(f"{by_name[cycle[0].casefold()].path}.dependsOn", "Cycle", message)


def _find_cycle(by_name: Mapping[str, ActivityDocument]) -> list[str]:
    """Names along a circle, the first one again at the end; empty when there is none."""
    done: set[str] = set()
    for start in by_name:
        trail: list[str] = []
        if start not in done and (found := _follow(start, by_name, trail, done)):
            return [by_name[name].name for name in found]
    return []


def _follow(name: str, by_name: Mapping[str, ActivityDocument], trail: list[str], done: set[str]) -> list[str]:
    stack = [(name, iter(_predecessors(by_name[name], by_name)))]
    trail.append(name)
    while stack:
        _, rest = stack[-1]
        following = next(rest, None)
        if following is None:
            done.add(stack.pop()[0])
            trail.pop()
        elif following in trail:
            return [*trail[trail.index(following) :], following]
        elif following not in done:
            stack.append((following, iter(_predecessors(by_name[following], by_name))))
            trail.append(following)
    return []


def _predecessors(activity: ActivityDocument, by_name: Mapping[str, ActivityDocument]) -> list[str]:
    names = [dependency.activity.casefold() for dependency in activity.depends_on]
    return [name for name in names if name in by_name]


def _check_names(pipeline: Pipeline, problems: Problems) -> None:
    seen: dict[str, str] = {}
    for activity in pipeline.iter_activities():
        before = seen.setdefault(activity.name.casefold(), activity.path)
        if before != activity.path:
            message = f"'{activity.name}' is also the name of the activity at {before}; each needs a name of its own."
            problems.add(f"{activity.path}.name", "DuplicateName", message)
