"""The life of a service and its endpoints, on real models."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.unit.endpoints.world import (
    NORMALIZE,
    RESOURCE,
    World,
    churn_table,
    model,
    normalize,
    predictive_graph,
    registry,
    train,
)

from restudio.artifacts.values import Model, Transform
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import is_id
from restudio.endpoints.patch import Patch, SettingsChange
from restudio.endpoints.types import MetricRule
from restudio.graph.model import Graph
from restudio.identity.audit import list_lines
from restudio.kernels.chunk import evaluate
from restudio.kernels.expr import Frame
from restudio.tables.table import Table


def refused(error: pytest.ExceptionInfo[RestudioError]) -> tuple[Kind, str]:
    return error.value.kind, error.value.detail


def test_publish_test_approve(any_world: World) -> None:
    world = any_world
    graph = predictive_graph(world.save_dataset().id, world.save_model().id)
    staged = world.services.publish(world.member, world.ws, graph, "Churn")
    assert (staged.version.stage, staged.version.kind, staged.endpoint.name) == ("staging", "predictive", "staging")
    assert world.labels(staged.endpoint.id, 22, 60) == ["no", "yes"]
    assert [c.name for c in staged.version.inputs[0].schema] == ["age", "hours"]
    with pytest.raises(RestudioError) as early:
        world.services.approve(world.owner, world.ws, staged.service.id)
    assert refused(early) == (Kind.INVALID_OPERATION, "WrongStage")
    world.services.mark_ready(world.member, world.ws, staged.service.id)
    with pytest.raises(RestudioError) as forbidden:
        world.services.approve(world.member, world.ws, staged.service.id)
    assert forbidden.value.kind is Kind.FORBIDDEN
    approved = world.services.approve(world.owner, world.ws, staged.service.id)
    assert (approved.endpoint.name, approved.version.approved_by) == ("default", "Pat")
    assert is_id(approved.endpoint.id)
    assert world.labels(approved.endpoint.id, 22, 60) == ["no", "yes"]


def test_deploying_again_keeps_the_default_endpoint_and_leaves_others_alone(world: World) -> None:
    first = world.publish()
    service = first.service.id
    added = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange())
    keys = world.endpoints.get(world.owner, world.ws, service, "default").keys
    other = world.save_model("Other", model(55))
    graph = predictive_graph(world.save_dataset("more").id, other.id)
    again = world.services.publish(world.owner, world.ws, graph, "Churn", service_id=service, go_live=True)
    view = world.endpoints.get(world.owner, world.ws, service, "default")
    assert (again.endpoint.id, again.version.number) == (first.endpoint.id, 2)
    assert view.keys is not None
    assert keys is not None
    assert (view.keys.primary, view.keys.secondary) == (keys.primary, keys.secondary)
    assert world.labels(first.endpoint.id, 50) == ["no"]
    assert world.labels(added.endpoint.id, 50) == ["yes"]
    assert [v.stage for v in world.services.versions(world.ws, service)] == ["production", "retired"]


def test_patch_once_twice_and_back(any_world: World) -> None:
    world = any_world
    service = world.publish().service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    assert world.labels(endpoint.id, 50) == ["yes"]
    location = world.retrained(model(55))
    first = world.patch(service, "eu", location)
    assert (first.changed, first.revision.seq, first.revision.cause) == (True, 2, "patch")
    assert {g.gate: g.passed for g in first.revision.gates} == {
        "schema": True,
        "scores-sample-rows": True,
        "not-worse-than-live": None,
    }
    assert world.labels(endpoint.id, 50) == ["no"]
    second = world.patch(service, "eu", location)
    assert (second.changed, second.revision.id) == (False, first.revision.id)
    back = world.endpoints.rollback(world.owner, world.ws, service, "eu")
    assert (back.changed, back.revision.seq, back.revision.cause) == (True, 3, "rollback")
    assert world.labels(endpoint.id, 50) == ["yes"]
    _, ledger = world.endpoints.ledger(world.owner, world.ws, service, "eu")
    assert [(line.seq, line.cause) for line in ledger] == [(3, "rollback"), (2, "patch"), (1, "add")]
    with world.db.read() as conn:
        actions = [n.action for n in list_lines(conn, world.ws) if n.action.startswith("endpoint.")]
    assert actions[:3] == ["endpoint.rollback", "endpoint.patch", "endpoint.add"]


def test_a_model_patched_again_later_is_not_saved_twice(world: World) -> None:
    service = world.publish().service.id
    world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange())
    location = world.retrained(model(55))
    first = world.patch(service, "eu", location)
    world.endpoints.rollback(world.owner, world.ws, service, "eu")
    third = world.patch(service, "eu", location)
    assert third.revision.state.resources[RESOURCE].asset == first.revision.state.resources[RESOURCE].asset


def test_deleting_saved_models_does_not_stop_an_endpoint(world: World) -> None:
    published = world.publish()
    world.assets.delete_family(world.ws, published.version.resources[0].holding.asset.split(".")[1])
    world.builder.contents._kept.clear()
    world.plane.remove(published.endpoint.id)
    world.deployments.deploy(published.endpoint.id)
    assert world.labels(published.endpoint.id, 60) == ["yes"]


def test_a_dry_run_changes_nothing(world: World) -> None:
    service = world.publish().service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    outcome = world.patch(service, "eu", world.retrained(model(55)), dry_run=True)
    assert (outcome.changed, outcome.dry_run, outcome.revision.seq) == (True, True, 2)
    assert outcome.revision.gates[0].passed
    assert world.labels(endpoint.id, 50) == ["yes"]
    assert len(world.endpoints.ledger(world.owner, world.ws, service, "eu")[1]) == 1
    assert [a.name for a in world.assets.list_latest(world.ws, "model")] == [RESOURCE]


def test_fitted_transforms_travel_with_the_model(world: World) -> None:
    table = churn_table()
    fitted = normalize(table)
    trained = train(applied(fitted, table))
    graph = predictive_graph(
        world.save_dataset().id, world.save_model(value=trained).id, world.save_transform(fitted).id
    )
    service = world.services.publish(world.owner, world.ws, graph, "Churn", go_live=True).service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    assert world.labels(endpoint.id, 22, 60) == ["no", "yes"]
    narrow = normalize(churn_table().slice(0, 10))
    outcome = world.patch(service, "eu", world.retrained(trained, {NORMALIZE: narrow, "elsewhere:Port": fitted}))
    state = outcome.revision.state
    assert set(state.transforms) == {NORMALIZE}
    assert world.builder.contents.get(state.transforms[NORMALIZE]) is not None
    assert world.assets.get(state.transforms[NORMALIZE].asset).kind == "transform"
    # A range fitted to the youngest makes everyone look old.
    assert world.labels(endpoint.id, 35, 60) == ["yes", "yes"]


def applied(fitted: Transform, table: Table) -> Table:
    """The table after the transform, as the graph computes it."""
    entry = registry().get_entry(fitted.module)
    assert entry.apply is not None
    frame = entry.apply(fitted, Frame.input("input", table.schema))
    return Table(frame.schema, evaluate(frame, {"input": table.data}))


def test_refresh(world: World) -> None:
    service = world.publish().service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    assert not world.endpoints.refresh(world.owner, world.ws, service, "eu").changed
    world.patch(service, "eu", world.retrained(model(55)))
    assert not world.endpoints.refresh(world.owner, world.ws, service, "eu").changed
    asset = world.assets.find(world.ws, "model", RESOURCE)
    assert asset is not None
    graph = predictive_graph(world.save_dataset("more").id, asset.id)
    world.services.publish(world.owner, world.ws, graph, "Churn", service_id=service, go_live=True)
    kept = world.endpoints.refresh(world.owner, world.ws, service, "eu")
    assert (kept.changed, kept.revision.state.version) == (True, 2)
    assert world.labels(endpoint.id, 50) == ["no"]
    overwritten = world.endpoints.refresh(world.owner, world.ws, service, "eu", overwrite=True)
    assert (overwritten.changed, overwritten.revision.cause) == (True, "refresh")
    assert world.labels(endpoint.id, 50) == ["yes"]
    with pytest.raises(RestudioError) as error:
        world.endpoints.refresh(world.owner, world.ws, service, "default")
    assert refused(error) == (Kind.INVALID_OPERATION, "DefaultEndpointUpdateNotAllowed")


def test_prevent_update(world: World) -> None:
    service = world.publish().service.id
    world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange(prevent_update=True))
    with pytest.raises(RestudioError) as error:
        world.endpoints.refresh(world.owner, world.ws, service, "eu")
    assert refused(error) == (Kind.INVALID_OPERATION, "UpdatePrevented")
    assert not world.endpoints.refresh(world.owner, world.ws, service, "eu", overwrite=True).changed
    world.endpoints.patch(world.owner, world.ws, service, "eu", Patch(settings=SettingsChange(prevent_update=False)))
    assert world.patch(service, "eu", world.retrained(model(55))).changed


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (SettingsChange(), ("High", 20)),
        (SettingsChange(throttle="Low", max_calls=50), ("Low", 4)),
        (SettingsChange(throttle="High"), ("High", 20)),
        (SettingsChange(throttle="High", max_calls=200), ("High", 200)),
        (SettingsChange(max_calls=1), ("High", 1)),
    ],
)
def test_throttle(world: World, change: SettingsChange, expected: tuple[str, int]) -> None:
    service = world.publish().service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", change).endpoint
    assert (endpoint.settings.throttle, endpoint.settings.max_calls) == expected
    live = world.plane.find_live(endpoint.id)
    assert live is not None
    assert live.max_concurrent == expected[1]


@pytest.mark.parametrize("calls", [0, -1, 201])
def test_throttle_out_of_range(world: World, calls: int) -> None:
    service = world.publish().service.id
    with pytest.raises(RestudioError) as error:
        world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange(max_calls=calls))
    assert error.value.kind is Kind.BAD_ARGUMENT
    assert str(calls) in error.value.message


@pytest.mark.parametrize("name", ["EU", "with-dash", "x" * 25, "", "größe", "a b"])
def test_endpoint_names(world: World, name: str) -> None:
    service = world.publish().service.id
    with pytest.raises(RestudioError) as error:
        world.endpoints.add(world.owner, world.ws, service, name, SettingsChange())
    assert refused(error) == (Kind.BAD_ARGUMENT, "BadParameterValue")


@pytest.mark.parametrize("name", ["default", "staging", "eu"])
def test_taken_names(world: World, name: str) -> None:
    service = world.publish().service.id
    world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange())
    with pytest.raises(RestudioError) as error:
        world.endpoints.add(world.owner, world.ws, service, name, SettingsChange())
    assert refused(error) == (Kind.CONFLICT, "EndpointAlreadyExists")


def test_keys(world: World) -> None:
    published = world.publish()
    service, endpoint = published.service.id, published.endpoint
    keys = world.endpoints.get(world.owner, world.ws, service, "default").keys
    assert keys is not None
    assert {len(keys.primary), len(keys.secondary)} == {88}
    assert keys.primary not in repr(keys)
    for key in (keys.primary, keys.secondary):
        principal = world.endpoints.authenticate(world.ws, endpoint.id, key)
        assert (principal.kind, principal.id) == ("endpoint", endpoint.id)
    header = f"Bearer {keys.primary}".encode()
    world.plane.admit(endpoint.id, world.ws, header).release(200)
    world.endpoints.regenerate_key(world.owner, world.ws, service, "default", "primary")
    with pytest.raises(RestudioError) as error:
        world.endpoints.authenticate(world.ws, endpoint.id, keys.primary)
    assert error.value.kind is Kind.UNAUTHORIZED
    with pytest.raises(RestudioError):
        world.plane.admit(endpoint.id, world.ws, header)
    world.endpoints.authenticate(world.ws, endpoint.id, keys.secondary)
    assert world.endpoints.get(world.member, world.ws, service, "default").keys is None


def test_an_endpoint_key_reaches_its_own_endpoint_only(world: World) -> None:
    service = world.publish().service.id
    own = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange())
    assert own.keys is not None
    principal = world.endpoints.authenticate(world.ws, own.endpoint.id, own.keys.primary)
    assert world.endpoints.get(principal, world.ws, service, "eu").keys is None
    for forbidden in ("default", "staging"):
        with pytest.raises(RestudioError) as error:
            world.endpoints.get(principal, world.ws, service, forbidden)
        assert error.value.kind is Kind.FORBIDDEN
    with pytest.raises(RestudioError):
        world.endpoints.delete(principal, world.ws, service, "eu")


def test_delete(world: World) -> None:
    published = world.publish()
    service = published.service.id
    added = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    with pytest.raises(RestudioError) as error:
        world.endpoints.delete(world.owner, world.ws, service, "default")
    assert refused(error) == (Kind.INVALID_OPERATION, "DefaultEndpointInUse")
    world.endpoints.delete(world.owner, world.ws, service, added.id)
    assert world.plane.find_live(added.id) is None
    assert [v.endpoint.name for v in world.endpoints.list(world.owner, world.ws, service)] == ["default"]
    world.services.delete(world.owner, world.ws, service)
    assert world.plane.find_live(published.endpoint.id) is None
    assert world.services.list(world.ws) == []


def test_rollback_to_a_revision_by_number_or_id(world: World) -> None:
    service = world.publish().service.id
    world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange())
    patched = world.patch(service, "eu", world.retrained(model(55))).revision
    assert world.endpoints.rollback(world.owner, world.ws, service, "eu", "1").revision.seq == 3
    assert world.endpoints.rollback(world.owner, world.ws, service, "eu", patched.id).revision.seq == 4
    assert not world.endpoints.rollback(world.owner, world.ws, service, "eu", "4").changed
    with pytest.raises(RestudioError) as error:
        world.endpoints.rollback(world.owner, world.ws, service, "eu", "99")
    assert refused(error) == (Kind.NOT_FOUND, "RevisionNotFound")


def test_a_worse_model_never_goes_live(world: World) -> None:
    service = world.publish().service.id
    rule = MetricRule("AUC", 0.01)
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange(metric_rule=rule)).endpoint
    good, worse = with_auc(55, 0.93), with_auc(30, 0.71)
    assert world.patch(service, "eu", world.retrained(good)).changed
    with pytest.raises(RestudioError) as error:
        world.patch(service, "eu", world.retrained(worse))
    assert refused(error) == (Kind.INVALID_OPERATION, "GateNotPassed")
    assert "0.71" in error.value.message
    assert "0.93" in error.value.message
    assert world.labels(endpoint.id, 50) == ["no"]


def with_auc(turn: int, auc: float) -> Model:
    return replace(model(turn), metrics={"AUC": auc})


def test_a_graph_without_output_is_not_published(world: World) -> None:
    graph = predictive_graph(world.save_dataset().id, world.save_model().id)
    nodes = tuple(n for n in graph.nodes if n.id != "output")
    cut = Graph(nodes, tuple(e for e in graph.edges if e.target != "output"))
    with pytest.raises(RestudioError):
        world.services.publish(world.owner, world.ws, cut, "Churn")


def test_describe_shows_data_only_when_told(world: World) -> None:
    published = world.publish()
    hidden = world.endpoints.describe(world.ws, published.endpoint.id)
    assert hidden.inputs[0].sample == ()
    assert (hidden.kind, hidden.resources, hidden.is_default) == ("predictive", (RESOURCE,), True)
    shown = Patch(settings=SettingsChange(sample_data=True))
    world.endpoints.patch(world.owner, world.ws, published.service.id, "default", shown)
    assert world.endpoints.describe(world.ws, published.endpoint.id).inputs[0].sample[0] == (20, 0.0)
