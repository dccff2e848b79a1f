"""What an activity of version 1 does, as activities of version 2 (reference, 9.7 and 9.8)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from restudio.core.errors import nearest
from restudio.factory.documents.problems import Problems
from restudio.factory.documents.slips import tell_slips
from restudio.factory.documents.timespan import parse_timespan
from restudio.factory.properties import Json, Properties
from restudio.factory.service import NewResource
from restudio.factory.v1.datasets import Lifted, V1Dataset, check_slice_texts, linked, translate_dataset
from restudio.factory.v1.places import Place

CHECK = "SliceValidation"
_FIRST = "$.properties.activities[0]"
_MINIMUM = ("minimumSizeMB", "minimumRows")
_MEMBERS: Mapping[str, Sequence[str]] = {
    "azuremlbatchexecution": ("webServiceInput", "webServiceInputs", "webServiceOutputs", "globalParameters"),
    "azuremlbatchscoring": ("webServiceParameters",),
    "azuremlupdateresource": ("trainedModelName", "trainedModelDatasetName"),
}
"""Of ``typeProperties``; those of Copy are the same in version 2."""
_NAME = 100
"""So much of a dataset's name stands in the name of the activity that looks after it."""


def validation_name(dataset: str) -> str:
    """Name of the activity that looks whether the data of a dataset's slice is there."""
    return f"validate {dataset[:_NAME]}"


class ActivityTranslation:
    """Of one activity. ``made`` are the datasets that it needs, ``lifted`` what it gets for each slice, ``places``
    where what it became is written, by beginnings of paths in its pipeline."""

    def __init__(
        self,
        title: str,
        activity: Properties,
        path: str,
        datasets: Mapping[str, V1Dataset],
        problems: Problems,
    ) -> None:
        self.title = title
        self._activity = activity
        self._path = path
        self._datasets = datasets
        self._problems = problems
        self.lifted = Lifted()
        self.made: dict[str, NewResource] = {}
        self.places: dict[str, Place] = {}

    def activities(self, inputs: Sequence[str], outputs: Sequence[str]) -> list[dict[str, Json]] | None:
        """The activity itself, then those that look whether it made enough; None when something is wrong with it."""
        kind = str(self._activity.get("type", ""))
        makers = {
            "azuremlbatchexecution": self._batch,
            "azuremlbatchscoring": self._scoring,
            "azuremlupdateresource": self._update,
            "copy": self._copy,
        }
        make = makers.get(kind.casefold())
        if make is None:
            known = ("AzureMLBatchExecution", "AzureMLBatchScoring", "AzureMLUpdateResource", "Copy")
            self._tell(".type", f"'{kind[:80]}' has no translation.{nearest(kind, known)}", "UnknownActivity")
            return None
        before = len(self._problems.found)
        told = self._activity.object("typeProperties")
        check_slice_texts(dict(told), f"{self._path}.typeProperties", self._problems)
        tell_slips(told, _MEMBERS.get(kind.casefold(), ()), f"{self._path}.typeProperties", self._problems)
        activity = make(inputs, outputs)
        if len(self._problems.found) > before:
            return None
        timeout = self._activity.object("policy").get("timeout")
        none = timeout is None or parse_timespan(timeout) == 0
        name = str(self._activity.get("name"))
        made: dict[str, Json] = {
            "name": name,
            **activity,
            "policy": {"timeout": "30.00:00:00" if none else timeout},
        }
        if self._activity.get("linkedServiceName") is not None:
            made["linkedServiceName"] = linked(self._activity.get("linkedServiceName"))
        return [made, *self._validations(name, outputs)]

    def check(self, dataset: V1Dataset, at: int, **how: Json) -> dict[str, Json]:
        """The ``at``-th activity of the pipeline, which looks whether the data of a slice is there, and as much as the
        dataset's policy wants."""
        here = f"$.properties.activities[{at}]"
        self.places |= {
            here: dataset.place(),
            f"{here}.typeProperties": dataset.place("policy.externalData"),
            **{f"{here}.typeProperties.{name}": dataset.place(f"policy.validation.{name}") for name in _MINIMUM},
        }
        wanted = dataset.properties.object("policy").object("validation")
        minimum = {name: wanted[name] for name in _MINIMUM if name in wanted}
        return {
            "name": validation_name(dataset.name),
            "type": CHECK,
            "typeProperties": {"dataset": self._dataset(dataset), **minimum, **how},
        }

    def _validations(self, name: str, outputs: Sequence[str]) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = []
        for each in outputs:
            dataset = self._datasets[each.casefold()]
            if dataset.is_checked and dataset.properties.object("policy").object("validation"):
                after = [{"activity": name, "dependencyConditions": ["Succeeded"]}]
                found.append({**self.check(dataset, 1 + len(found)), "dependsOn": after})
        return found

    def _batch(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        written = self._activity.object("typeProperties")
        single = written.get("webServiceInput")
        files = (
            {"webServiceInputs": self._files(dict(written.object("webServiceInputs")), inputs, "webServiceInputs")}
            if single is None
            else self._files({"webServiceInput": single}, inputs, "webServiceInput")
        )
        named = dict(written.object("webServiceOutputs"))
        return {
            "type": "AzureMLBatchExecution",
            "typeProperties": {
                **files,
                "webServiceOutputs": self._files(named, outputs, "webServiceOutputs"),
                "globalParameters": self.lifted.lift(dict(written.object("globalParameters"))),
            },
        }

    def _scoring(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        """The older form: the first input is the service's only one, the first output the service's only one."""
        parameters = self._activity.object("typeProperties").object("webServiceParameters")
        single = {"webServiceInput": inputs[0]} if inputs else {}
        return {
            "type": "AzureMLBatchExecution",
            "typeProperties": {
                **self._files(single, inputs, "inputs"),
                **self._files({"webServiceOutput": outputs[0]}, outputs, "outputs"),
                "globalParameters": self.lifted.lift(dict(parameters)),
            },
        }

    def _update(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        written = self._activity.object("typeProperties")
        name = written.get("trainedModelDatasetName")
        if name is None:
            message = f"it is missing; expected the dataset of the model, one of its inputs.{nearest('', inputs)}"
            self._tell(".typeProperties.trainedModelDatasetName", message, "MissingProperty")
            return {}
        if (dataset := self._datasets.get(str(name).casefold())) is not None:
            here = f"{_FIRST}.typeProperties"
            self.places[f"{here}.trainedModelLinkedServiceName"] = dataset.place("linkedServiceName")
            self.places[f"{here}.trainedModelFilePath"] = dataset.place("typeProperties")
        file = self._files({"model": name}, inputs, "trainedModelDatasetName").get("model", {})
        return {
            "type": "AzureMLUpdateResource",
            "typeProperties": {
                "trainedModelName": self.lifted.lift(written.get("trainedModelName")),
                "trainedModelLinkedServiceName": file.get("linkedServiceName"),
                "trainedModelFilePath": file.get("filePath"),
            },
        }

    def _copy(self, inputs: Sequence[str], outputs: Sequence[str]) -> dict[str, Json]:
        return {
            "type": "Copy",
            "inputs": [self._dataset(self._datasets[inputs[0].casefold()])] if inputs else [],
            "outputs": [self._dataset(self._datasets[outputs[0].casefold()])],
            "typeProperties": self.lifted.lift(dict(self._activity.object("typeProperties"))),
        }

    def _dataset(self, dataset: V1Dataset) -> dict[str, Json]:
        body, arguments = translate_dataset(dataset, self.lifted)
        made = f"{self.title} - {dataset.name}"
        self.made[made.casefold()] = NewResource("dataset", made, body)
        return {"referenceName": made, "type": "DatasetReference", "parameters": arguments}

    def _files(self, named: Mapping[str, Json], declared: Sequence[str], place: str) -> dict[str, dict[str, Json]]:
        found: dict[str, dict[str, Json]] = {}
        for port, name in named.items():
            if not isinstance(name, str) or name.casefold() not in {each.casefold() for each in declared}:
                hint = nearest(str(name)[:80], declared)
                message = f"dataset '{str(name)[:80]}' must also be in the activity's inputs or outputs.{hint}"
                self._tell(f".typeProperties.{place}", message, "MissingReference")
                continue
            dataset = self._datasets[name.casefold()]
            path = dataset.file()
            if path is None:
                message = f"dataset '{name}' needs folderPath and fileName: the web service gets one file."
                self._tell(f".typeProperties.{place}", message, "MissingProperty")
            else:
                member = f"{place}.{port}" if place.endswith("s") else place
                self.places[f"{_FIRST}.typeProperties.{member}"] = dataset.place()
                found[port] = {"filePath": self.lifted.lift(path), "linkedServiceName": dataset.linked}
        return found

    def _tell(self, place: str, message: str, code: str) -> None:
        self._problems.add(f"{self._path}{place}", code, message)
