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


FOX = "The quick fox jumped over a lazy dog in Berlin. She has quickly sold her very old car!"


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("nouns", "The quick jumped over a lazy in . She has quickly sold her very old !"),
        ("adjectives", "The fox jumped over a dog in Berlin. She has quickly sold her very car!"),
        ("verbs", "The quick fox over a lazy dog in Berlin. She quickly her very old car!"),
    ],
)
def test_each_part_of_speech_is_removed_alone(part: str, expected: str) -> None:
    assert clean(FOX, **{**OFF, "Remove by part of speech": "True", f"Remove {part}": True}) == expected


def test_all_parts_of_speech_together_with_the_rest() -> None:
    assert clean(FOX, **{"Remove by part of speech": "True"}) == "quickly"
    # Parts are told in the case and the form in which a text was written; words that stay get their lemma after that.
    raw = {"Remove by part of speech": "True", "Remove verbs": False, "Remove stop words": False}
    assert clean("He was meeting us at the meeting in May", **raw) == "he be meet us at the in"


def test_contractions_that_are_not_spelled_out_keep_the_part_of_their_word() -> None:
    raw = {**OFF, "Remove by part of speech": "True", "Remove verbs": True}
    assert clean("They don't know that John's dog won't bite", **raw) == "They that John's dog"


@pytest.mark.parametrize("language", ["Spanish", "French", "Dutch", "German", "Italian"])
def test_parts_of_speech_of_other_languages_are_refused(language: str) -> None:
    with pytest.raises(ModuleError, match=rf"0039.*English only, not {language}"):
        clean("x", **{"Remove by part of speech": "True", "Language": language})


def test_parts_of_speech_where_a_column_tells_the_language() -> None:
    raw = {
        "Language": "Column contains language",
        "Culture-language column": picked("in"),
        "Text column to clean": picked("t"),
        "Remove by part of speech": "True",
    }
    table = Table.from_columns({"t": ["quickly sold cars"], "in": ["en"]})
    assert cast("Table", run(preprocess_text, table, None, **raw)).column("Preprocessed t").to_pylist() == ["quickly"]
    mixed = Table.from_columns({"t": ["a dog", "ein Hund"], "in": ["en", "de"]})
    with pytest.raises(ModuleError, match=r"0039.*not German"):
        run(preprocess_text, mixed, None, **raw)


def test_a_service_cleans_row_by_row() -> None:
    table = Table.from_columns({"text": ["The boxes were GOOD!", None, "it's 5 o'clock"]})
    assert preprocess_text.lower is not None
    words = Table.from_columns({"word": ["good"]})
    parts: dict[str, object] = {"Remove by part of speech": "True", "Remove nouns": False}
    for stop_words, raw in ((None, {}), (words, {}), (None, parts)):
        params: object = parse_params(PreprocessTextParams, raw)
        frame = preprocess_text.lower(params, Frame.input("in", table.schema), stop_words, entry=CATALOG.get_entry)
        result = cast("Table", run(preprocess_text, table, stop_words, **raw))
        assert one_by_one(frame, table) == result.data.to_pylist()
