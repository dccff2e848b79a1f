"""Decisions of the designer that need nothing but values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from restudio.core.errors import Kind, ManyErrors, RestudioError
from restudio.core.ids import Digest, digest_json
from restudio.designer.types import PipelineEndpoint, PublishedPipeline, Submission
from restudio.graph.events import State
from restudio.graph.model import DATA_SOURCE, Graph, GraphParameter
from restudio.graph.parameters import bind_parameters
from restudio.graph.promotion import coerce, with_defaults

MAX_NAME = 255
_NAME = re.compile(r"[^\x00-\x1f/\\?#%]+\Z")


def ensure_name(what: str, name: str) -> str:
    """The name without blanks around it; ``InvalidName`` when it cannot stand in an address."""
    tidy = name.strip()
    if not tidy or len(tidy) > MAX_NAME or not _NAME.match(tidy):
        text = (
            f"The name of {what} has 1 to {MAX_NAME} characters, none of them / \\ ? # % or a control character; got "
            f"'{tidy[:80]}'."
        )
        raise RestudioError(Kind.BAD_ARGUMENT, "InvalidName", text, target="name")
    return tidy


def assign(parameters: Iterable[GraphParameter], submission: Submission) -> dict[str, object]:
    """The value of every parameter that has one: what the call gives, else the default. All findings at once.

    Errors: ``UnknownParameter`` with the names there are, ``InvalidParameterValue``, ``MissingParameter``,
    ``ParameterTypeMismatch`` for data given to a parameter of another type.
    """
    declared = {p.name: p for p in parameters}
    problems: list[RestudioError] = []
    given: dict[str, object] = {}
    for name, value in _given(submission):
        parameter = declared.get(name)
        try:
            if parameter is None:
                raise _unknown(name, declared)
            if parameter.kind != DATA_SOURCE and name not in submission.parameters:
                text = f"'{name}' is a parameter of type {parameter.kind}; give its value in ParameterAssignments."
                raise RestudioError(Kind.BAD_ARGUMENT, "ParameterTypeMismatch", text, target=name)
            if parameter.kind == DATA_SOURCE and isinstance(value, Mapping):
                text = f"'{name}' is a parameter for data; give an object in DataPathAssignments, or name a data set."
                raise RestudioError(Kind.BAD_ARGUMENT, "ParameterTypeMismatch", text, target=name)
            given[name] = coerce(name, parameter.kind, value)
        except RestudioError as error:
            problems.append(error)
    for name, parameter in declared.items():
        if name not in given and parameter.default is None and parameter.required:
            text = f"The parameter '{name}' of type {parameter.kind} has no default; give it a value."
            problems.append(RestudioError(Kind.BAD_ARGUMENT, "MissingParameter", text, target=name))
    if problems:
        raise problems[0] if len(problems) == 1 else ManyErrors(problems[0].detail, problems)
    defaults = {name: p.default for name, p in declared.items() if p.default is not None}
    return {**defaults, **given}


def _given(submission: Submission) -> Iterable[tuple[str, object]]:
    yield from submission.parameters.items()
    yield from ((name, path.uri) for name, path in submission.data_paths.items())
    yield from submission.datasets.items()


def _unknown(name: str, declared: Mapping[str, GraphParameter]) -> RestudioError:
    valid = ", ".join(f"'{p.name}' ({p.kind})" for p in declared.values())
    told = f"Its parameters are: {valid}." if valid else "It has no parameters."
    text = f"The pipeline has no parameter '{name}'. {told}"
    return RestudioError(Kind.BAD_ARGUMENT, "UnknownParameter", text, target=name)


def with_values(graph: Graph, values: Mapping[str, object], *, regenerate: bool) -> Graph:
    """The graph as a run has it: values in its fields, and as the defaults of its parameters."""
    bound = bind_parameters(with_defaults(graph, values), {})
    if not regenerate:
        return bound
    return bound.replacing(nodes=tuple(replace(node, regenerate=True) for node in bound.nodes))


def request_digest(target: str, submission: Submission) -> Digest:
    """Equal for submissions that ask for the same."""
    return digest_json(
        {
            "target": target,
            "parameters": {name: str(value) for name, value in submission.parameters.items()},
            "data": {name: path.uri for name, path in submission.data_paths.items()} | dict(submission.datasets),
            "experiment": submission.experiment_name,
            "description": submission.description,
            "tags": dict(submission.tags),
            "continue": submission.continue_on_failure,
            "regenerate": submission.regenerate,
            "parent": submission.parent_run_id,
        }
    )


def ensure_active(pipeline: PublishedPipeline) -> None:
    """Refuse (Conflict ``PipelineDisabled``) what was disabled."""
    if not pipeline.active:
        text = f"The published pipeline '{pipeline.name}' ({pipeline.id}) is disabled; enable it to run it."
        raise RestudioError(Kind.CONFLICT, "PipelineDisabled", text, target=pipeline.id)


def ensure_endpoint_active(endpoint: PipelineEndpoint) -> None:
    """Refuse (Conflict ``PipelineEndpointDisabled``) what was disabled."""
    if not endpoint.active:
        text = f"The pipeline endpoint '{endpoint.name}' is disabled; enable it to run its pipelines."
        raise RestudioError(Kind.CONFLICT, "PipelineEndpointDisabled", text, target=endpoint.id)


def pipeline_of(endpoint: PipelineEndpoint, version: str | None) -> tuple[int, str]:
    """Number and published pipeline of a version, by default of the default one; NotFound ``VersionNotFound``."""
    wanted = str(endpoint.default_version) if version in (None, "") else str(version).strip()
    for known in endpoint.versions:
        if str(known.number) == wanted:
            return known.number, known.pipeline_id
    what = f"Version of the pipeline endpoint '{endpoint.name}'"
    raise RestudioError.not_found("VersionNotFound", what, wanted, [str(v.number) for v in endpoint.versions])


def next_version(endpoint: PipelineEndpoint) -> int:
    return max(v.number for v in endpoint.versions) + 1


_HISTORY: Mapping[State, str] = {"Finished": "Completed"}


def history_status(state: State, *, cancelling: bool = False) -> str:
    """The status word of the run history.

    >>> history_status("Finished"), history_status("Running", cancelling=True)
    ('Completed', 'CancelRequested')
    """
    if cancelling and state in ("NotStarted", "Running"):
        return "CancelRequested"
    return _HISTORY.get(state, state)
