from __future__ import annotations

import contextlib
import io
import json
import zipfile
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restudio.artifacts.archive import ContainerLimits, pack
from restudio.artifacts.container import read_artifact, read_bundle, write_artifact, write_bundle
from restudio.artifacts.values import Bundle, Model, Transform, UntrainedModel
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import digest_bytes
from restudio.core.schema import Column, DType, Role
from restudio.core.spec import Task

MODEL = Model(
    learner="two-class-logistic-regression",
    task=Task.BINARY,
    features=(Column("age", DType.DOUBLE), Column("plan", DType.STRING, categories=("basic", "göld"))),
    label=Column("churn", DType.BOOLEAN, role=Role.LABEL),
    classes=(False, True),
    arrays={"weights": np.array([[0.5, -1.25], [0.0, 3.0]]), "codes": np.array([1, 2], dtype=np.int32)},
    texts={"trees": "tree\nversion=v4\n"},
    params={"L1 regularization weight": 1.0, "Memory size": 20, "Seed": None},
    metrics={"rows": 12.0},
)
SCALER = Transform("normalize-data", (Column("age", DType.DOUBLE),), {"method": "ZScore"}, {"shift": np.array([38.5])})
BUNDLE = Bundle(MODEL, {"n2:Transformation function": SCALER}, "Churn model", {"dataset": "abc", "seed": 7})
DATA = write_bundle(BUNDLE)


def _refusal(data: bytes, limits: ContainerLimits | None = None) -> str:
    with pytest.raises(RestudioError) as caught:
        read_bundle(data) if limits is None else read_bundle(data, limits)
    assert (caught.value.kind, caught.value.detail) == (Kind.BAD_ARGUMENT, "InvalidBlob")
    return caught.value.message


def _repack(change: Callable[[dict[str, bytes]], None]) -> bytes:
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    change(members)
    return pack(members)


def _with_manifest(**changes: object) -> bytes:
    def change(members: dict[str, bytes]) -> None:
        manifest = json.loads(members["manifest.json"]) | changes
        members["manifest.json"] = json.dumps(manifest).encode()

    return _repack(change)


def _with_member(name: str, content: bytes) -> bytes:
    def change(members: dict[str, bytes]) -> None:
        members[name] = content
        manifest = json.loads(members["manifest.json"])
        manifest["members"][name] = {"size": len(content), "sha256": digest_bytes(content)}
        members["manifest.json"] = json.dumps(manifest).encode()

    return _repack(change)


def test_bundle_comes_back_as_it_was() -> None:
    back = read_bundle(DATA)
    assert write_bundle(back) == DATA
    assert back.model.features == MODEL.features
    assert back.model.label == MODEL.label
    assert back.model.classes == (False, True)
    assert back.model.texts == MODEL.texts
    assert back.model.params == MODEL.params
    assert back.lineage == BUNDLE.lineage
    np.testing.assert_array_equal(back.model.arrays["weights"], MODEL.arrays["weights"])
    assert back.transforms["n2:Transformation function"].settings == {"method": "ZScore"}
    assert not back.model.arrays["weights"].flags.writeable


def test_single_values_come_back() -> None:
    untrained = UntrainedModel("linear-regression", Task.REGRESSION, {"L2 regularization weight": 0.5})
    assert read_artifact(write_artifact(untrained)) == untrained
    scaler = read_artifact(write_artifact(SCALER))
    assert isinstance(scaler, Transform)
    assert scaler.columns == SCALER.columns
    model = read_artifact(write_artifact(MODEL))
    assert isinstance(model, Model)
    assert model.learner == MODEL.learner
    assert "trained model" in _refusal(write_artifact(SCALER))
    assert "trained model" in _refusal(write_artifact(untrained))


def test_order_of_construction_does_not_change_the_bytes() -> None:
    turned = Model(
        **{name: getattr(MODEL, name) for name in MODEL.__dataclass_fields__ if name != "arrays"},
        arrays=dict(reversed(list(MODEL.arrays.items()))),
    )
    assert write_artifact(turned) == write_artifact(MODEL)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"\x01\x00iLearner binary of the cloud", "undocumented binary"),
        (b"\x80\x04\x95pickle", "pickle"),
        (b"<?xml version='1.0'?><Error/>", "SAS token"),
        (DATA[: len(DATA) // 2], "truncated"),
        (DATA + b"x", "truncated"),
        (pack({"model.bin": b"x"}), "undocumented binary"),
        (pack({"manifest.json": b"{}"}), "does not describe"),
        (pack({"manifest.json": b"{"}), "not JSON"),
        (pack({"manifest.json": b"[" * 100_000}), "not JSON"),
        (_with_manifest(version=99), "version 99"),
        (_with_manifest(kind="program"), "unknown kind"),
        (_with_manifest(members=[]), "list the members"),
        (_with_manifest(extra=1), "malformed"),
        (_with_manifest(model={"learner": "x"}), "malformed"),
        (_repack(lambda m: m.update({"arrays/weights.npy": b"x"})), "checksum"),
        (_repack(lambda m: m.update({"arrays/other.npy": b"x"})), "unknown member 'arrays/other.npy'"),
        (_repack(lambda m: m.__delitem__("texts/trees.txt")), "missing"),
        (_with_member("arrays/other.npy", b"x"), "nothing refers to"),
        (_with_member("arrays/weights.npy", b"x"), "array 'weights'"),
    ],
)
def test_what_is_wrong_is_told(data: bytes, words: str) -> None:
    assert words in _refusal(data)


def test_limits_hold() -> None:
    assert "at most 100" in _refusal(DATA, ContainerLimits(total=100))
    assert "manifest.json" in _refusal(DATA, ContainerLimits(manifest=100))
    assert "arrays/" in _refusal(DATA, ContainerLimits(member=10))
    assert "members" in _refusal(DATA, ContainerLimits(members=2))


def test_compressed_members_are_refused() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("manifest.json", b"0" * 1_000_000)
    assert "compressed" in _refusal(buffer.getvalue())


@given(st.integers(0, len(DATA) - 1), st.integers(1, 255))
def test_any_changed_byte_is_noticed(position: int, change: int) -> None:
    damaged = bytearray(DATA)
    damaged[position] ^= change
    _refusal(bytes(damaged))


@given(st.integers(0, len(DATA) - 1), st.binary(max_size=64))
def test_any_cut_or_inserted_run_is_noticed(position: int, inserted: bytes) -> None:
    _refusal(DATA[:position] + inserted)
    if inserted:
        _refusal(DATA[:position] + inserted + DATA[position:])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


@given(
    st.sampled_from(["learner", "task", "features", "label", "classes", "params", "metrics", "arrays", "texts"]),
    json_values,
)
def test_any_manifest_content_is_read_or_refused(field: str, value: object) -> None:
    with zipfile.ZipFile(io.BytesIO(DATA)) as archive:
        model = json.loads(archive.read("manifest.json"))["model"]
    data = _with_manifest(model=model | {field: value})
    with contextlib.suppress(RestudioError):
        read_bundle(data)
