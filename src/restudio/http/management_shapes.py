"""What the management API answers with (classic web services reference, sections 5.2 and 5.3)."""

from __future__ import annotations

from datetime import UTC, datetime

from restudio.endpoints.addresses import Addresses
from restudio.endpoints.endpoint_service import EndpointView
from restudio.endpoints.service import ServiceSummary
from restudio.endpoints.types import DEFAULT, GateResult, Outcome, Revision


def iso(at: float) -> str:
    """Epoch seconds as ISO 8601 UTC with milliseconds.

    >>> iso(0.5)
    '1970-01-01T00:00:00.500Z'
    """
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def service(found: ServiceSummary) -> dict[str, object]:
    """The seven members of a WebService, and what Restudio knows beyond."""
    return {
        "Id": found.service.id,
        "Name": found.service.name,
        "Description": found.service.description,
        "CreationTime": iso(found.service.created),
        "WorkspaceId": found.service.workspace_id,
        "DefaultEndpointName": DEFAULT,
        "EndpointCount": found.endpoints,
        "Kind": found.newest.kind,
        "Version": found.newest.number,
        "Stage": found.newest.stage,
    }


def endpoint(view: EndpointView, addresses: Addresses) -> dict[str, object]:
    """An Endpoint. Keys are empty for callers who may not see them."""
    shown, settings = view.endpoint, view.endpoint.settings
    rule, experiment = settings.metric_rule, view.version.experiment_id
    return {
        "Name": shown.name,
        "Description": settings.description,
        "CreationTime": iso(shown.created),
        "WorkspaceId": shown.workspace_id,
        "WebServiceId": shown.service_id,
        "HelpLocation": addresses.help(shown),
        "PrimaryKey": view.keys.primary if view.keys else "",
        "SecondaryKey": view.keys.secondary if view.keys else "",
        "ApiLocation": addresses.api(shown),
        "PreventUpdate": settings.prevent_update,
        "MaxConcurrentCalls": settings.max_calls,
        "DiagnosticsTraceLevel": settings.trace_level,
        "ThrottleLevel": settings.throttle,
        "Version": f"{view.version.number}.0",
        "SampleDataEnabled": settings.sample_data,
        "ExperimentLocation": addresses.experiment(shown.workspace_id, experiment) if experiment else None,
        "Resources": [{"Name": s.name, "Kind": "TrainedModel", "Location": None} for s in view.version.resources],
        "NotWorseThanLive": {"Metric": rule.metric, "Tolerance": rule.tolerance} if rule else None,
        "Revision": revision(view.live, live=True),
    }


def revision(line: Revision, *, live: bool) -> dict[str, object]:
    """One line of the ledger."""
    return {
        "Id": line.id,
        "Number": line.seq,
        "Cause": line.cause,
        "Version": line.state.version,
        "Resources": {name: held.asset for name, held in line.state.resources.items()},
        "Transforms": {node: held.asset for node, held in line.state.transforms.items()},
        "At": iso(line.at),
        "Who": line.who,
        "Why": line.why,
        "Live": live,
        "Gates": [_gate(result) for result in line.gates],
    }


def change(outcome: Outcome) -> dict[str, object]:
    """What a change did, or with a dry run would do."""
    return {
        "Changed": outcome.changed,
        "DryRun": outcome.dry_run,
        "Revision": revision(outcome.revision, live=outcome.revision.seq == outcome.endpoint.live_seq),
    }


def _gate(result: GateResult) -> dict[str, object]:
    return {"Gate": result.gate, "Passed": result.passed, "Message": result.message}
