"""N-gram features and hashing against scikit-learn, and row by row as a service computes them."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.feature_selection import chi2
from sklearn.preprocessing import normalize
from tests.unit.modules.catalog import CATALOG, one_by_one, run
from tests.unit.modules.everything import execute

from restudio.artifacts.container import read_artifact, write_artifact
from restudio.core.errors import ModuleError, RestudioError
from restudio.core.params import parse_params
from restudio.core.schema import Column, DType, Role
from restudio.kernels.expr import CannotLower, Frame
from restudio.modules.text_features import extract_ngram_features_from_text, feature_hashing
from restudio.tables.table import Table

GOOD = ["great food and friendly staff", "the food was great", "friendly staff great place", "great"]
BAD = ["terrible food and rude staff", "the food was terrible", "rude staff terrible place", "terrible"]
TEXTS = [*GOOD, *BAD, None]
TABLE = Table.from_columns({"id": list(range(9)), "text": TEXTS, "liked": [1] * 4 + [0] * 5})
PLAIN: dict[str, object] = {
    "Minimum n-gram document absolute frequency": 2,
    "Use filter-based feature selection": "False",
}


def extract(table: Table, *vocabulary: Table, **raw: object) -> tuple[Table, Table]:
    found = run(extract_ngram_features_from_text, table, *(vocabulary or [None]), **{**PLAIN, **raw})
    return cast("tuple[Table, Table]", found)


def matrix(result: Table, ngrams: list[str]) -> np.ndarray:
    return np.column_stack([result.column(f"text.[{n}]").to_numpy() for n in ngrams])


def counted(size: int) -> tuple[np.ndarray, list[str]]:
    library = CountVectorizer(ngram_range=(1, size), token_pattern=r"[a-z]{3,25}", min_df=2)
    counts = library.fit_transform([t or "" for t in TEXTS]).toarray().astype(float)
    return counts, [n.replace(" ", "_") for n in library.get_feature_names_out()]


@pytest.mark.parametrize("size", [1, 2])
@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("weight", ["Binary Weight", "TF Weight", "IDF Weight", "TF-IDF Weight"])
def test_weights_equal_scikit_learn(weight: str, unit: bool, size: int) -> None:
    result, vocabulary = extract(
        TABLE,
        **{"Weighting function": weight, "Normalize n-gram feature vectors": unit, "N-Grams size": size},
    )
    counts, ngrams = counted(size)
    frequency = (counts > 0).sum(axis=0)
    idf = np.log(len(TEXTS) / frequency)
    expected = {
        "Binary Weight": (counts > 0) * 1.0,
        "TF Weight": counts,
        "IDF Weight": (counts > 0) * idf,
        "TF-IDF Weight": counts * idf,
    }[weight]
    assert vocabulary.column("Ngram").to_pylist() == sorted(ngrams)
    found = {row["Ngram"]: (row["DF"], row["IDF"]) for row in vocabulary.data.to_pylist()}
    assert found == {n: (int(f), pytest.approx(i, rel=1e-12)) for n, f, i in zip(ngrams, frequency, idf, strict=True)}
    wanted = normalize(expected) if unit else expected
    assert matrix(result, ngrams) == pytest.approx(wanted, rel=1e-9, abs=1e-15)


def test_columns() -> None:
    result, vocabulary = extract(TABLE)
    ngrams = vocabulary.column("Ngram").to_pylist()
    assert result.names == (
        *TABLE.names,
        "text.NgramsString",
        "text.NumUniqueNgrams",
        *(f"text.[{n}]" for n in ngrams),
    )
    assert result.column("text.NgramsString").to_pylist()[0] == "great food and friendly staff"
    assert result.column("text.NumUniqueNgrams").to_pylist() == [5, 4, 4, 1, 5, 4, 4, 1, 0]
    assert result.schema["text.NgramsString"].role is Role.NONE


def test_limits_of_frequency() -> None:
    _, frequent = extract(TABLE, **{"Minimum n-gram document absolute frequency": 4})
    assert frequent.column("Ngram").to_pylist() == ["food", "great", "staff", "terrible"]
    _, rare = extract(TABLE, **{"Maximum n-gram document ratio": 0.25})
    assert max(rare.column("DF").to_pylist()) == 2


def test_chi_squared_selects_as_scikit_learn() -> None:
    """On Binary weights the statistic of the two-way table orders as the library's one-sided one does here."""
    raw = {
        "Use filter-based feature selection": "True",
        "Feature scoring method": "Chi Squared",
        "Target column": {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["liked"]}]},
        "Number of desired features": 4,
        "Normalize n-gram feature vectors": False,
    }
    result, vocabulary = extract(TABLE, **raw)
    counts, ngrams = counted(1)
    statistic, _ = chi2(counts > 0, TABLE.column("liked").to_pylist())
    best = {ngrams[i] for i in np.argsort(-statistic, kind="stable")[:4]}
    assert set(vocabulary.column("Ngram").to_pylist()) == best >= {"great", "terrible"}
    assert [n for n in result.names if "[" in n] == [f"text.[{n}]" for n in sorted(best)]


def test_count_based_selection_needs_no_target() -> None:
    raw = {
        "Use filter-based feature selection": "True",
        "Feature scoring method": "Count Based",
        "Minimum number of non-zero elements": 4,
    }
    _, vocabulary = extract(TABLE, **raw)
    assert vocabulary.column("Ngram").to_pylist() == ["food", "great", "staff", "terrible"]


def test_a_fixed_vocabulary_takes_new_words_without_an_error() -> None:
    _, vocabulary = extract(TABLE, **{"N-Grams size": 2})
    new = Table.from_columns({"text": ["delicious sushi, friendly staff", None, ""]})
    result, kept = extract(new, vocabulary, **{"Vocabulary mode": "ReadOnly"})
    assert kept.equals(vocabulary)
    assert result.column("text.NgramsString").to_pylist() == ["friendly friendly_staff staff", "", ""]


@pytest.mark.parametrize("weight", ["Binary Weight", "TF-IDF Weight", "Graph Weight"])
def test_a_service_computes_the_same_row_by_row(weight: str) -> None:
    raw = {**PLAIN, "Weighting function": weight}
    _, vocabulary = extract(TABLE, **raw)
    read_only = {**raw, "Vocabulary mode": "ReadOnly"}
    result, _ = extract(TABLE, vocabulary, **read_only)
    entry = extract_ngram_features_from_text
    assert entry.lower is not None
    params: object = parse_params(entry.spec.params, read_only)
    frame, _ = entry.lower(params, Frame.input("in", TABLE.schema), vocabulary, entry=CATALOG.get_entry)
    assert one_by_one(frame, TABLE) == result.data.to_pylist()
    with pytest.raises(CannotLower):
        entry.lower(parse_params(entry.spec.params, raw), Frame.input("in", TABLE.schema), None, entry=CATALOG.get)


def test_update_and_merge() -> None:
    _, vocabulary = extract(TABLE)
    more = Table.from_columns({"text": ["great sushi", "great sushi", "sushi bar"]})
    _, updated = extract(more, vocabulary, **{"Vocabulary mode": "Update"})
    found = {row["Ngram"]: row for row in updated.data.to_pylist()}
    assert set(found) == {*vocabulary.column("Ngram").to_pylist(), "sushi"}
    assert found["great"]["DF"] == 4 + 2
    assert found["great"]["IDF"] == pytest.approx(np.log(12 / 6))
    _, merged = extract(more, vocabulary, **{"Vocabulary mode": "Merge"})
    assert {row["Ngram"]: row["DF"] for row in merged.data.to_pylist()} == {"great": 6, "sushi": 3}


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ({"Vocabulary mode": "ReadOnly"}, "0003"),
        ({"Use filter-based feature selection": "True"}, "0003"),
        ({"Minimum word length": 9, "Maximum word length": 3}, "0007"),
        ({"Text column": {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": ["id"]}]}}, "0017"),
        ({"N-Grams size": 0}, "0005"),
    ],
)
def test_ngram_errors(raw: dict[str, object], number: str) -> None:
    with pytest.raises(ModuleError, match=number):
        extract(TABLE, **raw)


def _murmur(text: str) -> int:
    """MurmurHash3 of 32 bits with seed 0, by its published definition."""
    data, value = text.encode(), 0
    for start in range(0, len(data), 4):
        block = data[start : start + 4]
        part = int.from_bytes(block, "little") * 0xCC9E2D51 & 0xFFFFFFFF
        part = (part << 15 | part >> 17) & 0xFFFFFFFF
        value ^= part * 0x1B873593 & 0xFFFFFFFF
        if len(block) == 4:
            value = (value << 13 | value >> 19) & 0xFFFFFFFF
            value = (value * 5 + 0xE6546B64) & 0xFFFFFFFF
    value ^= len(data)
    value = (value ^ value >> 16) * 0x85EBCA6B & 0xFFFFFFFF
    value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
    return value ^ value >> 16


def test_hashing_counts_ngrams_by_their_hash() -> None:
    table = Table.from_columns({"text": ["good good food", None]})
    result = run(feature_hashing, table, Hashing_bitsize=6)
    assert isinstance(result, Table)
    assert result.names == ("text", *(f"text - Hashing feature {n}" for n in range(1, 65)))
    expected = np.zeros(64, int)
    for ngram in ("good", "good", "food", "good good", "good food"):
        expected[_murmur(ngram) % 64] += 1
    first, second = result.data.to_pylist()
    assert list(first.values())[1:] == expected.tolist()
    assert set(list(second.values())[1:]) == {0}
    assert result.schema["text - Hashing feature 1"] == Column("text - Hashing feature 1", DType.INTEGER)


def test_too_many_columns() -> None:
    with pytest.raises(ModuleError, match="0129"):
        run(feature_hashing, TABLE, Hashing_bitsize=18)


@pytest.mark.parametrize("mode", ["Create", "Update"])
def test_a_kept_vocabulary_reads_texts_as_the_module_does(mode: str) -> None:
    raw: dict[str, object] = {"Weighting function": "TF-IDF Weight", "N-Grams size": 2, "K-Skip size": 1}
    _, first = extract(TABLE, **raw)
    result, vocabulary = extract(TABLE, first, **raw, **{"Vocabulary mode": mode})
    entry = extract_ngram_features_from_text
    assert entry.keep is not None
    p: object = parse_params(entry.spec.params, {**PLAIN, **raw, "Vocabulary mode": mode})
    kept = read_artifact(write_artifact(entry.keep(p, vocabulary)))
    again = cast("Table", execute("apply-transformation", kept, TABLE))
    assert (again.schema, again.data) == (result.schema, result.data)


def test_a_broken_vocabulary_in_a_file_is_told() -> None:
    entry = extract_ngram_features_from_text
    assert entry.keep is not None
    kept = entry.keep(parse_params(entry.spec.params, PLAIN), extract(TABLE)[1])
    for settings in ({}, {**kept.settings, "ngrams": ["one"]}, {**kept.settings, "params": {"N-Grams size": "x"}}):
        with pytest.raises(RestudioError, match=r"fitted state|must be a whole number"):
            execute("apply-transformation", replace(kept, settings=settings), TABLE)
