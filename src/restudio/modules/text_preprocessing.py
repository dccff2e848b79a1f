"""Text Analytics: Preprocess Text (modules reference, 112).

Everything is done by lists and rules, without language models: English words find their dictionary form and their part
of speech by them. Words of other languages stay as they are, and removing them by part of speech is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from restudio.core.errors import ModuleError
from restudio.core.params import boolean, columns, mode, text, when
from restudio.core.schema import Column, DType, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, module, table_in, table_out
from restudio.kernels.expr import Call, CannotLower, Expr, Frame, Predict
from restudio.kernels.text import TextRewrite
from restudio.modules.lemmas import lemma
from restudio.modules.ngrams import SENTENCE
from restudio.modules.parts_of_speech import ADJECTIVES, NOUNS, VERBS, tags
from restudio.modules.stop_words import STOP_WORDS
from restudio.modules.symbolic import over, schema_over
from restudio.modules.text_columns import STRING_FEATURES, chosen_texts
from restudio.seams.context import Context
from restudio.tables.naming import unique_names
from restudio.tables.table import Table

_TEXT, _CULTURE = "Text column to clean", "Culture-language column"
_BY_COLUMN = "Column contains language"
_PARTS = "Remove by part of speech"
_PATTERN = "Custom regular expression"
_ENGLISH = "English"
_LANGUAGES = (_ENGLISH, "Spanish", "French", "Dutch", "German", "Italian")
_CODES = {"en": _ENGLISH, "es": "Spanish", "fr": "French", "nl": "Dutch", "de": "German", "it": "Italian"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PreprocessTextParams:
    language: str = mode("Language", (*_LANGUAGES, _BY_COLUMN))
    culture: Selection = columns(_CULTURE, single=True, when=when("language", _BY_COLUMN))
    texts: Selection = columns(_TEXT, STRING_FEATURES)
    stop_words: bool = boolean("Remove stop words", True)
    lemmas: bool = boolean("Lemmatization", True, aliases=("Use lemmatization",), help="English words only.")
    parts: str = mode(_PARTS, ("False", "True"), aliases=("Remove by part-of-speech",), help="English only.")
    nouns: bool = boolean("Remove nouns", True, when=when("parts", "True"), help="Names too.")
    adjectives: bool = boolean("Remove adjectives", True, when=when("parts", "True"))
    verbs: bool = boolean("Remove verbs", True, when=when("parts", "True"), help="Auxiliary verbs too.")
    sentences: bool = boolean("Detect sentences", True, help="Put the mark ||| between sentences.")
    lowercase: bool = boolean("Normalize case to lowercase", True)
    numbers: bool = boolean("Remove numbers", True)
    special: bool = boolean("Remove special characters", True)
    duplicates: bool = boolean("Remove duplicate characters", True, help="A character more than twice in a row.")
    emails: bool = boolean("Remove email addresses", True)
    urls: bool = boolean("Remove URLs", True)
    contractions: bool = boolean("Expand verb contractions", True, help="English only.")
    slashes: bool = boolean("Normalize backslashes to slashes", True)
    split: bool = boolean("Split tokens on special characters", True)
    pattern: str = text(_PATTERN, "", help="Replaced before anything else.")
    replacement: str = text("Custom replacement string", "")


@module(
    id="preprocess-text",
    name="Preprocess Text",
    category="Text Analytics",
    params=PreprocessTextParams,
    inputs=(table_in("Dataset"), table_in("Stop words", optional=True)),
    outputs=(table_out("Results dataset"),),
    family="bf9e794a9e2b4662902a0e73b255c135",
    errors=("0001", "0002", "0003", "0017", "0022", "0039"),
)
def preprocess_text(p: PreprocessTextParams, dataset: Table, stop_words: Table | None, *, ctx: Context) -> Table:
    """Clean texts for the modules that count words: addresses, numbers and special characters go, case is levelled,
    contractions are spelled out, words get their dictionary form and stop words are left out (the language's own, or
    those of the second input). The cleaned text is a new column beside each text.

    Lemmatization and parts of speech know English only. A part of speech is told from the word and its sentence before
    anything else is changed in it, by the rules of Brill's tagger: right for about 94 of 100 words of web texts, for
    adjectives less often (they are missed or taken for a name in 20 of 100).

    Example:
      Dataset: {review: ["The actors weren't GOOD!! See http://example.com"]}
      Results dataset: {Preprocessed review: [actor good], ...: []}
    """
    return over(dataset, lambda frame: _lower(p, frame, stop_words))


@preprocess_text.tells_schema
def _schema(p: PreprocessTextParams, dataset: Schema, stop_words: Schema | None) -> Schema:
    return schema_over(dataset, lambda frame: _lower(p, frame, None))


@preprocess_text.lowers
def _lower(
    p: PreprocessTextParams, frame: Frame, stop_words: object, *, entry: Callable[[str], Entry] | None = None
) -> Frame:
    if isinstance(stop_words, Frame):
        raise CannotLower("the stop words are not a saved dataset")
    if p.parts == "True" and p.language not in (_ENGLISH, _BY_COLUMN):
        raise ModuleError("0039", _no_parts(p.language), parameter=_PARTS)
    cleaners = _cleaners(p, _own_words(stop_words) if isinstance(stop_words, Table) else None)
    texts = chosen_texts(p.texts, frame.schema, _TEXT)
    if p.language == _BY_COLUMN:
        culture = chosen_texts(p.culture, frame.schema, _CULTURE)
        if len(culture) > 1:
            raise ModuleError("0022", f"One language column is needed, got {len(culture)}.", parameter=_CULTURE)
        tongue = [frame.expr(culture[0].name)]
        kernel = TextRewrite(_by_language(cleaners, culture[0].name, parts=p.parts == "True"))
    else:
        tongue = []
        kernel = TextRewrite(cleaners[p.language])
    names = [*frame.schema.names, *(f"Preprocessed {column.name}" for column in texts)]
    free = unique_names(names)[len(frame.columns) :]
    added: list[tuple[Column, Expr]] = [
        (Column(name, DType.STRING), Predict(Call(kernel, (frame.expr(column.name), *tongue)), 0))
        for name, column in zip(free, texts, strict=True)
    ]
    return Frame((*frame.columns, *added), frame.keep)


def _own_words(table: Table) -> frozenset[str]:
    if len(table.names) != 1:
        raise ModuleError("0022", f"The stop words must be one column, got {len(table.names)}.", parameter="Stop words")
    words = frozenset(str(w).strip().casefold() for w in table.data.column(0).to_pylist() if w is not None)
    if not words - {""}:
        raise ModuleError("0003", "The dataset of stop words is empty.", parameter="Stop words")
    return words


def _cleaners(p: PreprocessTextParams, own: frozenset[str] | None) -> Mapping[str, Cleaner]:
    try:
        pattern = re.compile(p.pattern) if p.pattern else None
        if pattern is not None:
            pattern.sub(p.replacement, "")
    except (re.error, IndexError) as cause:
        raise ModuleError(
            "0002", f"The regular expression or its replacement is not valid: {cause}.", parameter=_PATTERN
        ) from cause
    return {name: Cleaner(p, name, STOP_WORDS[name] if own is None else own, pattern) for name in _LANGUAGES}


def _by_language(cleaners: Mapping[str, Cleaner], column: str, *, parts: bool) -> Callable[..., str | None]:
    def clean(cell: str | None, told: str | None) -> str | None:
        if cell is None:
            return None
        language = _language(told, column)
        if parts and language != _ENGLISH:
            raise ModuleError("0039", _no_parts(language), column=column)
        return cleaners[language](cell)

    return clean


def _no_parts(language: str) -> str:
    return f"'{_PARTS}' knows {_ENGLISH} only, not {language}; switch it off, or give it the English rows alone."


def _language(cell: str | None, column: str) -> str:
    """``English``, ``en`` or ``en-US``; error 0039 for what is not supported."""
    told = (cell or "").strip()
    found = _CODES.get(re.split("[-_]", told.casefold())[0]) or told.capitalize()
    if found not in _LANGUAGES:
        raise ModuleError(
            "0039",
            f"The language '{told[:40]}' is not supported, only {', '.join(_LANGUAGES)}.",
            column=column,
        )
    return found


_URL = re.compile(r"(?:(?:https?|ftp)://|www\.)\S*[^\s.,;:!?'\")\]]", re.IGNORECASE)
_EMAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
_NUMBER = re.compile(r"(?<![^\W_])[+-]?\d+(?:[.,:]\d+)*(?![^\W_])")
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”’)]*\s+")
_REPEATED = re.compile(r"(\D)\1{2,}")
_SPECIAL = re.compile(r"[^\w\s]|_")
_DIGIT = re.compile(r"\d")
_STOP = re.compile("[.!?…]")
_TOKEN = re.compile(r"(\w+(?:'\w+)*|[^\w\s])")
"""A word or a mark: what has a part of speech."""
_SHORTENED = re.compile(r"(?<=\w)(?:n't|'\w+)$", re.IGNORECASE)
"""What a contraction adds to the word whose part of speech it has, where contractions are not spelled out."""
_CONTRACTED: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), spelled)
    for pattern, spelled in (
        (r"\b(ca)n't\b", r"\1n not"),
        (r"\b(w)on't\b", r"\1ill not"),
        (r"\b(sh)an't\b", r"\1all not"),
        (r"\b(\w+)n't\b", r"\1 not"),
        (r"\b(let)'s\b", r"\1 us"),
        (r"\b(he|she|it|that|this|what|who|where|there|here|how)'s\b", r"\1 is"),
        (r"\b(i)'m\b", r"\1 am"),
        (r"\b(\w+)'re\b", r"\1 are"),
        (r"\b(\w+)'ve\b", r"\1 have"),
        (r"\b(\w+)'ll\b", r"\1 will"),
        (r"\b(i|you|he|she|it|we|they)'d\b", r"\1 would"),
        (r"\b(\w+)'s\b", r"\1"),
    )
)


def _removed_tags(p: PreprocessTextParams) -> frozenset[str]:
    chosen = ((p.nouns, NOUNS), (p.adjectives, ADJECTIVES), (p.verbs, VERBS)) if p.parts == "True" else ()
    return frozenset[str]().union(*(tags_of for wanted, tags_of in chosen if wanted))


_ASCII_SPECIAL = {ord(c): " " for c in map(chr, range(128)) if _SPECIAL.match(c)}
_MOST_WORDS = 100_000
"""Words whose result is kept: texts repeat their words."""


class Cleaner:
    """Cleans one text of one language, by the parameters. Thread-safe.

    Most texts lack most of what is looked for, so a character that it must have is asked for before its pattern.
    """

    def __init__(
        self, p: PreprocessTextParams, language: str, stop_words: frozenset[str], pattern: re.Pattern[str] | None
    ) -> None:
        self._p = p
        self._english = language == _ENGLISH
        self._removed = _removed_tags(p)
        self._stop_words = stop_words if p.stop_words else frozenset()
        self._pattern = pattern
        self._results: dict[str, str] = {}

    def __call__(self, cell: str | None) -> str | None:
        if cell is None:
            return None
        p = self._p
        whole = self._pattern.sub(p.replacement, cell) if self._pattern is not None else cell
        if p.urls and ("://" in whole or "www." in whole.lower()):
            whole = _URL.sub(" ", whole)
        if p.emails and "@" in whole:
            whole = _EMAIL.sub(" ", whole)
        if p.numbers and _DIGIT.search(whole):
            whole = _NUMBER.sub(" ", whole)
        split = p.sentences or self._removed
        sentences = _SENTENCE_END.split(whole) if split and _STOP.search(whole) else [whole]
        between = f" {SENTENCE} " if p.sentences else " "
        return between.join(cleaned for sentence in sentences if (cleaned := self._sentence(sentence)))

    def _sentence(self, sentence: str) -> str:
        p = self._p
        if p.slashes:
            sentence = sentence.replace("\\", "/")
        sentence = sentence.replace("’", "'").replace("ʼ", "'")
        if p.contractions and self._english and "'" in sentence:
            for pattern, spelled in _CONTRACTED:
                sentence = pattern.sub(spelled, sentence)
        if self._removed:
            sentence = self._without_parts(sentence)
        if p.lowercase:
            sentence = sentence.lower()
        if p.special:
            sentence = sentence.translate(_ASCII_SPECIAL) if sentence.isascii() else _SPECIAL.sub(" ", sentence)
        elif p.split:
            sentence = _SPECIAL.sub(r" \g<0> ", sentence)
        if p.duplicates:
            sentence = _REPEATED.sub(r"\1\1", sentence)
        return " ".join(filter(None, map(self._word, sentence.split())))

    def _without_parts(self, sentence: str) -> str:
        """The sentence less the words of the parts of speech that go. Reads them as written: a capital tells a name."""
        pieces = _TOKEN.split(sentence)
        for i, tag in enumerate(tags([_SHORTENED.sub("", word) for word in pieces[1::2]])):
            if tag in self._removed:
                pieces[2 * i + 1] = ""
        return "".join(pieces)

    def _word(self, word: str) -> str:
        """What becomes of a word; nothing of a stop word."""
        known = self._results.get(word)
        if known is None:
            known = self._reduced(word)
            if len(self._results) < _MOST_WORDS:
                self._results[word] = known
        return known

    def _reduced(self, word: str) -> str:
        # Looked for before and after, so that neither an inflected stop word nor one given inflected stays.
        if word.casefold() in self._stop_words:
            return ""
        reduced = lemma(word) if self._p.lemmas and self._english else word
        return "" if reduced.casefold() in self._stop_words else reduced
