"""Bodies of the designer's calls: read with members in any case, as clients of several ages write them."""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.errors import Kind, RestudioError
from restudio.designer.types import Submission
from restudio.graph.data_path import DataPath, make_data_path
from restudio.http.bodies import parse_json

REQUEST_ID = "x-ms-client-request-id"
"""Header by which a repeated request is known."""
_Members = Mapping[str, object]
_CONTINUE = "continuerunonstepfailure"
"""As the original's Python client writes it; its documentation has ``ContinueOnStepFailure``."""


def read_body(body: bytes) -> _Members:
    """A JSON object with its members' names in lower case; no body is an empty object."""
    return _folded(parse_json(body) if body.strip() else {})


def read_change(body: bytes, *known: str) -> _Members:
    """As :func:`read_body`, for a change of some ``known`` members. ``RequestBodyInvalid`` when none is there: what is
    misspelt would pass for a change that was made."""
    members = read_body(body)
    if not {name.casefold() for name in known} & members.keys():
        given = ", ".join(f"'{name[:60]}'" for name in list(members)[:10]) or "nothing"
        message = f"The body changes nothing: expected one of {', '.join(known)}, got {given}."
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", message, target=known[0])
    return members


def read_submission(members: _Members, request_id: str | None) -> Submission:
    """What a submit call asks for. ``RequestBodyInvalid`` names a member of the wrong form."""
    given = _object(members, "parameterassignments", "pipelineparameters")
    data = _object(members, "datasetdefinitionvalueassignments")
    paths = {name: _data_path(value, name) for name, value in _object(members, "datapathassignments").items()}
    datasets: dict[str, str] = {}
    for name, value in data.items():
        if (reference := _dataset(value)) is not None:
            datasets[name] = reference
        else:
            paths[name] = _data_path(value, name, ", or with SavedDataSetReference and its text Id")
    return Submission(
        experiment_name=_text(members, "experimentname"),
        description=_text(members, "description"),
        tags={name: str(value) for name, value in _object(members, "tags").items()},
        source=_text(members, "runsource"),
        parameters={name: value for name, value in given.items() if value is not None},
        data_paths=paths,
        datasets=datasets,
        continue_on_failure=_flag(members, _CONTINUE if _CONTINUE in members else "continueonstepfailure"),
        parent_run_id=_text(members, "parentrunid") or None,
        request_id=(request_id or "").strip() or None,
        regenerate=_flag(members, "regenerateoutputs") or False,
    )


def text_of(members: _Members, name: str) -> str:
    """A text member by its name in lower case; nothing when it is missing."""
    return _text(members, name)


def required_text(members: _Members, name: str, what: str) -> str:
    """As :func:`text_of`; an error that says ``what`` it is where it is missing."""
    found = _text(members, name).strip()
    if not found:
        shown = _SHOWN.get(name, name)
        text = f"'{shown}' is missing; it must be {what}."
        raise RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", text, target=shown)
    return found


def version_of(members: _Members, name: str) -> str:
    """A version number by its member's name in lower case, as a text or a number; nothing when it is missing."""
    value = members.get(name)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else _text(members, name)


def flag_of(members: _Members, name: str) -> bool | None:
    """A Boolean member by its name in lower case; None when it is missing."""
    return _flag(members, name)


def object_of(members: _Members, name: str) -> _Members:
    """An object member by its name in lower case, its own members as they are; empty when it is missing."""
    return _object(members, name)


def active_of(members: _Members) -> bool | None:
    """The member ``Status``: Active or Disabled, None when it is missing."""
    status = _text(members, "status")
    if not status:
        return None
    if status.casefold() not in ("active", "disabled"):
        raise _invalid("Status", "Active or Disabled", status)
    return status.casefold() == "active"


def _folded(members: _Members) -> _Members:
    return {name.casefold(): value for name, value in members.items()}


def _text(members: _Members, name: str) -> str:
    value = members.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise _invalid(name, "a text", value)
    if "\0" in value:
        raise _invalid(name, "a text without null characters", value)
    return value


def _flag(members: _Members, name: str) -> bool | None:
    value = members.get(name)
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str) and value.casefold() in ("true", "false"):
        return value.casefold() == "true"
    raise _invalid(name, "true or false", value)


def _object(members: _Members, *names: str) -> _Members:
    for name in names:
        value = members.get(name)
        if value is not None and not isinstance(value, dict):
            raise _invalid(name, "a JSON object", value)
        if isinstance(value, dict):
            return value
    return {}


def _data_path(value: object, name: str, otherwise: str = "") -> DataPath:
    members = _folded(value) if isinstance(value, dict) else {}
    literal = members.get("literalvalue")
    if isinstance(literal, dict):
        members = _folded(literal)
    store, path = members.get("datastorename"), members.get("relativepath", "")
    if not isinstance(store, str) or not isinstance(path, str):
        raise _invalid(name, f"an object with the texts DataStoreName and RelativePath{otherwise}", value)
    return make_data_path(store, path)


def _dataset(value: object) -> str | None:
    """The data set that a definition names by its id, or by name and version."""
    members = _folded(value) if isinstance(value, dict) else {}
    for member in ("saveddatasetreference", "datasetreference"):
        reference = members.get(member)
        if isinstance(reference, dict):
            named = _folded(reference)
            found = named.get("id") or named.get("name")
            if not isinstance(found, str):
                raise _invalid(member, "an object with the text Id", reference)
            version = named.get("version")
            return found if named.get("id") or version in (None, "") else f"{found}:{version}"
    return None


_SHOWN = {
    name.casefold(): name
    for name in (
        *("ExperimentName", "Description", "Tags", "RunSource", "ParameterAssignments", "DataPathAssignments"),
        *("DataSetDefinitionValueAssignments", "ContinueOnStepFailure", "ParentRunId", "RegenerateOutputs", "Name"),
        *("DefaultValues", "ContinueRunOnStepFailure", "DefaultVersion", "PipelineId", "DraftId", "RunId", "Version"),
        *("IsDefault", "PipelineParameters", "PipelineEndpointId"),
    )
}
"""Names of members as they are documented; they are read in any case."""


def _invalid(name: str, expected: str, got: object) -> RestudioError:
    name = _SHOWN.get(name, name)
    text = f"'{name}' must be {expected}, got {str(got)[:100]!r}."
    return RestudioError(Kind.BAD_ARGUMENT, "RequestBodyInvalid", text, target=name)
