from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.unit.designer.world import MEMBER, OWNER, WORKSPACE, World

from restudio.core.errors import Kind, RestudioError


def refused(call: Callable[[], object]) -> RestudioError:
    with pytest.raises(RestudioError) as raised:
        call()
    return raised.value


def test_versions_count_up_and_the_default_moves_when_it_is_told_to(world: World) -> None:
    endpoints, first, second, third = world.designer.endpoints, world.publish(), world.publish(), world.publish()
    made = endpoints.create(OWNER, WORKSPACE, "nightly", first)
    assert (made.default_version, made.default_pipeline, [v.number for v in made.versions]) == (0, first, [0])
    assert endpoints.add(OWNER, WORKSPACE, made.id, second).default_pipeline == first
    added = endpoints.add(OWNER, WORKSPACE, "nightly", third, default=True)
    assert (added.default_version, added.default_pipeline) == (2, third)
    assert endpoints.set_default(OWNER, WORKSPACE, made.id, "1").default_pipeline == second
    assert endpoints.get(WORKSPACE, "nightly") == endpoints.get(WORKSPACE, made.id)
    assert [(n, p.id) for n, p in endpoints.pipelines(WORKSPACE, made.id)] == [(2, third), (1, second), (0, first)]
    runs = {
        version: world.designer.submit_endpoint(OWNER, WORKSPACE, "nightly", version=version)
        for version in (None, "0", "2")
    }
    assert {version: run.record.pipeline_id for version, run in runs.items()} == {None: second, "0": first, "2": third}
    assert {version: run.record.endpoint_version for version, run in runs.items()} == {None: 1, "0": 0, "2": 2}
    listed = world.designer.list_runs(WORKSPACE, endpoint_id=made.id)
    assert {run.id for run in listed} == {run.id for run in runs.values()}
    for run in runs.values():
        world.wait(run)


def test_a_name_is_unique_and_exact(world: World) -> None:
    endpoints, pipeline = world.designer.endpoints, world.publish()
    made = endpoints.create(OWNER, WORKSPACE, "nightly", pipeline)
    other = endpoints.create(OWNER, WORKSPACE, "weekly", pipeline)
    for call in (
        lambda: endpoints.create(OWNER, WORKSPACE, " nightly ", pipeline),
        lambda: endpoints.update(OWNER, WORKSPACE, other.id, name="nightly"),
    ):
        error = refused(call)
        assert (error.kind, error.detail) == (Kind.CONFLICT, "NameExists")
    assert endpoints.update(OWNER, WORKSPACE, other.id, name="yearly", description="d").description == "d"
    assert [e.name for e in endpoints.list(WORKSPACE)] == ["nightly", "yearly"]
    error = refused(lambda: endpoints.get(WORKSPACE, "nightlx"))
    assert error.detail == "PipelineEndpointNotFound"
    assert "Did you mean 'nightly'" in error.message
    assert refused(lambda: endpoints.create(OWNER, WORKSPACE, "x", "f" * 32)).detail == "PipelineNotFound"
    assert refused(lambda: endpoints.set_default(OWNER, WORKSPACE, made.id, "1")).detail == "VersionNotFound"
    assert refused(lambda: endpoints.get("f" * 32, made.id)).detail == "PipelineEndpointNotFound"


def test_a_disabled_endpoint_or_version_refuses_runs(world: World) -> None:
    endpoints, pipeline = world.designer.endpoints, world.publish()
    made = endpoints.create(OWNER, WORKSPACE, "nightly", pipeline)
    submit = world.designer.submit_endpoint
    endpoints.update(OWNER, WORKSPACE, made.id, active=False)
    error = refused(lambda: submit(OWNER, WORKSPACE, "nightly"))
    assert (error.kind, error.detail) == (Kind.CONFLICT, "PipelineEndpointDisabled")
    assert endpoints.list(WORKSPACE, active_only=True) == []
    endpoints.update(OWNER, WORKSPACE, made.id, active=True)
    world.designer.published.set_active(OWNER, WORKSPACE, pipeline, False)
    assert refused(lambda: submit(OWNER, WORKSPACE, "nightly")).detail == "PipelineDisabled"
    assert endpoints.pipelines(WORKSPACE, made.id, active_only=True) == []
    assert refused(lambda: submit(OWNER, WORKSPACE, "nightly", version="5")).detail == "VersionNotFound"


def test_versions_added_at_once_get_numbers_of_their_own(world: World) -> None:
    endpoints, pipeline = world.designer.endpoints, world.publish()
    made = endpoints.create(OWNER, WORKSPACE, "nightly", pipeline)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: endpoints.add(OWNER, WORKSPACE, made.id, pipeline), range(16)))
    assert [v.number for v in endpoints.get(WORKSPACE, made.id).versions] == list(range(17))


def test_members_may_not_change_endpoints(world: World) -> None:
    endpoints, pipeline = world.designer.endpoints, world.publish()
    made = endpoints.create(OWNER, WORKSPACE, "nightly", pipeline)
    for call in (
        lambda: endpoints.create(MEMBER, WORKSPACE, "x", pipeline),
        lambda: endpoints.add(MEMBER, WORKSPACE, made.id, pipeline),
        lambda: endpoints.set_default(MEMBER, WORKSPACE, made.id, "0"),
        lambda: endpoints.update(MEMBER, WORKSPACE, made.id, active=False),
    ):
        assert refused(call).kind is Kind.FORBIDDEN
