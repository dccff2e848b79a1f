"""Version 1 documents as documents of version 2 (Data Factory reference, section 9).

Every activity becomes a pipeline of its own with a ``SliceTrigger``: the loop of triggers is what works on slices, in
order, with the policy of the activity, after the slices that produce its inputs. So does every external dataset, whose
pipeline looks for the data. What properties of version 1 say with ``$$`` becomes a member of the pipeline's parameter
``slice``, evaluated for every slice. What has no translation is told as a problem.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from restudio.core.errors import RestudioError, nearest
from restudio.factory.documents.fields import Fields
from restudio.factory.documents.problems import Problem, Problems
from restudio.factory.documents.slips import tell_slips
from restudio.factory.properties import Json, Properties
from restudio.factory.service import NewResource
from restudio.factory.v1.activities import ActivityTranslation
from restudio.factory.v1.availability import EARLIEST, read_availability, read_bound
from restudio.factory.v1.datasets import V1Dataset, check_dataset
from restudio.factory.v1.inputs import Needs, compile_needs
from restudio.factory.v1.places import ANYWHERE, Place, Places
from restudio.factory.v1.spans import with_days
from restudio.factory.v1.types import Key, V1Document
from restudio.triggers.windows import Window as TriggerWindow

ACTIVE_HOURS = 48
_TYPED = "$.properties.typeProperties"
_DEPENDS = f"{_TYPED}.dependsOn"
_ACTIVITY = (
    "name", "type", "description", "inputs", "outputs", "linkedServiceName", "typeProperties", "policy", "scheduler",
)  # fmt: skip
_POLICY = (
    "concurrency", "executionPriorityOrder", "retry", "timeout", "delay", "longRetry", "longRetryInterval",
)  # fmt: skip
_NEVER = (datetime(2000, 1, 1, tzinfo=UTC), datetime(1900, 1, 1, tzinfo=UTC))
"""The active period of a pipeline that has none: no slice lies in it."""
_ONE_TIME: Mapping[str, Json] = {"frequency": "Minute", "interval": 1, "style": "StartOfInterval"}
_LOOKS: Mapping[str, Json] = {"maximumRetry": 3, "retryInterval": "00:01:00", "retryTimeout": "00:10:00"}
_SLICE_END = "$$Text.Format('{0:yyyy-MM-dd HH:mm:ss}+00:00', SliceEnd)"


@dataclass(frozen=True, slots=True)
class Period:
    """[``begin``, ``end``) in which slices are worked on."""

    begin: datetime
    end: datetime

    @property
    def is_empty(self) -> bool:
        return self.begin >= self.end

    def joined(self, other: Period) -> Period:
        if self.is_empty or other.is_empty:
            return other if self.is_empty else self
        return Period(min(self.begin, other.begin), max(self.end, other.end))


@dataclass(slots=True)
class Translation:
    """What every document becomes, and what is wrong with them. ``active`` are the triggers that are to be started."""

    made: dict[Key, list[NewResource]] = field(default_factory=dict)
    active: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    places: Places = field(default_factory=Places)

    def locate(self, problems: Iterable[Problem]) -> list[Problem]:
        """Problems of what was made, where they are written. What depends on an activity that could not be translated
        misses it; only that is told."""
        told = bool(self.problems)
        return self.places.locate(each for each in problems if not (told and each.path.startswith(_DEPENDS)))


@dataclass(slots=True)
class _External:
    """A dataset that no activity produces, as far as activities have asked for it."""

    dataset: V1Dataset
    key: Key
    trigger: str
    availability: Mapping[str, Json]
    period: Period
    active: bool


@dataclass(frozen=True, slots=True)
class _Scope:
    """What the names of datasets mean in one pipeline."""

    datasets: Mapping[str, V1Dataset]
    producers: Mapping[str, tuple[str, str]]
    """Pipeline and activity by the folded name of the dataset that it produces."""


def is_one_time(properties: Mapping[str, Json]) -> bool:
    return str(Properties(properties).get("pipelineMode", "Scheduled")).casefold() == "onetime"


def is_paused(properties: Mapping[str, Json]) -> bool:
    return str(Properties(properties).get("isPaused", False)).casefold() == "true"


def activities_of(properties: Mapping[str, Json]) -> list[Properties]:
    return [Properties(each) for each in Properties(properties).list("activities") if isinstance(each, Mapping)]


def names_of(activity: Properties, side: str) -> list[str]:
    """Datasets that an activity names as its ``inputs`` or ``outputs``."""
    return [str(each.get("name", "")) for each in _ports(activity, side)]


def translate(documents: Sequence[V1Document]) -> Translation:
    """The documents of version 2 that do what those of version 1 say together."""
    return _Translator([replace(each, properties=with_days(dict(each.properties))) for each in documents]).run()


class _Translator:
    def __init__(self, documents: Sequence[V1Document]) -> None:
        self._documents = documents
        self._pipelines = [each for each in documents if each.kind == "pipeline"]
        datasets = {
            each.name.casefold(): V1Dataset(each.name, Properties(each.properties), _where(each))
            for each in documents
            if each.kind == "dataset"
        }
        scheduled = [each for each in self._pipelines if not is_one_time(each.properties)]
        self._shared = _Scope(datasets, dict(_producers(scheduled)))
        self._external: dict[str, _External] = {}
        self._found = Translation(problems=[each for one in datasets.values() for each in check_dataset(one)])

    def run(self) -> Translation:
        for each in self._documents:
            self._found.made[each.key] = []
            if each.kind == "linkedService":
                self._add(each.key, NewResource("linkedService", each.name, each.properties, _where(each)))
        for pipeline in self._pipelines:
            self._pipeline(pipeline)
        for external in self._external.values():
            self._look_for(external)
        self._tell_twins()
        self._found.problems = list(dict.fromkeys(self._found.problems))
        return self._found

    def _tell_twins(self) -> None:
        """Two documents that would become one resource, because of ' - ' in their names."""
        seen: dict[tuple[str, str], NewResource] = {}
        for document in self._documents:
            for made in self._found.made[document.key]:
                first = seen.setdefault((made.kind, made.name.casefold()), made)
                if first is not made and made.kind == "trigger":
                    message = f"it becomes '{made.name}', as another one does; give one of them another name."
                    self._found.problems.append(Problem(_where(document), "$.name", "DuplicateName", message))

    def _pipeline(self, pipeline: V1Document) -> None:
        problems = Problems(_where(pipeline))
        scope = self._one_time_scope(pipeline) if is_one_time(pipeline.properties) else self._shared
        period = _period(pipeline, problems)
        names: set[str] = set()
        written = activities_of(pipeline.properties)
        if not written:
            problems.add(
                "$.properties.activities",
                "MissingProperty",
                "the pipeline has no activities; it needs an array with at least one.",
            )
        for index, activity in enumerate(written):
            path, name = f"$.properties.activities[{index}]", str(activity.get("name", ""))
            if name.casefold() in names:
                problems.add(f"{path}.name", "DuplicateName", f"another activity is named '{name}' too.")
            names.add(name.casefold())
            self._activity(_Activity(pipeline, activity, path, scope, period, problems))
        self._found.problems += problems.found

    def _one_time_scope(self, pipeline: V1Document) -> _Scope:
        private = {
            str(each.get("name", "")).casefold(): V1Dataset(
                str(each.get("name", "")),
                each.object("properties"),
                _where(pipeline),
                f"$.properties.datasets[{i}].properties",
            )
            for i, each in enumerate(map(Properties, Properties(pipeline.properties).list("datasets")))
        }
        self._found.problems += [each for one in private.values() for each in check_dataset(one)]
        return _Scope({**self._shared.datasets, **private}, dict(_producers([pipeline])))

    def _activity(self, activity: _Activity) -> None:
        made = activity.translated()
        if made is None:
            return
        depends: list[Json] = []
        for name in activity.inputs:
            producer = activity.scope.producers.get(name.casefold())
            if producer is not None:
                depends.append(activity.dependency(name, f"{producer[0]} - {producer[1]}"))
            elif (external := self._ask_for(activity, name)) is not None:
                depends.append(activity.dependency(name, external))
        pipeline, told = activity.pipeline, activity.activity
        policy = {name: value for name, value in told.object("policy").items() if name.casefold() != "timeout"}
        trigger = {
            **_times(activity.availability, activity.period),
            "policy": policy,
            "dependsOn": depends,
            "of": {"pipeline": pipeline.name, "activity": told.get("name"), "outputs": activity.outputs},
        }
        self._made(pipeline.key, activity.work, activity.scope.datasets)
        self._start(pipeline.key, activity.title, pipeline, made, trigger, activity.work.lifted.values)
        self._found.places.put("pipeline", activity.title, activity.places)
        self._found.places.put("trigger", activity.title, activity.places_of_trigger)
        if pipeline.active:
            self._found.active.add(activity.title.casefold())

    def _ask_for(self, activity: _Activity, name: str) -> str | None:
        """The trigger that looks for an external dataset; None where there is nothing to look for."""
        dataset, pipeline = activity.scope.datasets[name.casefold()], activity.pipeline
        if not dataset.is_checked:
            return None
        one_time = is_one_time(pipeline.properties)
        trigger = f"{pipeline.name} - {dataset.name} (external)" if one_time else f"{dataset.name} (external)"
        key: Key = pipeline.key if one_time else ("dataset", dataset.name.casefold())
        own = None if one_time else dataset.properties.get("availability")
        availability = own if isinstance(own, Mapping) else activity.availability
        period = activity.reach(name)
        known = self._external.setdefault(
            trigger.casefold(), _External(dataset, key, trigger, availability, period, False)
        )
        known.period = known.period.joined(period)
        known.active = known.active or pipeline.active
        return trigger

    def _look_for(self, external: _External) -> None:
        dataset = external.dataset
        policy = dataset.properties.object("policy").object("externalData")
        problems = Problems(dataset.where)
        work = ActivityTranslation(external.trigger, Properties({}), "$.properties", {}, problems)
        looks = {name: policy.get(name, default) for name, default in _LOOKS.items()}
        check = work.check(dataset, 0, **looks, sliceEnd=work.lifted.lift(_SLICE_END))
        owner = next(each for each in self._documents if each.key == external.key)
        trigger = {
            **_times(external.availability, external.period),
            "policy": {"concurrency": 10, "delay": policy.get("dataDelay", "00:00:00")},
            "dependsOn": [],
            "of": {"pipeline": "", "activity": "", "outputs": [dataset.name]},
        }
        self._made(external.key, work, {external.dataset.name.casefold(): external.dataset})
        self._start(external.key, external.trigger, owner, [check], trigger, work.lifted.values)
        delay = f"{_TYPED}.policy.delay"
        at = {ANYWHERE: dataset.place(), delay: dataset.place("policy.externalData.dataDelay")}
        self._found.places.put("pipeline", external.trigger, {ANYWHERE: dataset.place(), **work.places})
        self._found.places.put("trigger", external.trigger, at)
        if external.active:
            self._found.active.add(external.trigger.casefold())
        self._found.problems += problems.found

    def _start(
        self,
        key: Key,
        title: str,
        owner: V1Document,
        activities: list[dict[str, Json]],
        trigger: Mapping[str, Json],
        values: Mapping[str, Json],
    ) -> None:
        """A pipeline and what starts it for every slice."""
        body = {
            "activities": activities,
            "parameters": {"slice": {"type": "Object"}},
            "folder": {"name": owner.name},
            "annotations": ["version 1"],
        }
        reference = {"referenceName": title, "type": "PipelineReference"}
        starts = {
            "type": "SliceTrigger",
            "typeProperties": dict(trigger),
            "pipeline": {"pipelineReference": reference, "parameters": {"slice": dict(values)}},
            "annotations": ["version 1"],
        }
        self._add(key, NewResource("pipeline", title, body))
        self._add(key, NewResource("trigger", title, starts))

    def _made(self, key: Key, work: ActivityTranslation, datasets: Mapping[str, V1Dataset]) -> None:
        """The datasets that an activity needs."""
        for name, made in work.made.items():
            self._add(key, made)
            dataset = datasets[name.removeprefix(f"{work.title} - ".casefold())]
            self._found.places.put("dataset", made.name, {ANYWHERE: dataset.place(), "$.properties": dataset.place()})

    def _add(self, key: Key, *made: NewResource) -> None:
        self._found.made[key] += made


class _Activity:
    """One activity of a pipeline: when it is worked on, and what it needs."""

    def __init__(
        self,
        pipeline: V1Document,
        activity: Properties,
        path: str,
        scope: _Scope,
        period: Period,
        problems: Problems,
    ) -> None:
        self.pipeline, self.activity, self.scope, self.period = pipeline, activity, scope, period
        self.title = f"{pipeline.name} - {activity.get('name')}"
        self.inputs, self.outputs = names_of(activity, "inputs"), names_of(activity, "outputs")
        self.work = ActivityTranslation(self.title, activity, path, scope.datasets, problems)
        self.availability: Mapping[str, Json] = {"frequency": "Day", "interval": 1}
        self.availability_place = Place(_where(pipeline), path)
        self._path = path
        self._problems = problems

    @property
    def places(self) -> dict[str, Place]:
        """Where members of the pipeline of version 2 are written."""
        here = Place(_where(self.pipeline), self._path)
        return {ANYWHERE: here, "$.properties.activities[0]": here, **self.work.places}

    @property
    def places_of_trigger(self) -> dict[str, Place]:
        where = _where(self.pipeline)
        return {
            ANYWHERE: Place(where, self._path),
            f"{_TYPED}.availability": self.availability_place,
            f"{_TYPED}.policy": Place(where, f"{self._path}.policy"),
            f"{_TYPED}.start": Place(where, "$.properties.start"),
            f"{_TYPED}.end": Place(where, "$.properties.end"),
        }

    def translated(self) -> list[dict[str, Json]] | None:
        """The activities of version 2; None when something that they need is missing."""
        fields = Fields(dict(self.activity), self._path, self._problems)
        if not fields.text("name", required=True) or not fields.text("type", required=True):
            return None
        tell_slips(self.activity, _ACTIVITY, self._path, self._problems)
        tell_slips(self.activity.object("policy"), _POLICY, f"{self._path}.policy", self._problems)
        for side in ("inputs", "outputs"):
            for port in fields.objects(side):
                port.text("name", required=True)
        for name in (*self.inputs, *self.outputs):
            if name.casefold() not in self.scope.datasets:
                hint = nearest(name, [each.name for each in self.scope.datasets.values()])
                self._tell("", f"there is no dataset '{name}'.{hint}", "MissingReference")
                return None
        if not self.outputs:
            self._tell(".outputs", "an activity needs an output dataset: its slices are what is worked on.")
            return None
        me = (self.pipeline.name, str(self.activity.get("name")))
        for name in self.outputs:
            other = self.scope.producers[name.casefold()]
            if other != me:
                self._tell(".outputs", f"dataset '{name}' is also the output of {' - '.join(other)}; give it its own.")
        self.availability = self._availability()
        before = len(self._problems.found)
        self._check_inputs()
        if len(self._problems.found) > before:
            return None
        return self.work.activities(self.inputs, self.outputs)

    def dependency(self, name: str, trigger: str) -> dict[str, Json]:
        """What the trigger waits for."""
        own, port = trigger.casefold() == self.title.casefold(), self._port(name)
        moved = {each: port[each] for each in ("startTime", "endTime") if port.get(each) is not None}
        if own and not moved:
            self._tell(".inputs", f"dataset '{name}' is its own input; say with startTime and endTime which slices.")
        reference = {"referenceTrigger": {"referenceName": trigger, "type": "TriggerReference"}}
        return {**({} if own else reference), **moved}

    def reach(self, name: str) -> Period:
        """The time in which the slices of an input lie that the slices of the active period need."""
        edges = self._windows(self.period.begin, self.period.end)
        if not edges:
            return self.period
        first, last = edges
        try:
            needs = self._needs(name)
            return Period(first.start, last.end) if needs is None else Period(needs(first)[0], needs(last)[1])
        except RestudioError:  # beyond the ends of time
            return self.period

    def _check_inputs(self) -> None:
        """Try ``startTime`` and ``endTime`` of inputs on a slice."""
        window = self._windows(datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, tzinfo=UTC))[0]
        for index, port in enumerate(_ports(self.activity, "inputs")):
            told = [port.get(each) for each in ("startTime", "endTime")]
            if told == [None, None]:
                continue
            if not all(isinstance(each, str) for each in told):
                self._tell(f".inputs[{index}]", "startTime and endTime go together, as texts that are expressions.")
                continue
            try:
                begin, end = compile_needs(*told)(window)
            except RestudioError as error:
                self._tell(f".inputs[{index}]", error.message, "InvalidExpression")
                continue
            if end < begin:
                message = f"must not be before startTime; '{told[1]}' is before '{told[0]}'."
                self._tell(f".inputs[{index}].endTime", message)

    def _port(self, name: str) -> Properties:
        ports = _ports(self.activity, "inputs")
        return next(each for each in ports if str(each.get("name", "")).casefold() == name.casefold())

    def _needs(self, name: str) -> Needs | None:
        port = self._port(name)
        return compile_needs(port["startTime"], port["endTime"]) if "startTime" in port else None

    def _windows(self, begin: datetime, end: datetime) -> list[TriggerWindow]:
        """The first and the last slice that have a part in [``begin``, ``end``)."""
        windows = read_availability(Fields(self.availability, "", Problems(""))).windows(begin, end)
        ends = (windows.window(windows.first), windows.window(windows.last))
        return [each for each in ends if each is not None] if None not in ends else []

    def _availability(self) -> Mapping[str, Json]:
        """That of the outputs, or the scheduler; what is there must have one cadence."""
        if is_one_time(self.pipeline.properties):
            return _ONE_TIME
        outputs = [self.scope.datasets[each.casefold()] for each in self.outputs]
        told = [(f"the availability of dataset '{each.name}'", each.place("availability")) for each in outputs]
        written = [each.properties.get("availability") for each in outputs]
        told.append(("its scheduler", Place(_where(self.pipeline), f"{self._path}.scheduler")))
        written.append(self.activity.get("scheduler"))
        cadences: dict[str, str] = {}
        chosen: Mapping[str, Json] | None = None
        for (name, place), value in zip(told, written, strict=True):
            if isinstance(value, Mapping):
                problems = Problems(place.where)
                cadence = read_availability(Fields(value, place.path, problems)).cadence
                self._problems.found += problems.found
                if not problems.found:
                    cadences[name] = cadence
                if chosen is None:
                    chosen, self.availability_place = value, place
        if chosen is None:
            message = f"dataset '{self.outputs[0]}' has no availability, which tells the slices."
            self._tell(".outputs", message, "MissingProperty")
        first, *others = cadences.items() or [("", "")]
        for name, cadence in others:
            if cadence != first[1]:
                self._tell("", f"{name} is {cadence}, but {first[0]} is {first[1]}; they must be the same.")
        return self.availability if chosen is None else chosen

    def _tell(self, place: str, message: str, code: str = "InvalidDocument") -> None:
        self._problems.add(f"{self._path}{place}", code, message)


def _period(pipeline: V1Document, problems: Problems) -> Period:
    properties = Fields(pipeline.properties, "$.properties", problems)
    properties.choice("pipelineMode", ("Scheduled", "OneTime"), default="Scheduled")
    if is_one_time(pipeline.properties):
        begin = datetime.fromtimestamp(pipeline.created, UTC).replace(second=0, microsecond=0)
        return Period(begin, begin + timedelta(minutes=1))
    written = properties.raw
    if written.get("start") is None and written.get("end") is None:
        return Period(*_NEVER)
    begin = read_bound(properties, "start", required=True) or EARLIEST
    end = read_bound(properties, "end") or begin + timedelta(hours=ACTIVE_HOURS)
    if end <= begin:
        properties.problem("end", f"must be after start, {written.get('start')}; got {written.get('end')}.")
    return Period(begin, end)


def _times(availability: Mapping[str, Json], period: Period) -> dict[str, Json]:
    return {"availability": availability, "start": period.begin.isoformat(), "end": period.end.isoformat()}


def _producers(pipelines: Sequence[V1Document]) -> Iterator[tuple[str, tuple[str, str]]]:
    for pipeline in pipelines:
        for activity in activities_of(pipeline.properties):
            for name in names_of(activity, "outputs") if activity.get("name") else ():
                yield name.casefold(), (pipeline.name, str(activity.get("name")))


def _ports(activity: Properties, side: str) -> list[Properties]:
    return [Properties(each) for each in activity.list(side) if isinstance(each, Mapping)]


def _where(document: V1Document) -> str:
    return document.where or f"{document.kind} '{document.name}'"
