"""Examples derived from declarations: parameters that make a module run, and values for its input ports."""

from __future__ import annotations

import itertools
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.context import FolderContext
from tests.conformance.tables import LABEL, VARIANTS, ordinary

from restudio.artifacts.container import write_artifact
from restudio.artifacts.values import Model, Transform, UntrainedModel
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import Parameter, ParamKind, parameters_of, parse_params
from restudio.core.registry import Registry
from restudio.core.selector import Selection
from restudio.core.spec import Entry, Port, PortKind, Task
from restudio.graph.ports import ASSET
from restudio.tables.ipc import write_table
from restudio.tables.table import Table

_TYPES: Mapping[PortKind, type] = {
    PortKind.TABLE: Table,
    PortKind.UNTRAINED: UntrainedModel,
    PortKind.MODEL: Model,
    PortKind.TRANSFORM: Transform,
    PortKind.ZIP: Path,
}


def fits(value: object, port: Port) -> bool:
    """Whether a value may leave a port."""
    return port.kind is PortKind.ANY or isinstance(value, _TYPES[port.kind])


@dataclass(frozen=True, slots=True)
class Example:
    """Parameters (raw), and one value a port."""

    entry: Entry
    raw: Mapping[str, object]
    inputs: tuple[object, ...]

    def on(self, table: Table) -> Example:
        """The same on another table at every plain table port."""
        swapped = (table if isinstance(v, Table) and v.names == ordinary().names else v for v in self.inputs)
        return Example(self.entry, self.raw, tuple(swapped))


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came out of an example: outputs, or an error."""

    example: Example
    outputs: tuple[object, ...]
    error: ModuleError | None = None


class Examples:
    """Finds examples for the entries of a catalog by trying the few inputs that ports of their kinds can have."""

    def __init__(self, catalog: Registry, folder: Path) -> None:
        self.catalog = catalog
        self._folder = folder
        self._count = itertools.count()
        self._found: dict[str, Example | None] = {}
        self._outcomes: dict[tuple[str, str], Outcome] = {}
        self._values: dict[PortKind, list[object]] = {
            PortKind.TABLE: [ordinary()],
            PortKind.ZIP: [_archive(folder / "archive.zip")],
            PortKind.UNTRAINED: [],
            PortKind.MODEL: [],
            PortKind.TRANSFORM: [],
        }
        self._assets = folder / "world"
        self._assets.mkdir()
        self._grow()

    def context(self) -> FolderContext:
        scratch = self._folder / f"scratch-{next(self._count)}"
        scratch.mkdir()
        return FolderContext(self.catalog, scratch, self._assets)

    def run(self, example: Example) -> tuple[object, ...]:
        """The outputs, always as a tuple."""
        params: object = parse_params(example.entry.spec.params, example.raw)
        result = example.entry.run(params, *example.inputs, ctx=self.context())
        return result if isinstance(result, tuple) else (result,)

    def find(self, entry: Entry) -> Example | None:
        """The first candidate that runs; None for modules that need the outside world."""
        if entry.spec.id not in self._found:
            runs = (candidate for candidate in self.candidates(entry) if self._does_run(candidate))
            self._found[entry.spec.id] = next(runs, None)
        return self._found[entry.spec.id]

    def outcome(self, entry: Entry, variant: str) -> Outcome:
        """Of the entry's example on a variant of the plain table, which is run once for all who ask."""
        if (entry.spec.id, variant) not in self._outcomes:
            found = self.find(entry)
            assert found is not None
            met = found.on(VARIANTS[variant])
            try:
                self._outcomes[entry.spec.id, variant] = Outcome(met, self.run(met))
            except ModuleError as error:
                self._outcomes[entry.spec.id, variant] = Outcome(met, (), error)
        return self._outcomes[entry.spec.id, variant]

    def candidates(self, entry: Entry) -> Iterator[Example]:
        """Every combination of parameters and required inputs, with all optional inputs at their plainest or none."""
        ports = entry.spec.inputs
        optional = [self._port_values(port) for port in ports if port.optional]
        extras = list(dict.fromkeys([tuple(0 for _ in optional), tuple(-1 for _ in optional)]))
        for raw in self._raws(entry):
            for required in itertools.product(*(self._port_values(port) for port in ports if not port.optional)):
                for extra in extras:
                    left, right = iter(required), (values[i] for values, i in zip(optional, extra, strict=True))
                    yield Example(entry, raw, tuple(next(right if port.optional else left) for port in ports))

    def values(self, kind: PortKind) -> Sequence[object]:
        return self._values[kind]

    def _does_run(self, example: Example) -> bool:
        try:
            self.run(example)
        except RestudioError:
            return False
        return True

    def _port_values(self, port: Port) -> Sequence[object]:
        kind = PortKind.TABLE if port.kind is PortKind.ANY else port.kind
        return [*self._values[kind], *([None] if port.optional else [])]

    def _raws(self, entry: Entry) -> Iterator[dict[str, object]]:
        filled: dict[str, object] = {}
        for _, parameter in parameters_of(entry.spec.params):
            if parameter.kind is ParamKind.COLUMN_PICKER and not _rules(parameter):
                chosen = Selection.names(LABEL) if parameter.single else Selection.everything()
                filled[parameter.name] = chosen.to_json()
            if parameter.kind is ParamKind.SCRIPT and not parameter.default:
                filled[parameter.name] = "a,b\n1,x\n2,y\n"
        if any(p.name == ASSET for _, p in parameters_of(entry.spec.params)):
            yield from ({**filled, ASSET: path.name} for path in sorted(self._assets.iterdir()))
        else:
            yield filled

    def _grow(self) -> None:
        """Untrained models first, then what training, scoring and fitting make of them."""
        write_table(ordinary(), self._assets / "a-table")
        untrained = [e for e in self.catalog.values() if e.fit is not None]
        made = [value for e in untrained for value in self._outputs(Example(e, {}, ()), UntrainedModel)]
        self._values[PortKind.UNTRAINED] = sorted(made, key=_is_not_binary)
        for kind, wanted in ((PortKind.MODEL, Model), (PortKind.TRANSFORM, Transform)):
            makers = [e for e in self.catalog.values() if e.spec.inputs and any(o.kind is kind for o in e.spec.outputs)]
            for maker in makers:
                for candidate in self.candidates(maker):
                    if not self._has_model_of(candidate):
                        self._values[kind].extend(self._outputs(candidate, wanted))
            for number, value in enumerate(self._values[kind]):
                assert isinstance(value, (Model, Transform))
                (self._assets / f"{kind.name.lower()}-{number}").write_bytes(write_artifact(value))
        for entry in self.catalog.values():
            if [port.kind for port in entry.spec.inputs if not port.optional] != [PortKind.MODEL, PortKind.TABLE]:
                continue
            for candidate in list(self.candidates(entry)):
                self._values[PortKind.TABLE].extend(self._outputs(candidate, Table))

    def _has_model_of(self, example: Example) -> bool:
        """Whether a model of its learner is there already: one of each is enough, and training takes long."""
        learners = {model.learner for model in self._values[PortKind.MODEL] if isinstance(model, Model)}
        return any(isinstance(value, UntrainedModel) and value.learner in learners for value in example.inputs)

    def _outputs(self, example: Example, wanted: type) -> list[object]:
        try:
            return [value for value in self.run(example) if isinstance(value, wanted)]
        except RestudioError:
            return []


def _archive(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("data.csv", "a,b\n1,x\n2,y\n")
    return path


def _rules(parameter: Parameter) -> bool:
    return isinstance(parameter.default, Selection) and bool(parameter.default.rules)


def _is_not_binary(value: object) -> bool:
    return not (isinstance(value, UntrainedModel) and value.task is Task.BINARY)
