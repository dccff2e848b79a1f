"""The data plane follows the ledger, in this process and in others."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.unit.endpoints.world import World, model, registry

from restudio.endpoints import store
from restudio.endpoints.building import ScorerBuilder
from restudio.endpoints.contents import Contents
from restudio.endpoints.deployments import Deployments
from restudio.endpoints.patch import SettingsChange
from restudio.models.types import asset_key
from restudio.scoring.dataplane import DataPlane


def another_process(world: World) -> tuple[Deployments, DataPlane]:
    plane = DataPlane()
    builder = ScorerBuilder(registry(), Contents(world.objects))
    return Deployments(world.db, world.secrets, builder, plane), plane


def test_a_call_may_ask_for_what_happened_before_it(world: World) -> None:
    deployments, plane = another_process(world)
    published = world.publish()
    asked = time.monotonic()
    deployments.catch_up(asked)
    assert plane.find_live(published.endpoint.id) is not None
    world.endpoints.delete(world.owner, world.ws, published.service.id, "default")
    deployments.catch_up(asked)  # a look that began after it served it already
    assert plane.find_live(published.endpoint.id) is not None
    deployments.catch_up(time.monotonic())
    assert plane.find_live(published.endpoint.id) is None


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < deadline, "it did not happen within 10 seconds"
        time.sleep(0.01)


def test_everything_is_installed_on_start_and_followed(any_world: World) -> None:
    world = any_world
    published = world.publish()
    deployments, plane = another_process(world)
    deployments.start()
    try:
        assert plane.find_live(published.endpoint.id) is not None
        added = world.endpoints.add(world.owner, world.ws, published.service.id, "eu", SettingsChange()).endpoint
        wait_until(lambda: plane.find_live(added.id) is not None)
        revision = world.patch(published.service.id, "eu", world.retrained(model(55))).revision.id
        wait_until(lambda: (live := plane.find_live(added.id)) is not None and live.revision == revision)
        world.endpoints.delete(world.owner, world.ws, published.service.id, "eu")
        wait_until(lambda: plane.find_live(added.id) is None)
    finally:
        deployments.stop()


def test_a_change_of_keys_keeps_the_scorer(world: World) -> None:
    published = world.publish()
    before = world.plane.find_live(published.endpoint.id)
    world.endpoints.regenerate_key(world.owner, world.ws, published.service.id, "default", "secondary")
    after = world.plane.find_live(published.endpoint.id)
    assert before is not None
    assert after is not None
    assert after.scorer is before.scorer
    assert len(after.keys & before.keys) == 1


def test_polling_sees_each_change_once(world: World) -> None:
    deployments, _ = another_process(world)
    published = world.publish()
    assert published.endpoint.id in deployments.poll()
    assert deployments.poll() == []


def test_what_cannot_be_built_leaves_the_last_good_scorer(world: World) -> None:
    published = world.publish()
    added = world.endpoints.add(world.owner, world.ws, published.service.id, "eu", SettingsChange()).endpoint
    deployments, plane = another_process(world)
    deployments.deploy(added.id)
    first = plane.find_live(added.id)
    revision = world.patch(published.service.id, "eu", world.retrained(model(55))).revision
    [held] = revision.state.resources.values()
    content = world.objects.get(asset_key(held.digest))  # type: ignore[arg-type]
    world.objects.delete(asset_key(held.digest))  # type: ignore[arg-type]
    deployments.deploy(added.id)
    assert plane.find_live(added.id) is first
    assert held.asset in deployments.failures[added.id]
    world.objects.put(asset_key(held.digest), content)  # type: ignore[arg-type]
    deployments.deploy(added.id)
    assert deployments.failures == {}
    live = plane.find_live(added.id)
    assert live is not None
    assert live.revision == revision.id


def test_a_process_that_was_away_for_long_looks_at_everything(any_world: World) -> None:
    world = any_world
    published = world.publish()
    deployments, plane = another_process(world)
    deployments.poll()
    gone = world.endpoints.add(world.owner, world.ws, published.service.id, "gone", SettingsChange()).endpoint
    deployments.poll()
    added = world.endpoints.add(world.owner, world.ws, published.service.id, "eu", SettingsChange()).endpoint
    world.endpoints.delete(world.owner, world.ws, published.service.id, "gone")
    for _ in range(3):
        world.endpoints.regenerate_key(world.owner, world.ws, published.service.id, "default", "primary")
    with world.db.begin() as conn:
        assert store.prune_announcements(conn, keep=2) > 0
    assert world.deployments.prune() == 0
    assert {published.endpoint.id, added.id, gone.id} <= set(deployments.poll())
    assert plane.find_live(added.id) is not None
    assert plane.find_live(gone.id) is None
    assert deployments.poll() == []
