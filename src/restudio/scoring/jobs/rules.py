"""Pure decisions of batch execution: what a request may say, where outputs go, how a failure is told."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence

from restudio.blobs.reference import BlobReference
from restudio.blobs.types import BlobPath
from restudio.core.errors import Kind, ManyErrors, ModuleError, RestudioError, nearest
from restudio.core.spec import PortKind
from restudio.graph.model import GraphParameter
from restudio.scoring.jobs.types import Deployment, Job, JobRequest, JobState, OutputPort

TABLE_EXTENSIONS = (".csv", ".tsv", ".arff", ".parquet")
_EXTENSIONS: Mapping[PortKind, tuple[str, ...]] = {
    PortKind.MODEL: (".ilearner",),
    PortKind.TRANSFORM: (".itransform",),
}
OUTPUT_CONTAINER = "experimentoutput"
_MAX_BLOB_NAME = 1024


def _bad(detail: str, message: str, target: str | None = None, kind: Kind = Kind.BAD_ARGUMENT) -> RestudioError:
    return RestudioError(kind, detail, message, target=target)


def parse_request(body: object, deployment: Deployment) -> JobRequest:
    """Check the body of a submit call against what the endpoint offers (section 4.2 and the catalogue of errors)."""
    if not isinstance(body, Mapping):
        raise _bad("RequestBodyInvalid", "The request body must be a JSON object.")
    return JobRequest(
        inputs=_inputs(body, deployment.inputs),
        outputs=_outputs(body, deployment.outputs),
        parameters=_parameters(body.get("GlobalParameters"), deployment.parameters),
    )


def _inputs(body: Mapping[str, object], names: Sequence[str]) -> dict[str, BlobReference]:
    single, several = body.get("Input"), body.get("Inputs")
    if single is not None and several is not None:
        raise _bad("DuplicateInputInBatchCall", "Give Input or Inputs, not both.", "Input")
    if single is not None:
        if len(names) > 1:
            raise _bad(
                "MultipleInputsNotAllowed",
                f"The service has {len(names)} inputs: use Inputs (of an activity: webServiceInputs) with a "
                f"reference for each of {_listed(names)}.",
                "Input",
                Kind.INVALID_OPERATION,
            )
        several = {names[0] if names else "Input": single}
    given = _object(several, "Inputs")
    unknown = [name for name in given if name not in names]
    if unknown:
        accepted = f"accepted are {_listed(names)}" if names else "the service has no web service input"
        raise _bad(
            "BatchJobInputsTooManySpecified",
            f"The input '{unknown[0][:80]}' is not one of the service; {accepted}.{nearest(unknown[0][:80], names)}",
            unknown[0][:80],
        )
    missing = [name for name in names if given.get(name) is None]
    if missing:
        raise _bad("BatchJobInputsNotSpecified", f"Inputs must name a blob for {_listed(missing)}.", missing[0])
    return {name: _reference(name, value, TABLE_EXTENSIONS, "input") for name, value in given.items()}


def _outputs(body: Mapping[str, object], ports: Sequence[OutputPort]) -> dict[str, BlobReference]:
    given, kinds = _object(body.get("Outputs"), "Outputs"), {port.name: port.kind for port in ports}
    if body.get("Output") is not None:
        if given:
            raise _bad("RequestBodyInvalid", "Give Output or Outputs, not both.", "Output")
        given = {_only_output(list(kinds)): body["Output"]}
    chosen: dict[str, BlobReference] = {}
    for name, value in given.items():
        if name not in kinds:
            raise _bad(
                "InvalidOutputOverrideName",
                f"The service has no output '{name[:80]}' (names are case-sensitive).{nearest(name[:80], kinds)}",
                name[:80],
            )
        if value is None:
            raise _bad("MissingOutputOverrideSpecification", f"Outputs must name a destination for '{name}'.", name)
        chosen[name] = _reference(name, value, extensions_of(kinds[name]), "output")
    return chosen


def _only_output(names: Sequence[str]) -> str:
    """What the old ``Output`` means. A service with several outputs was never reached by that form of request."""
    if len(names) != 1:
        wanted = f"use Outputs (of an activity: webServiceOutputs) with a reference for each of {_listed(names)}"
        found = f"{len(names)} outputs: {wanted}"
        raise _bad(
            "IncompatibleModel",
            f"Output names the only output of a service; this one has {found if names else 'none: leave it out'}.",
            "Output",
            Kind.INVALID_OPERATION,
        )
    return names[0]


def _reference(name: str, value: object, extensions: Sequence[str], role: str) -> BlobReference:
    reference = BlobReference.from_json(value, target=name)
    reference.address()
    if len(reference.shown) > _MAX_BLOB_NAME:
        raise _bad("BlobNameTooLong", f"The blob name of '{name}' is longer than {_MAX_BLOB_NAME} characters.", name)
    if reference.extension not in extensions:
        raise _bad(
            "InvalidBlobExtension",
            f"The blob reference: {reference.shown} has an invalid or missing file extension. Supported file "
            f'extensions for this {role} type are: "{", ".join(extensions)}".',
            name,
        )
    return reference


def _parameters(given: object, declared: Sequence[GraphParameter]) -> dict[str, object]:
    values = _object(given, "GlobalParameters")
    known = {p.name: p for p in declared}
    for name, value in values.items():
        if name not in known:
            raise _bad(
                "UnexpectedParameter",
                f"The service has no web service parameter '{name[:80]}' (names are case-sensitive)."
                f"{nearest(name[:80], known)}",
                name[:80],
            )
        if value is not None and not isinstance(value, (str, int, float, bool)):
            raise _bad("UserParameterInvalid", f"The value of parameter '{name}' must be a text.", name)
    kept = {name: value for name, value in values.items() if value is not None}
    missing = [p.name for p in declared if p.required and p.default is None and p.name not in kept]
    if missing:
        raise _bad(
            "MissingRequiredGlobalParameters", f"GlobalParameters must give values for {_listed(missing)}.", missing[0]
        )
    return kept


def _object(value: object, name: str) -> dict[str, object]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise _bad("RequestBodyInvalid", f"{name} must be a JSON object or null.", name)
    return {str(key): member for key, member in value.items()}


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def extensions_of(kind: PortKind) -> tuple[str, ...]:
    """File extensions of an output; the first is the default."""
    return _EXTENSIONS.get(kind, TABLE_EXTENSIONS)


def default_output(account: str, job_id: str, port: OutputPort) -> BlobPath:
    """Where an output goes that the caller gave no place: the same for every attempt of one job."""
    folder = uuid.UUID(job_id)
    name = uuid.uuid5(folder, port.name)
    return BlobPath(account, OUTPUT_CONTAINER, f"{folder}/{name}{extensions_of(port.kind)[0]}")


def ensure_can_start(job: Job) -> None:
    """Only a job that was submitted and nothing else can start."""
    if job.state is not JobState.NOT_STARTED:
        state = "waiting for a slot" if job.state is JobState.QUEUED else job.state.value
        raise _bad(
            "CannotStartJob",
            f"The job is {state}; only a job that was not started yet can be started.",
            job.id,
            Kind.INVALID_OPERATION,
        )


def failure_text(error: RestudioError, job_id: str) -> str:
    """``Details`` of a failed job: module and message, as the original told them."""
    if isinstance(error, ManyErrors):
        return " ".join(failure_text(each, job_id) for each in error.errors)
    if isinstance(error, ModuleError):
        module = error.module or error.node or "the deployed graph"
        node = f" (node {error.node})" if error.node and error.node != module else ""
        return f"Module: {module}{node}; requestId = {job_id} errorComponent=Module. {error.message}"
    return f"{error.detail}: {error.message}"
