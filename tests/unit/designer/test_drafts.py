from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.unit.designer.world import OWNER, PIPELINE, READER, WORKSPACE, World

from restudio.core.errors import Kind, RestudioError
from restudio.designer.types import DraftSettings
from restudio.graph.model import Graph, GraphParameter
from restudio.graph.promotion import Use


def refused(call: Callable[[], object]) -> RestudioError:
    with pytest.raises(RestudioError) as raised:
        call()
    return raised.value


def test_drafts_are_kept_with_their_settings(world: World) -> None:
    drafts = world.designer.drafts
    made = drafts.create(OWNER, WORKSPACE, "Empty", Graph(), DraftSettings("trials", {"team": "a"}, True))
    assert drafts.get(WORKSPACE, made.id) == made
    changed = drafts.update(OWNER, WORKSPACE, made.id, name="Renamed", description="d")
    assert (changed.document.version, changed.document.title, changed.settings) == (2, "Renamed", made.settings)
    other = world.draft()
    assert [d.id for d in drafts.list(WORKSPACE)] == [other, made.id]
    assert [d.id for d in drafts.list(WORKSPACE, tags={"team": "a"})] == [made.id]
    assert drafts.list(WORKSPACE, tags={"team": "b"}) == []
    drafts.delete(OWNER, WORKSPACE, made.id)
    assert [d.id for d in drafts.list(WORKSPACE)] == [other]
    assert refused(lambda: drafts.get(WORKSPACE, made.id)).detail == "DraftNotFound"
    assert refused(lambda: drafts.get("f" * 32, other)).detail == "DraftNotFound"


def test_a_document_is_kept_with_its_settings_or_not_at_all(world: World) -> None:
    drafts = world.designer.drafts
    made = drafts.get(WORKSPACE, world.draft())
    unfit = DraftSettings(tags={"a": object()})  # type: ignore[dict-item]
    with pytest.raises(TypeError):
        drafts.update(OWNER, WORKSPACE, made.id, name="Renamed", settings=unfit)
    with pytest.raises(TypeError):
        drafts.create(OWNER, WORKSPACE, "Another", Graph(), unfit)
    assert drafts.list(WORKSPACE) == [made]


def test_changes_at_the_same_time_all_stay(world: World) -> None:
    drafts, draft = world.designer.drafts, world.draft()
    before = {use.name for use in drafts.parameters(WORKSPACE, draft)}
    names = [f"p{number}" for number in range(8)]
    with ThreadPoolExecutor(len(names)) as pool:
        for made in [pool.submit(drafts.declare, OWNER, WORKSPACE, draft, GraphParameter(name)) for name in names]:
            made.result()
    assert {use.name for use in drafts.parameters(WORKSPACE, draft)} == before | set(names)
    stale = refused(lambda: drafts.update(OWNER, WORKSPACE, draft, name="Late", after=1))
    assert (stale.kind, stale.detail) == (Kind.CONFLICT, "ExperimentChanged")


def test_drafts_and_experiments_stand_in_lists_of_their_own(world: World) -> None:
    draft = world.draft()
    experiment = world.experiments.save(WORKSPACE, "E", Graph())
    assert [e.id for e in world.experiments.list(WORKSPACE)] == [experiment.id]
    assert [d.id for d in world.designer.drafts.list(WORKSPACE)] == [draft]
    assert refused(lambda: world.designer.drafts.get(WORKSPACE, experiment.id)).detail == "DraftNotFound"


def test_a_file_loses_nothing(world: World) -> None:
    drafts = world.designer.drafts
    draft = world.draft(PIPELINE.replace("experiment: nightly", "tags:\n  a: '1'\ncontinue on step failure: true"))
    text = drafts.export_yaml(WORKSPACE, draft)
    again = drafts.import_yaml(OWNER, WORKSPACE, text)
    before = drafts.get(WORKSPACE, draft)
    assert (again.document.graph, again.settings) == (before.document.graph, before.settings)
    assert before.settings == DraftSettings("", {"a": "1"}, True)
    assert drafts.export_yaml(WORKSPACE, again.id) == text
    replaced = drafts.import_yaml(OWNER, WORKSPACE, PIPELINE, draft_id=draft)
    assert (replaced.document, replaced.settings.experiment_name) == (before.document, "nightly")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("restudio: experiment/1\ntitle: x", "Line 1: A pipeline file begins with 'restudio: pipeline/1'"),
        ("restudio: pipeline/1\nrole: scoring", "Line 2: Expected one of training"),
        ("restudio: pipeline/1\ntags: x", "Line 2: Expected tags"),
        ("restudio: pipeline/1\ncontinue on step failure: 3", "Line 2: Expected true or false"),
        ("restudio: pipeline/1\nexperimen: x", "Did you mean 'experiment'"),
    ],
)
def test_faults_of_a_file_name_their_line(world: World, text: str, line: str) -> None:
    assert line in refused(lambda: world.draft(text)).message


def test_parameters_of_a_draft(world: World) -> None:
    drafts = world.designer.drafts
    draft = world.draft()
    seed = Use("split", "Random seed")
    drafts.attach(OWNER, WORKSPACE, draft, seed, "seed")
    assert [p.name for p in drafts.parameters(WORKSPACE, draft)] == ["data", "fraction", "weight", "seed"]
    assert drafts.parameters(WORKSPACE, draft)[2].uses == (
        ("learner", "L1 regularization weight"),
        ("learner", "L2 regularization weight"),
    )
    drafts.change(OWNER, WORKSPACE, draft, "seed", new_name="random seed", default="9", description="for the split")
    changed = drafts.parameters(WORKSPACE, draft)[3]
    assert (changed.name, changed.default, changed.description) == ("random seed", 9, "for the split")
    drafts.detach(OWNER, WORKSPACE, draft, seed)
    drafts.remove(OWNER, WORKSPACE, draft, "weight")
    drafts.declare(OWNER, WORKSPACE, draft, GraphParameter("later", None, True, "Boolean"))
    document = drafts.get(WORKSPACE, draft).document
    assert document.graph.node("split").params["Random seed"] == 9
    assert set(document.graph.node("learner").params.values()) == {1.0}
    assert [p.name for p in document.graph.parameters] == ["data", "fraction", "random seed", "later"]
    assert document.version == 6


def test_what_keeps_a_draft_from_running(world: World) -> None:
    drafts = world.designer.drafts
    assert drafts.problems(WORKSPACE, world.draft()) == []
    cut = PIPELINE.replace("      Dataset: clean / Cleaned dataset\n", "      Dataset: gone / x\n")
    assert refused(lambda: world.draft(cut)).detail == "InvalidDocument"
    loose = PIPELINE.replace("    inputs:\n      Dataset: clean / Cleaned dataset\n", "")
    [problem] = drafts.problems(WORKSPACE, world.draft(loose))
    assert "is not connected" in problem.message
    [problem] = drafts.problems(WORKSPACE, world.draft(PIPELINE.replace("adult.csv", "nothing.csv")))
    assert problem.detail == "AssetNotFound"
    [problem] = drafts.problems(WORKSPACE, world.draft("restudio: pipeline/1\ntitle: x"))
    assert problem.detail == "EmptyPipeline"
    path = "azureml://datastores/lake/paths/x"
    [problem] = drafts.problems(WORKSPACE, world.draft(PIPELINE.replace("adult.csv", path)))
    assert problem.detail == "DataStoreNotFound"


def test_readers_read_only(world: World) -> None:
    drafts = world.designer.drafts
    draft = world.draft()
    for call in (
        lambda: drafts.create(READER, WORKSPACE, "x", Graph()),
        lambda: drafts.update(READER, WORKSPACE, draft, name="x"),
        lambda: drafts.delete(READER, WORKSPACE, draft),
        lambda: drafts.remove(READER, WORKSPACE, draft, "weight"),
    ):
        assert refused(call).kind is Kind.FORBIDDEN
