"""What names of datasets mean in a pipeline of version 1, and where the data of a slice is (reference, 9.3)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from restudio.expressions.errors import ExpressionError
from restudio.expressions.v1 import compile_slice_expression
from restudio.factory.documents.expressions import iter_texts
from restudio.factory.documents.fields import Fields
from restudio.factory.documents.problems import Problem, Problems
from restudio.factory.documents.slips import tell_slip
from restudio.factory.properties import Json, Properties
from restudio.factory.v1.availability import read_availability
from restudio.factory.v1.places import Place

_PLACE = re.compile(r"\{([^{}]+)\}")
_INSTANTS = ("SliceStart", "SliceEnd", "WindowStart", "WindowEnd")
TYPES = (
    "AzureBlob",
    "FileShare",
    "AzureSqlTable",
    "SqlServerTable",
    "AzureSqlDWTable",
    "PostgreSqlTable",
    "MySqlTable",
)


@dataclass(frozen=True, slots=True)
class V1Dataset:
    """A dataset as written, the document that it stands in, and the path of its ``properties`` in that."""

    name: str
    properties: Properties
    where: str
    path: str = "$.properties"

    def place(self, member: str = "") -> Place:
        """Where a member of its properties stands."""
        return Place(self.where, f"{self.path}.{member}" if member else self.path)

    @property
    def linked(self) -> dict[str, Json]:
        return linked(self.properties.get("linkedServiceName"))

    @property
    def is_checked(self) -> bool:
        """Whether its data is something whose existence can be looked for."""
        return str(self.properties.get("type", "")).casefold() in {each.casefold() for each in TYPES}

    def file(self) -> str | None:
        """Path of the file of a slice, an expression where it differs between slices; None for anything else."""
        written = self.properties.object("typeProperties")
        folder, name = written.get("folderPath"), written.get("fileName")
        if not isinstance(folder, str) or not isinstance(name, str):
            return None
        return self.partitioned(f"{folder.strip('/')}/{name}")

    def partitioned(self, path: str) -> str:
        """A path with ``{d}`` as an expression of the slice, by ``partitionedBy``."""
        variables: dict[str, tuple[str, str]] = {}
        for each in self.properties.object("typeProperties").list("partitionedBy"):
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
            parts += [_plain(path[at : place.start()]), f"{{{dates.index(known[0])}:{_quoted(known[1])}}}"]
            at = place.end()
        if not dates:
            return path
        text = "".join([*parts, _plain(path[at:])])
        return f"$$Text.Format('{text}', {', '.join(dates)})"


def check_dataset(dataset: V1Dataset) -> list[Problem]:
    """What is wrong with a dataset by itself."""
    problems = Problems(dataset.where)
    if dataset.properties.get("availability") is not None:
        read_availability(Fields(dataset.properties["availability"], f"{dataset.path}.availability", problems))
    told, path = dataset.properties.object("typeProperties"), f"{dataset.path}.typeProperties"
    check_slice_texts(dict(told), path, problems)
    for i, each in enumerate(told.list("partitionedBy")):
        value = Fields(each, f"{path}.partitionedBy[{i}]", problems).object("value", required=True)
        value.choice(
            "date", ("SliceStart", "SliceEnd", "WindowStart", "WindowEnd"), required=True, default="SliceStart"
        )
        value.text("format", required=True)
    fields = Fields(dict(dataset.properties), dataset.path, problems)
    looks = fields.object("policy").object("externalData")
    for name in ("dataDelay", "retryInterval", "retryTimeout"):
        looks.span(name, default=timedelta(0))
    looks.integer("maximumRetry", 0, 10, default=0)
    kind = fields.text("type", required=True)
    tell_slip(kind, TYPES, f"{dataset.path}.type", "UnknownType", "a type of dataset", problems)
    return problems.found


def check_slice_texts(value: Json, path: str, problems: Problems) -> None:
    """Compile every expression of version 1 in a value."""
    for here, text in iter_texts(value, path):
        try:
            compile_slice_expression(text)
        except ExpressionError as error:
            problems.add(here, "InvalidExpression", error.message)


@dataclass(slots=True)
class Lifted:
    """Values that differ between slices, by the name under which a pipeline or dataset gets them; an expression that
    begins with ``place`` reads them."""

    place: str = "@pipeline().parameters.slice."
    values: dict[str, Json] = field(default_factory=dict)

    def lift(self, value: Json) -> Json:
        """The value with every ``$$`` text replaced by an expression that reads it. Other texts mean themselves."""
        if isinstance(value, str):
            if not value.startswith("$$"):
                return f"@{value}" if value.startswith("@") else value.replace("@{", "@@{")
            name = f"v{len(self.values)}"
            self.values[name] = value
            return f"{self.place}{name}"
        if isinstance(value, list):
            return [self.lift(each) for each in value]
        if isinstance(value, Mapping):
            return {name: self.lift(each) for name, each in value.items()}
        return value


def translate_dataset(dataset: V1Dataset, outer: Lifted) -> tuple[dict[str, Json], dict[str, Json]]:
    """A dataset of version 2 for slices, and the arguments that refer to it; what differs are its parameters."""
    properties, inner = dataset.properties, Lifted("@dataset().")
    written = {k: v for k, v in properties.object("typeProperties").items() if k.casefold() != "partitionedby"}
    for member in ("folderPath", "fileName"):
        if isinstance(Properties(written).get(member), str):
            written[member] = dataset.partitioned(str(Properties(written)[member]))
    type_properties = inner.lift(written)
    arguments = {each: outer.lift(value) for each, value in inner.values.items()}
    body = {
        "type": properties.get("type"),
        "linkedServiceName": dataset.linked,
        "parameters": {each: {"type": "String"} for each in arguments},
        "typeProperties": type_properties,
        "annotations": ["version 1"],
        **({"structure": properties["structure"]} if "structure" in properties else {}),
    }
    return body, arguments


def linked(name: Json) -> dict[str, Json]:
    return {"referenceName": str(name), "type": "LinkedServiceReference"}


def _plain(text: str) -> str:
    return _quoted(text.replace("{", "{{").replace("}", "}}"))


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
