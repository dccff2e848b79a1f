"""N-grams: how texts are cut, counted and weighted."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer

from restudio.core.errors import ModuleError
from restudio.modules.ngrams import WEIGHTS, Cutting, Vocabulary, Weigher, document_frequencies, text_rank
from restudio.tables.table import Table

words = st.lists(st.sampled_from(["an", "apple", "fell", "far", "tree"]), max_size=8).map(" ".join)


@given(st.lists(words, min_size=1), st.integers(1, 3))
def test_document_frequencies_equal_scikit_learn(texts: list[str], size: int) -> None:
    found = document_frequencies(texts, Cutting(size))
    if not any(texts):
        assert not found
        return
    library = CountVectorizer(ngram_range=(1, size), token_pattern=r"\S+", binary=True)
    counts = library.fit_transform(texts).sum(axis=0).A1
    expected = {n.replace(" ", "_"): c for n, c in zip(library.get_feature_names_out(), counts, strict=True)}
    assert dict(found) == expected


@pytest.mark.parametrize(
    ("cutting", "text", "expected"),
    [
        (Cutting(), "Good, good food!", "Good good food"),
        (Cutting(2), "one two three", "one one_two two two_three three"),
        (Cutting(2, skip=1), "a b c d", "a a_b a_c b b_c b_d c c_d d"),
        (Cutting(3, skip=1), "a b c d", "a a_b a_b_c a_b_d a_c a_c_d b b_c b_c_d b_d c c_d d"),
        (Cutting(2, shortest=3), "the cat is big", "the the_cat cat big"),
        (Cutting(2, longest=3), "the giraffe is big", "the is is_big big"),
        (Cutting(2), "one ||| two", "one two"),
        (Cutting(2, mark_start=True), "one ||| two", "||| |||_one one ||| |||_two two"),
        (Cutting(2), "", ""),
        (Cutting(2), None, ""),
        (Cutting(), "naïve 日本 don’t snake_case", "naïve 日本 don’t snake case"),
    ],
)
def test_cutting(cutting: Cutting, text: str | None, expected: str) -> None:
    assert " ".join(cutting.ngrams(text)) == expected


def test_a_vocabulary_is_a_table_and_back() -> None:
    made = Vocabulary.of({"b": 2, "a": 1}, 4)
    rows = made.to_table().data.to_pylist()
    assert rows == [
        {"Id": 0, "Ngram": "a", "DF": 1, "IDF": math.log(4)},
        {"Id": 1, "Ngram": "b", "DF": 2, "IDF": math.log(2)},
    ]
    assert Vocabulary.read(made.to_table()).terms == made.terms
    assert made.documents == 4


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"Id": [1], "Ngram": ["a"], "DF": [1]}, "columns"),
        ({"Id": [1], "Ngram": [1], "DF": [1], "IDF": [0.0]}, "columns"),
        ({"Id": [1], "Ngram": ["a"], "DF": ["x"], "IDF": [0.0]}, "'DF'"),
        ({"Id": [1, 2], "Ngram": ["a", "a"], "DF": [1, 1], "IDF": [0.0, 0.0]}, "row 2.*twice"),
        ({"Id": [1], "Ngram": [None], "DF": [1], "IDF": [0.0]}, r"columns|missing"),
        ({"Id": [1], "Ngram": ["a"], "DF": [0], "IDF": [0.0]}, "not valid"),
        ({"Id": [1], "Ngram": ["a"], "DF": [1], "IDF": [math.inf]}, "not valid"),
    ],
)
def test_what_is_no_vocabulary(columns: dict[str, list[object]], message: str) -> None:
    with pytest.raises(ModuleError, match=rf"0018.*({message})"):
        Vocabulary.read(Table.from_columns(columns))


def test_vocabularies_are_joined_by_their_frequencies() -> None:
    old, new = Vocabulary.of({"a": 3, "b": 1}, 4), Vocabulary.of({"b": 2, "c": 2}, 4)
    both = {t.ngram: (t.documents, t.idf) for t in old.joined(new, keep_own=True).terms}
    assert both == {"a": (3, math.log(8 / 3)), "b": (3, math.log(8 / 3)), "c": (2, math.log(4))}
    assert [t.ngram for t in old.joined(new, keep_own=False).terms] == ["b", "c"]


@pytest.mark.parametrize("weight", WEIGHTS)
def test_rows_have_length_one(weight: str) -> None:
    terms = Vocabulary.of({"a": 1, "b": 2, "c": 3}, 4)
    (shown, number), weights = Weigher(terms, Cutting(), weight, normalize=True)("a b a x c")
    assert (shown, number) == ("a b c", 3)
    assert math.fsum(w * w for w in weights.values()) == pytest.approx(1.0)


def test_text_rank_prefers_what_has_more_neighbours() -> None:
    ranks = text_rank(["hub", "x", "hub", "y", "hub", "z"])
    assert max(ranks, key=lambda name: ranks[name]) == "hub"
    assert sum(ranks.values()) == pytest.approx(len(ranks))
    assert text_rank(["alone"]) == pytest.approx({"alone": 0.15})
