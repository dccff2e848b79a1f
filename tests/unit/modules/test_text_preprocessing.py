"""Preprocess Text: every option by itself, then together; languages; refusals."""

from __future__ import annotations

from typing import cast

import pytest
from tests.unit.modules.catalog import CATALOG, one_by_one, run

from restudio.core.errors import ModuleError
from restudio.core.params import ParamKind, parameters_of, parse_params
from restudio.kernels.expr import Frame
from restudio.modules.stop_words import STOP_WORDS
from restudio.modules.text_preprocessing import PreprocessTextParams, preprocess_text
from restudio.tables.table import Table

OFF: dict[str, object] = {p.name: False for _, p in parameters_of(PreprocessTextParams) if p.kind is ParamKind.BOOLEAN}


def picked(name: str) -> dict[str, object]:
    return {"isFilter": True, "rules": [{"ruleType": "ColumnNames", "columns": [name]}]}


def clean(text: str | None, *stop_words: Table, **raw: object) -> str | None:
    table = Table.from_columns({"text": [text, "x"]})
    result = cast("Table", run(preprocess_text, table, *(stop_words or [None]), **raw))
    assert result.names == ("text", "Preprocessed text")
    assert result.column("text").to_pylist()[0] == text
    return cast("str | None", result.column("Preprocessed text").to_pylist()[0])


@pytest.mark.parametrize(
    ("option", "text", "expected"),
    [
        ("Remove stop words", "the Food and THE staff", "Food staff"),
        ("Lemmatization", "boxes of children running", "box of child run"),
        ("Detect sentences", "Good food. Nice staff! Why?", "Good food. ||| Nice staff! ||| Why?"),
        ("Normalize case to lowercase", "NICE Ärger", "nice ärger"),
        ("Remove numbers", "12 eggs, 3.50 each in a4 on 1,000", "eggs, each in a4 on"),
        ("Remove special characters", "what?! #nice_one (really)", "what nice one really"),
        ("Remove duplicate characters", "sooooo goood good", "soo good good"),
        ("Remove email addresses", "write to a.b+c@mail.example.org now", "write to now"),
        ("Remove URLs", "see https://example.org/a?b=c or www.example.org now", "see or now"),
        (
            "Expand verb contractions",
            "I can't, he won't, they’re fine, it's I'd let's John's",
            "I can not, he will not, they are fine, it is I would let us John",
        ),
        ("Normalize backslashes to slashes", r"and\or", "and/or"),
        ("Split tokens on special characters", "well-known e.g.", "well - known e . g ."),
    ],
)
def test_each_option_alone(option: str, text: str, expected: str) -> None:
    assert clean(text, **{**OFF, option: True}) == expected
    # Contractions are compared with their own apostrophe, which is always made a plain one.
    assert clean(text, **OFF) == text.replace("’", "'")


def test_all_together() -> None:
    text = "I've visited 3 restaurants!! The WORST was http://bad.example. It wasn't goooood, mail me@x.org"
    assert clean(text) == "visit restaurant ||| bad ||| good mail"


def test_missing_texts_stay_missing() -> None:
    assert clean(None) is None
    assert clean("") == ""


def test_a_custom_expression_comes_first() -> None:
    raw = {**OFF, "Custom regular expression": r"(\w+)@(\w+)", "Custom replacement string": r"\2"}
    assert clean("joe@home sue@work", **raw) == "home work"


@pytest.mark.parametrize(("pattern", "replacement"), [("(", ""), ("a", r"\3")])
def test_expressions_that_are_none(pattern: str, replacement: str) -> None:
    with pytest.raises(ModuleError, match="0002"):
        clean("abc", **{"Custom regular expression": pattern, "Custom replacement string": replacement})


def test_own_stop_words_replace_the_built_in_ones() -> None:
    words = Table.from_columns({"word": ["Food", None]})
    assert clean("the food was good", words, Lemmatization=False) == "the was good"
    with pytest.raises(ModuleError, match="0022"):
        clean("x", Table.from_columns({"a": ["x"], "b": ["y"]}))
    with pytest.raises(ModuleError, match="0003"):
        clean("x", Table.from_columns({"a": [""]}))


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("German", "Das ist nicht schön", "schön"),
        ("French", "C'est le meilleur café", "meilleur café"),
        ("Spanish", "No es muy bueno", "bueno"),
        ("Italian", "Il cibo non è buono", "cibo buono"),
        ("Dutch", "Het eten is niet goed", "eten goed"),
    ],
)
def test_languages(language: str, text: str, expected: str) -> None:
    assert clean(text, Language=language) == expected
    assert len(STOP_WORDS[language]) > 90


def test_a_column_may_tell_the_language() -> None:
    raw = {
        "Language": "Column contains language",
        "Culture-language column": picked("in"),
        "Text column to clean": picked("t"),
    }
    table = Table.from_columns({"t": ["the boxes", "die Boxen", "le vin"], "in": ["en-US", "German", "fr"]})
    result = cast("Table", run(preprocess_text, table, None, **raw))
    assert result.column("Preprocessed t").to_pylist() == ["box", "boxen", "vin"]
    wrong = Table.from_columns({"t": ["x"], "in": ["Klingon"]})
    with pytest.raises(ModuleError, match=r"0039.*Klingon"):
        run(preprocess_text, wrong, None, **raw)


def test_parts_of_speech_are_refused() -> None:
    with pytest.raises(ModuleError, match=r"0039.*language model"):
        clean("x", **{"Remove by part of speech": "True"})


def test_a_service_cleans_row_by_row() -> None:
    table = Table.from_columns({"text": ["The boxes were GOOD!", None, "it's 5 o'clock"]})
    assert preprocess_text.lower is not None
    params: object = parse_params(PreprocessTextParams, {})
    words = Table.from_columns({"word": ["good"]})
    for stop_words in (None, words):
        frame = preprocess_text.lower(params, Frame.input("in", table.schema), stop_words, entry=CATALOG.get_entry)
        result = cast("Table", run(preprocess_text, table, stop_words))
        assert one_by_one(frame, table) == result.data.to_pylist()
