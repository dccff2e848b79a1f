"""The decision table of PATCH (classic web services reference, 5.5): every row, over the body that a client sends."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import pytest
from tests.unit.endpoints.world import BASE, RESOURCE, World, churn_table, model, normalize, train

from restudio.artifacts.container import write_artifact, write_bundle
from restudio.artifacts.values import Bundle
from restudio.blobs.reference import BlobReference
from restudio.core.errors import Kind, RestudioError
from restudio.core.schema import Column, DType, Schema
from restudio.core.schema import Role as ColumnRole
from restudio.endpoints.patch import Patch, SettingsChange
from restudio.http.errors import status_of
from restudio.http.management_bodies import folded, read_patch
from restudio.tables.table import Table


@dataclass
class Place:
    """What the rows vary: the address and the body of one PATCH."""

    world: World
    workspace: str
    service: str
    name: str
    body: dict[str, object]

    def locate(self, reference: BlobReference, **changes: str | None) -> None:
        location = {**reference.to_json(), **changes}
        self.body = {"Resources": [{"Name": RESOURCE, "Location": location}]}


Step = Callable[[Place], None]


def to_training(place: Place) -> None:
    place.service, place.name = place.world.publish_training().service.id, "default"


def to_prevented(place: Place) -> None:
    place.world.endpoints.add(
        place.world.owner, place.world.ws, place.service, "kept", SettingsChange(prevent_update=True)
    )
    place.name = "kept"


def wrong_resource(place: Place) -> None:
    place.locate(place.world.retrained(model(55)))
    place.body["Resources"][0]["Name"] = "churn [trained model]"  # type: ignore[index]


def missing_blob(place: Place) -> None:
    place.locate(place.world.retrained(model(55)), RelativeLocation="models/other.ilearner")


def expired(place: Place) -> None:
    place.locate(place.world.retrained(model(55)))
    place.world.clock.advance(7200)


def wrong_signature(place: Place) -> None:
    place.locate(place.world.retrained(model(55)), SasBlobToken="?sv=2020-12-06&sr=b&sp=r&sig=AAAA")


def no_url(place: Place) -> None:
    place.locate(place.world.retrained(model(55)), BaseLocation="not a url/")


def wrong_extension(place: Place) -> None:
    place.locate(place.world.upload(b"a,b\n1,2\n", "scores.csv"))


def no_model(place: Place) -> None:
    place.locate(place.world.upload(b"PK but no zip"))


def a_transform(place: Place) -> None:
    place.locate(place.world.upload(write_artifact(normalize(churn_table()))))


def altered(place: Place) -> None:
    content = write_bundle(Bundle(model(55)))
    place.locate(place.world.upload(content[: len(content) // 2] + b"\x00" + content[len(content) // 2 + 1 :]))


def unknown_learner(place: Place) -> None:
    place.locate(place.world.retrained(replace(model(55), learner="two-class-logistic-regresion")))


def other_columns(place: Place) -> None:
    schema = Schema.of([Column("height", DType.DOUBLE), Column("left", DType.STRING, role=ColumnRole.LABEL)])
    table = Table.from_columns({"height": [float(i) for i in range(60)], "left": ["yes", "no"] * 30}, schema)
    place.locate(place.world.retrained(train(table)))


def other_type(place: Place) -> None:
    features = tuple(c.with_(dtype=DType.STRING) if c.name == "age" else c for c in model(55).features)
    place.locate(place.world.retrained(replace(model(55), features=features)))


def other_classes(place: Place) -> None:
    place.locate(place.world.retrained(train(churn_table(yes="left"))))


def other_task(place: Place) -> None:
    schema = Schema.of([Column("age", DType.INTEGER), Column("hours", DType.DOUBLE, role=ColumnRole.LABEL)])
    table = Table.from_columns({"age": list(range(60)), "hours": [float(i) for i in range(60)]}, schema)
    place.locate(place.world.retrained(train(table, "linear-regression", "hours")))


def set_(**changes: object) -> Step:
    def step(place: Place) -> None:
        for name, value in changes.items():
            setattr(place, name, value)

    return step


def resources(value: object) -> Step:
    return set_(body={"Resources": value})


BAD, WRONG, NONE, CLASH = Kind.BAD_ARGUMENT, Kind.INVALID_OPERATION, Kind.NOT_FOUND, Kind.CONFLICT
TABLE: list[tuple[str, Step, int, Kind, str, list[str]]] = [
    ("service", set_(service="0" * 32), 404, NONE, "WebServiceIdNotFoundInWorkspace", ["/webservices/"]),
    ("other workspace", set_(workspace="f" * 32), 404, NONE, "WebServiceIdNotFoundInWorkspace", []),
    ("endpoint", set_(name="us"), 404, NONE, "WebServiceNotFound", ["'us'", "eu"]),
    ("default", set_(name="default"), 400, WRONG, "DefaultEndpointUpdateNotAllowed", ["/endpoints/eu"]),
    ("test", set_(name="staging"), 400, WRONG, "DefaultEndpointUpdateNotAllowed", ["/endpoints/eu"]),
    ("training", to_training, 400, WRONG, "NoUpdatableResources", ["training web service", "/endpoints/eu"]),
    ("prevented", to_prevented, 400, WRONG, "UpdatePrevented", ["PreventUpdate"]),
    ("resource name", wrong_resource, 400, BAD, "BadParameterValue", [f"'{RESOURCE}'"]),
    ("no resources", resources([]), 400, BAD, "RequestBodyInvalid", ["Resources"]),
    ("null resources", resources(None), 400, BAD, "RequestBodyInvalid", ["Resources"]),
    ("nothing", set_(body={}), 400, BAD, "RequestBodyInvalid", ["Resources"]),
    ("no object", resources(["x"]), 400, BAD, "RequestBodyInvalid", ["Resources[0]"]),
    ("no name", resources([{"Location": {}}]), 400, BAD, "RequestBodyInvalid", ["Name"]),
    ("no location", resources([{"Name": RESOURCE}]), 400, BAD, "RequestBodyInvalid", ["Location"]),
    ("missing blob", missing_blob, 400, BAD, "BlobNotFound", ["other.ilearner", "job"]),
    ("expired", expired, 400, BAD, "BlobNotFound", ["expired", "status of the training job"]),
    ("wrong signature", wrong_signature, 400, BAD, "BlobNotFound", ["SasBlobToken"]),
    ("no url", no_url, 400, BAD, "InvalidBlob", ["valid"]),
    ("extension", wrong_extension, 400, BAD, "InvalidBlobExtension", ["scores.csv", ".ilearner"]),
    ("no model", no_model, 400, BAD, "InvalidBlob", []),
    ("a transform", a_transform, 400, BAD, "InvalidBlob", ["transformation"]),
    ("altered", altered, 400, BAD, "InvalidBlob", []),
    ("learner", unknown_learner, 400, BAD, "InvalidBlob", ["two-class-logistic-regression"]),
    ("columns", other_columns, 409, CLASH, "ModelOutputMetadataMismatch", ["'height'"]),
    ("type", other_type, 409, CLASH, "ModelOutputMetadataMismatch", ["'age'", "String", "Integer"]),
    ("classes", other_classes, 409, CLASH, "ModelOutputMetadataMismatch", ["'left'", "'yes'"]),
    ("task", other_task, 409, CLASH, "ModelOutputMetadataMismatch", ["regression", "binary"]),
]


@pytest.mark.parametrize(
    ("step", "status", "kind", "detail", "words"), [r[1:] for r in TABLE], ids=[r[0] for r in TABLE]
)
def test_bad_patches(world: World, step: Step, status: int, kind: Kind, detail: str, words: list[str]) -> None:
    service = world.publish().service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    place = Place(world, world.ws, service, "eu", {})
    place.locate(world.retrained(model(55)))
    before = world.endpoints.ledger(world.owner, world.ws, service, "eu")
    models = world.assets.list_latest(world.ws, "model")
    step(place)
    principal = replace(world.owner, workspace_id=place.workspace)
    with pytest.raises(RestudioError) as error:
        world.endpoints.patch(principal, place.workspace, place.service, place.name, read_patch(folded(place.body)))
    assert (error.value.kind, error.value.detail, status_of(error.value)) == (kind, detail, status), error.value
    assert [word for word in words if word not in error.value.message] == [], error.value.message
    assert "sig=" not in error.value.message
    assert world.endpoints.ledger(world.owner, world.ws, service, "eu") == before
    assert world.assets.list_latest(world.ws, "model") == models
    assert world.labels(endpoint.id, 50) == ["yes"]


def test_the_default_endpoint_tells_how_to_add_another(world: World) -> None:
    service = world.publish().service.id
    with pytest.raises(RestudioError) as error:
        world.patch(service, "default", world.retrained(model(55)))
    assert f"PUT {BASE}/workspaces/{world.ws}/webservices/{service}/endpoints/endpoint2" in error.value.message


def test_a_training_service_without_predictive_one_says_so(world: World) -> None:
    published = world.publish_training()
    assert (published.version.kind, published.version.models) == ("training", ("output1",))
    assert world.plane.find_live(published.endpoint.id) is None
    with pytest.raises(RestudioError) as error:
        world.patch(published.service.id, "default", world.retrained(model(55)))
    assert "has none yet" in error.value.message


def test_settings_and_a_model_in_one_patch(world: World) -> None:
    service = world.publish().service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    place = Place(world, world.ws, service, "eu", {})
    place.locate(world.retrained(model(55)))
    asked = read_patch(folded({**place.body, "MaxConcurrentCalls": "7", "PreventUpdate": "True", "Description": "EU"}))
    outcome = world.endpoints.patch(world.owner, world.ws, service, "eu", asked)
    settings = outcome.endpoint.settings
    assert (settings.max_calls, settings.prevent_update, settings.description) == (7, True, "EU")
    live = world.plane.find_live(endpoint.id)
    assert live is not None
    assert (live.max_concurrent, live.revision) == (7, outcome.revision.id)


def test_an_endpoint_key_may_not_change_settings(world: World) -> None:
    service = world.publish().service.id
    view = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange())
    assert view.keys is not None
    principal = world.endpoints.authenticate(world.ws, view.endpoint.id, view.keys.primary)
    with pytest.raises(RestudioError) as error:
        world.endpoints.patch(principal, world.ws, service, "eu", read_patch({"maxconcurrentcalls": 3}))
    assert error.value.kind is Kind.FORBIDDEN


def test_a_request_sent_again_under_its_key_does_not_undo_what_came_between(world: World) -> None:
    service, name = world.publish().service.id, "eu"
    world.endpoints.add(world.owner, world.ws, service, name, SettingsChange())
    worse = world.retrained(model(55))
    made = world.patch(service, name, worse, key="run 7")
    world.endpoints.rollback(world.owner, world.ws, service, name, "1")
    again = world.patch(service, name, worse, key="run 7")
    assert (again.revision, again.changed) == (made.revision, False)
    assert again.endpoint.live_seq == 3
    other = world.patch(service, name, worse, key="run 8")
    assert (other.revision.seq, other.changed) == (4, True)
    nobody = replace(world.owner, roles=frozenset())
    with pytest.raises(RestudioError) as error:
        world.endpoints.patch(nobody, world.ws, service, name, Patch(key="run 7"))
    assert error.value.kind is Kind.FORBIDDEN


def test_concurrent_patches_leave_one_line_each(any_world: World) -> None:
    world = any_world
    service = world.publish().service.id
    endpoint = world.endpoints.add(world.owner, world.ws, service, "eu", SettingsChange()).endpoint
    files = [world.upload(write_bundle(Bundle(model(turn))), f"m{turn}.ilearner") for turn in (30, 45, 55)]
    with ThreadPoolExecutor(6) as pool:
        outcomes = list(pool.map(lambda file: world.patch(service, "eu", file), [*files, *files]))
    _, ledger = world.endpoints.ledger(world.owner, world.ws, service, "eu")
    written = [o.revision.id for o in outcomes if o.changed]
    assert sorted(written) == sorted(line.id for line in ledger if line.cause == "patch")
    assert [line.seq for line in ledger] == list(range(len(ledger), 0, -1))
    live = world.plane.find_live(endpoint.id)
    assert live is not None
    assert live.revision == ledger[0].id
