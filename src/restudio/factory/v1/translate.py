"""Version 1 documents as documents of version 2 (Data Factory reference, section 9).

Every activity becomes a pipeline of its own with a ``SliceTrigger``: the loop of triggers is what works on slices, in
order, with the policy of the activity, after the slices that produce its inputs. What properties of version 1 say with
``$$`` becomes a member of the pipeline's parameter ``slice``, evaluated for every slice. What has no translation is
told as a problem.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from restudio.core.errors import RestudioError, nearest
from restudio.expressions.v1 import Window, compile_slice_expression
from restudio.factory.documents.bundle import BundledDocument
from restudio.factory.documents.fields import Fields
from restudio.factory.documents.problems import Problem, Problems
from restudio.factory.properties import Json, Properties
from restudio.factory.v1.availability import read_availability

ACTIVE_HOURS = 48
_PLACE = re.compile(r"\{([^{}]+)\}")


@dataclass(slots=True)
class Slice:
    """Values that differ between slices, by the name under which the pipeline gets them."""

    values: dict[str, Json] = field(default_factory=dict)

    def lift(self, value: Json) -> Json:
        """The value with every ``$$`` text replaced by an expression that reads it from the parameter."""
        if isinstance(value, str):
            if not value.startswith("$$"):
                return f"@{value}" if value.startswith("@") else value
            name = f"v{len(self.values)}"
            self.values[name] = value
            return f"@pipeline().parameters.slice.{name}"
        if isinstance(value, list):
            return [self.lift(each) for each in value]
        if isinstance(value, Mapping):
            return {name: self.lift(each) for name, each in value.items()}
        return value


def translate(documents: Sequence[BundledDocument]) -> tuple[list[BundledDocument], list[Problem]]:
    """The documents of version 2 that do what those of version 1 say; others are left as they are."""
    first = [each for each in documents if each.generation == 1]
    datasets = {each.name.casefold(): each for each in first if each.kind == "dataset"}
    pipelines = [each for each in first if each.kind == "pipeline"]
    found = [each for each in documents if each.generation == 2 or each.kind == "linkedService"]
    producers = {
        name.casefold(): (pipeline.name, str(activity.get("name")))
        for pipeline in pipelines
        for activity in _activities(pipeline)
        for name in _names(activity, "outputs")
    }
    problems: list[Problem] = []
    for pipeline in pipelines:
        told = Problems(pipeline.where)
        for index, activity in enumerate(_activities(pipeline)):
            translation = _Translation(
                pipeline, activity, f"$.properties.activities[{index}]", datasets, producers, told
            )
            found += translation.documents()
        problems += told.found
    return found, problems


class _Translation:
    """Of one activity."""

    def __init__(
        self,
        pipeline: BundledDocument,
        activity: Properties,
        path: str,
        datasets: Mapping[str, BundledDocument],
        producers: Mapping[str, tuple[str, str]],
        problems: Problems,
    ) -> None:
        self._pipeline = pipeline
        self._activity = activity
        self._path = path
        self._datasets = datasets
        self._producers = producers
        self._problems = problems
        self._slice = Slice()
        self._made: list[BundledDocument] = []

    def documents(self) -> list[BundledDocument]:
        inputs, outputs = _names(self._activity, "inputs"), _names(self._activity, "outputs")
        for name in (*inputs, *outputs):
            if name.casefold() not in self._datasets:
                hint = nearest(name, [each.name for each in self._datasets.values()])
                self._tell("", f"there is no dataset '{name}'.{hint}", "MissingReference")
                return []
        if not outputs:
            self._tell(".outputs", "an activity needs an output dataset: its slices are what is worked on.")
            return []
        translated = self._translated(inputs, outputs)
        if translated is None:
            return []
        name = f"{self._pipeline.name} - {self._activity.get('name')}"
        body = {
            "activities": [translated],
            "parameters": {"slice": {"type": "Object"}},
            "folder": {"name": self._pipeline.name},
            "annotations": ["version 1"],
        }
        reference = {"referenceName": name, "type": "PipelineReference"}
        trigger = {
            "type": "SliceTrigger",
            "typeProperties": self._period(inputs, outputs[0]),
            "pipeline": {"pipelineReference": reference, "parameters": {"slice": self._slice.values}},
            "annotations": ["paused"] if self._is_paused() else [],
        }
        where = self._pipeline.where
        self._made.append(BundledDocument("pipeline", name, body, where, 2))
        self._made.append(BundledDocument("trigger", name, trigger, where, 2))
        return self._made

    def _is_paused(self) -> bool:
        return str(Properties(self._pipeline.properties).get("isPaused", False)).casefold() == "true"

    def _tell(self, place: str, message: str, code: str = "InvalidDocument") -> None:
        self._problems.add(f"{self._path}{place}", code, message)

    # When

    def _period(self, inputs: Sequence[str], output: str) -> dict[str, Json]:
        properties = Fields(self._pipeline.properties, "$.properties", self._problems)
        start = properties.instant("start", required=True) or datetime(2000, 1, 1, tzinfo=UTC)
        start = start if start.tzinfo else start.replace(tzinfo=UTC)
        end = properties.instant("end") or start + timedelta(hours=ACTIVE_HOURS)
        if str(properties.raw.get("pipelineMode", "Scheduled")).casefold() != "scheduled":
            self._problems.add("$.properties.pipelineMode", "NotSupported", "only 'Scheduled' pipelines have slices.")
        availability = self._properties(output).get("availability") or self._activity.get("scheduler")
        if not isinstance(availability, Mapping):
            self._tell(
                ".outputs", f"dataset '{output}' has no availability, which tells the slices.", "MissingProperty"
            )
            availability = {"frequency": "Day", "interval": 1}
        policy = {
            name: value for name, value in self._activity.object("policy").items() if name.casefold() != "timeout"
        }
        depends, external = [], []
        for name in inputs:
            producer = self._producers.get(name.casefold())
            if producer is None:
                external.append(self._external(name))
            else:
                depends.append(self._dependency(name, producer, availability))
        return {
            "availability": availability,
            "start": start.isoformat(),
            "end": (end if end.tzinfo else end.replace(tzinfo=UTC)).isoformat(),
            "policy": policy,
            "dependsOn": depends,
            "external": [each for each in external if each],
        }

    def _dependency(self, name: str, producer: tuple[str, str], availability: Mapping[str, Json]) -> dict[str, Json]:
        """The slices of an input that are needed: those in the time of the slice, or in the interval told."""
        own = producer == (self._pipeline.name, self._activity.get("name"))
        found: dict[str, Json] = {}
        if not own:
            reference = {"referenceName": f"{producer[0]} - {producer[1]}", "type": "TriggerReference"}
            found["referenceTrigger"] = reference
        written = next(
            each for each in _ports(self._activity, "inputs") if str(each.get("name", "")).casefold() == name.casefold()
        )
        begin, end = written.get("startTime"), written.get("endTime")
        if isinstance(begin, str) and isinstance(end, str):
            grid = read_availability(Fields(availability, f"{self._path}.outputs", self._problems))
            at = grid.first_slice(datetime(2024, 1, 1, tzinfo=UTC))
            length = timedelta(days=31) if grid.frequency == "Month" else grid.length
            window = Window(at, at + length)
            try:
                moments = [
                    compile_slice_expression(each, bare=not each.startswith("$$")).moment(window)
                    for each in (begin, end)
                ]
            except RestudioError as error:
                self._tell(".inputs", error.message)
                return found
            found |= {"offset": _span(moments[0] - at), "size": _span(moments[1] - moments[0])}
        elif own:
            self._tell(".inputs", f"dataset '{name}' is its own input; say with startTime and endTime which slices.")
        return found

    def _external(self, name: str) -> dict[str, Json] | None:
        properties = self._properties(name)
        path = self._file(name)
        if path is None:
            return None
        policy = properties.object("policy").object("externalData")
        return {
            "linkedServiceName": _linked(properties.get("linkedServiceName")),
            "path": path,
            **{
                each: policy.get(each)
                for each in ("dataDelay", "retryInterval", "retryTimeout", "maximumRetry")
                if each in policy
            },
        }

    # What

    def _translated(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json] | None:
        kind = str(self._activity.get("type", ""))
        makers = {
            "azuremlbatchexecution": self._batch,
            "azuremlbatchscoring": self._scoring,
            "azuremlupdateresource": self._update,
            "copy": self._copy,
        }
        make = makers.get(kind.casefold())
        if make is None:
            known = "AzureMLBatchExecution, AzureMLBatchScoring, AzureMLUpdateResource, Copy"
            self._tell(".type", f"'{kind[:80]}' has no translation; known are {known}.", "UnknownActivity")
            return None
        activity = make(inputs, outputs)
        timeout = self._activity.object("policy").get("timeout")
        none = timeout is None or timeout == "00:00:00"
        made: dict[str, Json] = {
            "name": str(self._activity.get("name")),
            **activity,
            "policy": {"timeout": "30.00:00:00" if none else timeout},
        }
        if self._activity.get("linkedServiceName") is not None:
            made["linkedServiceName"] = _linked(self._activity.get("linkedServiceName"))
        return made

    def _batch(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        written = self._activity.object("typeProperties")
        single = written.get("webServiceInput")
        files = (
            {"webServiceInputs": self._files(dict(written.object("webServiceInputs")), inputs, "webServiceInputs")}
            if single is None
            else self._files({"webServiceInput": single}, inputs, "webServiceInput")
        )
        return {
            "type": "AzureMLBatchExecution",
            "typeProperties": {
                **files,
                "webServiceOutputs": self._files(
                    dict(written.object("webServiceOutputs")), outputs, "webServiceOutputs"
                ),
                "globalParameters": self._slice.lift(dict(written.object("globalParameters"))),
            },
        }

    def _scoring(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        parameters = self._activity.object("typeProperties").object("webServiceParameters")
        single = {"webServiceInput": inputs[0]} if inputs else {}
        return {
            "type": "AzureMLBatchExecution",
            "typeProperties": {
                **self._files(single, inputs, "inputs"),
                "webServiceOutputs": self._files({"output1": outputs[0]}, outputs, "outputs"),
                "globalParameters": self._slice.lift(dict(parameters)),
            },
        }

    def _update(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        written = self._activity.object("typeProperties")
        name = written.get("trainedModelDatasetName")
        file = self._files({"model": name}, inputs, "trainedModelDatasetName").get("model", {})
        return {
            "type": "AzureMLUpdateResource",
            "typeProperties": {
                "trainedModelName": self._slice.lift(written.get("trainedModelName")),
                "trainedModelLinkedServiceName": file.get("linkedServiceName"),
                "trainedModelFilePath": file.get("filePath"),
            },
        }

    def _copy(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        return {
            "type": "Copy",
            "inputs": [self._dataset(inputs[0])] if inputs else [],
            "outputs": [self._dataset(outputs[0])],
            "typeProperties": self._slice.lift(dict(self._activity.object("typeProperties"))),
        }

    def _dataset(self, name: str) -> dict[str, Json]:
        """A dataset of version 2 for the slices of this activity; what differs between slices are its parameters."""
        properties = self._properties(name)
        inner = Slice()
        written = {k: v for k, v in properties.object("typeProperties").items() if k.casefold() != "partitionedby"}
        for member in ("folderPath", "fileName"):
            if isinstance(Properties(written).get(member), str):
                written[member] = self._partitioned(name, str(Properties(written)[member]))
        lifted = inner.lift(written)
        arguments = {each: self._slice.lift(value) for each, value in inner.values.items()}
        made = f"{self._pipeline.name} - {self._activity.get('name')} - {name}"
        body = {
            "type": properties.get("type"),
            "linkedServiceName": _linked(properties.get("linkedServiceName")),
            "parameters": {each: {"type": "String"} for each in arguments},
            "typeProperties": _at_dataset(lifted),
            **({"structure": properties["structure"]} if "structure" in properties else {}),
        }
        self._made.append(BundledDocument("dataset", made, body, self._datasets[name.casefold()].where, 2))
        return {"referenceName": made, "type": "DatasetReference", "parameters": arguments}

    def _files(self, named: Mapping[str, Json], declared: Sequence[str], place: str) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        for port, name in named.items():
            path = None
            if not isinstance(name, str) or name.casefold() not in {each.casefold() for each in declared}:
                shown = str(name)[:80]
                message = (
                    f"dataset '{shown}' must also be in the activity's inputs or outputs.{nearest(shown, declared)}"
                )
                self._tell(f".typeProperties.{place}", message, "MissingReference")
            else:
                path = self._file(name)
                if path is None:
                    message = f"dataset '{name}' needs folderPath and fileName: the web service gets one file."
                    self._tell(f".typeProperties.{place}", message, "MissingProperty")
            if path is not None:
                linked = _linked(self._properties(str(name)).get("linkedServiceName"))
                found[port] = {"filePath": self._slice.lift(path), "linkedServiceName": linked}
        return found

    def _file(self, name: str) -> str | None:
        written = self._properties(name).object("typeProperties")
        folder, file = written.get("folderPath"), written.get("fileName")
        if not isinstance(folder, str) or not isinstance(file, str):
            return None
        return self._partitioned(name, f"{folder.strip('/')}/{file}")

    def _partitioned(self, name: str, path: str) -> str:
        """A path with ``{d}`` as an expression of the slice, by ``partitionedBy`` of its dataset."""
        variables: dict[str, tuple[str, str]] = {}
        for each in self._properties(name).object("typeProperties").list("partitionedBy"):
            entry = Properties(each) if isinstance(each, Mapping) else Properties({})
            value = entry.object("value")
            variables[str(entry.get("name", "")).casefold()] = (str(value.get("date")), str(value.get("format", "")))
        parts, dates, at = [], [], 0
        for place in _PLACE.finditer(path):
            known = variables.get(place[1].casefold())
            if known is None:
                continue
            if known[0] not in dates:
                dates.append(known[0])
            parts += [
                _plain(path[at : place.start()]),
                f"{{{dates.index(known[0])}:{_quoted(known[1])}}}",
            ]
            at = place.end()
        if not dates:
            return path
        text = "".join([*parts, _plain(path[at:])])
        return f"$$Text.Format('{text}', {', '.join(dates)})"

    def _properties(self, name: str) -> Properties:
        return Properties(self._datasets[name.casefold()].properties)


def _plain(text: str) -> str:
    return _quoted(text.replace("{", "{{").replace("}", "}}"))


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")


def _at_dataset(value: Json) -> Json:
    if isinstance(value, str):
        return value.replace("@pipeline().parameters.slice.", "@dataset().")
    if isinstance(value, Mapping):
        return {name: _at_dataset(each) for name, each in value.items()}
    return [_at_dataset(each) for each in value] if isinstance(value, list) else value


def _activities(pipeline: BundledDocument) -> list[Properties]:
    written = Properties(pipeline.properties).list("activities")
    return [Properties(each) for each in written if isinstance(each, Mapping)]


def _ports(activity: Properties, side: str) -> list[Properties]:
    return [Properties(each) for each in activity.list(side) if isinstance(each, Mapping)]


def _names(activity: Properties, side: str) -> list[str]:
    return [str(each.get("name", "")) for each in _ports(activity, side)]


def _linked(name: Json) -> dict[str, Json]:
    return {"referenceName": str(name), "type": "LinkedServiceReference"}


def _span(length: timedelta) -> str:
    sign = "-" if length < timedelta(0) else ""
    seconds = int(abs(length).total_seconds())
    days, rest = divmod(seconds, 86_400)
    return f"{sign}{days}.{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
