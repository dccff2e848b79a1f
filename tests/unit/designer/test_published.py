from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.unit.designer.world import MEMBER, OWNER, READER, WORKSPACE, World

from restudio.core.errors import Kind, RestudioError
from restudio.designer.types import Submission


def refused(call: Callable[[], object]) -> RestudioError:
    with pytest.raises(RestudioError) as raised:
        call()
    return raised.value


def test_what_is_published_stays_as_it_is(world: World) -> None:
    draft = world.draft()
    published = world.designer.published
    made = published.publish_draft(
        OWNER, WORKSPACE, draft, defaults={"fraction": "0.6"}, version="2031", description="d"
    )
    assert (made.name, made.version, made.active, made.draft_version) == ("Income", "2031", True, 1)
    assert [p.default for p in made.graph.parameters] == ["adult.csv", 0.6, 1.0]
    world.designer.drafts.remove(OWNER, WORKSPACE, draft, "weight")
    assert published.get(WORKSPACE, made.id) == made
    world.designer.drafts.delete(OWNER, WORKSPACE, draft)
    run = world.submit(made.id, parameters={"weight": 2})
    assert world.wait(run).state == "Finished"
    assert run.record.parameters["fraction"] == 0.6


def test_a_run_is_published_with_its_values(world: World) -> None:
    draft = world.draft()
    asked = Submission(parameters={"weight": 3}, continue_on_failure=True)
    run = world.designer.submit_draft(OWNER, WORKSPACE, draft, asked)
    world.wait(run)
    world.designer.drafts.delete(OWNER, WORKSPACE, draft)
    made = world.designer.published.publish_run(OWNER, WORKSPACE, run.id, name="from run")
    assert [p.default for p in made.graph.parameters] == ["adult.csv", 0.7, 3.0]
    assert made.continue_on_failure
    again = world.designer.published.publish_run(OWNER, WORKSPACE, world.submit(made.id).id, continue_on_failure=False)
    assert (again.graph, again.name, again.continue_on_failure) == (made.graph, "Income", False)


def test_a_disabled_pipeline_refuses_runs_and_is_kept(world: World) -> None:
    published = world.designer.published
    pipeline = world.publish()
    assert not published.set_active(OWNER, WORKSPACE, pipeline, False).active
    error = refused(lambda: world.submit(pipeline))
    assert (error.kind, error.detail) == (Kind.CONFLICT, "PipelineDisabled")
    assert published.list(WORKSPACE, active_only=True) == []
    assert [p.id for p in published.list(WORKSPACE)] == [pipeline]
    assert published.set_active(OWNER, WORKSPACE, pipeline, True).active
    world.wait(world.submit(pipeline))


def test_cloning_gives_a_draft_of_its_own(world: World) -> None:
    pipeline = world.publish()
    draft = world.designer.published.clone(OWNER, WORKSPACE, pipeline)
    assert draft.document.graph == world.designer.published.get(WORKSPACE, pipeline).graph
    assert draft.document.title == "Income (copy)"


def test_bad_publications_are_refused(world: World) -> None:
    published = world.designer.published
    draft = world.draft()
    for options, detail in (
        ({"defaults": {"fractio": 1}}, "UnknownParameter"),
        ({"defaults": {"fraction": "half"}}, "InvalidParameterValue"),
        ({"defaults": {"fraction": 7}}, "InvalidGraph"),
        ({"name": "a/b"}, "InvalidName"),
    ):
        error = refused(lambda o=options: published.publish_draft(OWNER, WORKSPACE, draft, **o))  # type: ignore[misc]
        assert error.detail == detail
    assert published.list(WORKSPACE) == []
    assert refused(lambda: published.get(WORKSPACE, "f" * 32)).detail == "PipelineNotFound"
    assert refused(lambda: published.publish_run(OWNER, WORKSPACE, "f" * 32)).detail == "PipelineRunNotFound"
    assert refused(lambda: published.publish_draft(READER, WORKSPACE, draft)).kind is Kind.FORBIDDEN
    pipeline = published.publish_draft(MEMBER, WORKSPACE, draft).id
    assert refused(lambda: published.set_active(MEMBER, WORKSPACE, pipeline, False)).kind is Kind.FORBIDDEN
