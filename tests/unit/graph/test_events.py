from __future__ import annotations

from restudio.graph.events import Event, Failure, RunView, fold

EVENTS = (
    Event("started", 1.0),
    Event("started", 2.0, "a"),
    Event("progress", 3.0, "a", fraction=0.5, text="half"),
    Event("log", 3.5, "a", text="a line"),
    Event("finished", 4.0, "a", outputs={"x": "key"}),
    Event("failed", 5.0, "b", failure=Failure("0017", "no")),
    Event("skipped", 5.5, "c"),
    Event("failed", 6.0, failure=Failure("0017", "no")),
)


def test_the_fold_of_events() -> None:
    view = fold(EVENTS)
    assert (view.state, view.started, view.ended, view.failure) == ("Failed", 1.0, 6.0, Failure("0017", "no"))
    assert {n: v.state for n, v in view.nodes.items()} == {"a": "Finished", "b": "Failed", "c": "Skipped"}
    assert view.nodes["a"].log == ("half", "a line")
    assert (view.nodes["a"].fraction, view.nodes["a"].outputs) == (1.0, {"x": "key"})


def test_folding_in_steps_is_folding_at_once() -> None:
    for cut in range(len(EVENTS) + 1):
        assert fold(EVENTS[cut:], fold(EVENTS[:cut])) == fold(EVENTS)


def test_a_node_that_starts_again_is_running_again() -> None:
    view = fold((*EVENTS[:3], Event("started", 9.0), Event("started", 10.0, "a")), RunView())
    assert view.state == "Running"
    assert view.nodes["a"].started == 10.0
    assert view.nodes["a"].log == ()
    late = fold([*EVENTS, Event("progress", 11.0, "a", fraction=0.1)])
    assert late.nodes["a"].fraction == 1.0
