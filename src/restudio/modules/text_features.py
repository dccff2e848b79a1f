"""Text Analytics: Extract N-Gram Features from Text and Feature Hashing (modules reference, 108 and 109).

Both describe their result symbolically, so that a service computes it a row at a time: hashing needs no more than the
row, n-grams need a vocabulary that stays as it is (**ReadOnly**).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import cast

import numpy as np

from restudio.artifacts.values import Json, Transform
from restudio.core.errors import ModuleError
from restudio.core.params import boolean, choice, columns, integer, mode, parse_params, real, to_raw, when
from restudio.core.schema import Column, DType, Role, Schema
from restudio.core.selector import Selection
from restudio.core.spec import Entry, LearnedTable, module, table_in, table_out
from restudio.kernels.expr import Call, CannotLower, Expr, Frame, Predict
from restudio.kernels.text import Reading, TextFeatures
from restudio.modules.feature_scores import (
    COUNT,
    FISHER,
    METHODS,
    Cells,
    count_of,
    score_feature,
    target_of,
)
from restudio.modules.fitted_state import reading
from restudio.modules.ngrams import WEIGHTS, Cutting, Term, Vocabulary, Weigher, document_frequencies, words_of
from restudio.modules.symbolic import over, schema_over
from restudio.modules.text_columns import STRING_FEATURES, chosen_texts
from restudio.seams.context import Context
from restudio.tables.table import Table

MAX_COLUMNS = 1 << 17
"""Most columns that a module of this file adds; each is held in full."""
_TEXT, _TARGETS, _TARGET = "Text column", "Target columns", "Target column"
_CREATE, _READ_ONLY, _UPDATE, _MERGE = "Create", "ReadOnly", "Update", "Merge"
_CATEGORY = "Text Analytics"
_NGRAMS = "extract-n-gram-features-from-text"
_WITH_TARGET = tuple(m for m in METHODS if m != COUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class NgramParams:
    text: Selection = columns(_TEXT, STRING_FEATURES)
    vocabulary: str = mode("Vocabulary mode", (_CREATE, _READ_ONLY, _UPDATE, _MERGE))
    size: int = integer("N-Grams size", 1, ge=1, help="The most words of an n-gram; all shorter ones are made too.")
    skip: int = integer("K-Skip size", 0, ge=0, help="Words that may be left out inside an n-gram.")
    weight: str = choice("Weighting function", WEIGHTS)
    shortest: int = integer("Minimum word length", 3, ge=1)
    longest: int = integer("Maximum word length", 25, ge=1)
    least: float = real("Minimum n-gram document absolute frequency", 5.0, ge=1)
    most: float = real("Maximum n-gram document ratio", 1.0, ge=0.0001)
    detect_unknown: bool = boolean(
        "Detect out-of-vocabulary rows", True, help="Tell in the log how many rows have n-grams outside the vocabulary."
    )
    mark_start: bool = boolean("Mark begin-of-sentence", False, help="Start every sentence with the word |||.")
    normalize: bool = boolean("Normalize n-gram feature vectors", True, help="Bring every row to length 1.")
    select: str = mode("Use filter-based feature selection", ("True", "False"))
    method: str = mode("Feature scoring method", METHODS, FISHER, when=when("select", "True"))
    target: Selection = columns(_TARGET, single=True, when=when("method", *_WITH_TARGET))
    count: int = integer("Number of desired features", 1, ge=1, when=when("method", *_WITH_TARGET))
    nonzero: int = integer("Minimum number of non-zero elements", 1, ge=1, when=when("method", COUNT))


@module(
    id=_NGRAMS,
    name="Extract N-Gram Features from Text",
    category=_CATEGORY,
    params=NgramParams,
    inputs=(table_in("Dataset"), table_in("Input vocabulary", optional=True)),
    outputs=(table_out("Results dataset"), table_out("Result vocabulary")),
    family="a8a662d089bb48c985629b9589124c4a",
    known_by_running="The texts, or the vocabulary, decide which n-grams there are.",
    errors=("0001", "0003", "0005", "0007", "0017", "0018", "0022", "0129"),
    learns=LearnedTable("Result vocabulary", "Input vocabulary", when("vocabulary", _READ_ONLY)),
)
def extract_ngram_features_from_text(
    p: NgramParams, dataset: Table, vocabulary: Table | None, *, ctx: Context
) -> tuple[Table, Table]:
    """Turn texts into numbers: one column for each n-gram of a vocabulary, weighted by its occurrence, its rarity, both
    or its rank in the text. **Create** makes the vocabulary from the texts; **ReadOnly** takes the given one, which is
    what a service must do; **Update** adds the texts to the given one; **Merge** makes a new one whose frequencies
    count those of the given one too. Feature selection keeps the n-grams that tell most of a target column.

    Example:
      parameters:
        Minimum n-gram document absolute frequency: 1
        Normalize n-gram feature vectors: false
        Use filter-based feature selection: "False"
      Dataset: {review: [good film, bad film]}
      Results dataset: {"review.[bad]": [0.0, 1.0], "review.[film]": [1.0, 1.0], "review.[good]": [1.0, 0.0], ...: []}
      Result vocabulary: {Id: [0, 1, 2], Ngram: [bad, film, good], DF: [1, 2, 1], IDF: [0.6931, 0.0, 0.6931]}
    """
    texts = chosen_texts(p.text, dataset.schema, _TEXT)
    terms = _vocabulary(p, dataset, texts, vocabulary)
    if _selects(p):
        terms = _selected(p, dataset, texts, terms)
    if p.detect_unknown:
        _tell_unknown(p, dataset, texts, terms, ctx)
    return over(dataset, lambda frame: _with_ngrams(p, terms, frame)), terms.to_table()


@extract_ngram_features_from_text.keeps
def _keep(p: NgramParams, vocabulary: Table) -> Transform:
    terms = Vocabulary.read(vocabulary).terms
    settings: dict[str, Json] = {
        "params": cast("dict[str, Json]", to_raw(p)),
        "ngrams": [term.ngram for term in terms],
    }
    arrays = {"documents": np.array([t.documents for t in terms], np.int64), "idf": np.array([t.idf for t in terms])}
    return Transform(_NGRAMS, (), settings, arrays)


@extract_ngram_features_from_text.applies
def _apply(transform: Transform, frame: Frame) -> Frame:
    with reading(_NGRAMS):
        raw = cast("dict[str, object]", transform.settings["params"])
        ngrams = cast("list[str]", transform.settings["ngrams"])
        counts, idf = transform.arrays["documents"].tolist(), transform.arrays["idf"].tolist()
        terms = tuple(Term(i, str(n), *found) for i, (n, *found) in enumerate(zip(ngrams, counts, idf, strict=True)))
        p = replace(parse_params(NgramParams, raw), vocabulary=_READ_ONLY, select="False")
    return _with_ngrams(p, Vocabulary(terms), frame)


@extract_ngram_features_from_text.lowers
def _lower_ngrams(
    p: NgramParams, frame: Frame, vocabulary: object, *, entry: Callable[[str], Entry]
) -> tuple[Frame, Table]:
    if p.vocabulary != _READ_ONLY or _selects(p):
        raise CannotLower(f"n-grams need '{_READ_ONLY}' without feature selection to be computed row by row")
    if not isinstance(vocabulary, Table):
        raise CannotLower("the n-gram vocabulary is not a saved dataset")
    return _with_ngrams(p, Vocabulary.read(vocabulary), frame), vocabulary


def _selects(p: NgramParams) -> bool:
    return p.select == "True"


def _cutting(p: NgramParams, terms: Vocabulary | None = None) -> Cutting:
    """A fixed vocabulary says itself which n-grams count, so limits of length and size do not restrict it."""
    if terms is not None and p.vocabulary == _READ_ONLY:
        return Cutting(size=max(p.size, terms.longest), skip=p.skip, mark_start=p.mark_start)
    return Cutting(p.size, p.skip, p.shortest, p.longest, p.mark_start)


def _vocabulary(p: NgramParams, dataset: Table, texts: Sequence[Column], given: Table | None) -> Vocabulary:
    if p.shortest > p.longest:
        raise ModuleError(
            "0007",
            f"The minimum word length {p.shortest} is above the maximum {p.longest}.",
            parameter="Minimum word length",
        )
    if p.vocabulary == _CREATE:
        return _created(p, dataset, texts)
    if given is None:
        raise ModuleError(
            "0003", f"Vocabulary mode '{p.vocabulary}' needs the input 'Input vocabulary'.", parameter="Vocabulary mode"
        )
    known = Vocabulary.read(given)
    if p.vocabulary == _READ_ONLY:
        return known
    return known.joined(_created(p, dataset, texts), keep_own=p.vocabulary == _UPDATE)


def _created(p: NgramParams, dataset: Table, texts: Sequence[Column]) -> Vocabulary:
    """The n-grams that are neither too rare nor too common; every cell of the text columns is a document."""
    frequencies: Counter[str] = Counter()
    for column in texts:
        frequencies.update(document_frequencies(dataset.column(column.name).to_pylist(), _cutting(p)))
    documents = dataset.num_rows * len(texts)
    kept = {n: df for n, df in frequencies.items() if p.least <= df <= p.most * documents}
    return Vocabulary.of(kept, documents)


def _selected(p: NgramParams, dataset: Table, texts: Sequence[Column], terms: Vocabulary) -> Vocabulary:
    """The n-grams with the best scores, or with enough rows; an n-gram of several columns counts by its best one."""
    goal = None if p.method == COUNT else target_of(dataset, _target_name(p.target, dataset))
    weigh = Weigher(terms, _cutting(p, terms), p.weight, normalize=p.normalize)
    scores = np.zeros(len(terms.terms))
    for column in texts:
        for position, numbers in enumerate(_sparse(weigh, dataset.column(column.name).to_pylist())):
            cells = Cells.of_numbers(numbers)
            found = float(count_of(cells)) if goal is None else score_feature(p.method, cells, goal)
            scores[position] = max(scores[position], found)
    names = [term.ngram for term in terms.terms]
    if p.method == COUNT:
        return terms.only(n for n, score in zip(names, scores, strict=True) if score >= p.nonzero)
    best = np.argsort(-scores, kind="stable")[: p.count]
    return terms.only(names[i] for i in best)


def _sparse(weigh: Weigher, texts: Sequence[str | None]) -> Iterable[np.ndarray]:
    """The column of every n-gram, one at a time."""
    rows: list[list[tuple[int, float]]] = [[] for _ in weigh.positions]
    for row, text in enumerate(texts):
        for position, weight in weigh(text)[1].items():
            rows[position].append((row, weight))
    for cells in rows:
        numbers = np.zeros(len(texts))
        for row, weight in cells:
            numbers[row] = weight
        yield numbers


def _target_name(selection: Selection, dataset: Table) -> str:
    names = selection.resolve(dataset.schema, parameter=_TARGET)
    if len(names) != 1:
        raise ModuleError(
            "0022" if names else "0003",
            f"One target column must be selected for feature selection, got {len(names)}.",
            parameter=_TARGET,
        )
    return names[0]


def _tell_unknown(p: NgramParams, dataset: Table, texts: Sequence[Column], terms: Vocabulary, ctx: Context) -> None:
    known = {term.ngram for term in terms.terms}
    cutting = _cutting(p, terms)
    for column in texts:
        cells = dataset.column(column.name).to_pylist()
        count = sum(any(n not in known for n in cutting.ngrams(cell)) for cell in cells)
        ctx.log(f"{count} of {len(cells)} rows of '{column.name}' have n-grams that are not in the vocabulary.")


def _with_ngrams(p: NgramParams, terms: Vocabulary, frame: Frame) -> Frame:
    texts = chosen_texts(p.text, frame.schema, _TEXT)
    _ensure_room(len(terms.terms) * len(texts))
    weigh = Weigher(terms, _cutting(p, terms), p.weight, normalize=p.normalize)
    added: list[tuple[Column, Expr]] = []
    for text in texts:
        kernel = TextFeatures(weigh, (DType.STRING, DType.INTEGER), len(terms.terms), DType.DOUBLE)
        call = Call(kernel, (frame.expr(text.name),))
        named = [
            # A text to read, which learners would take for a category with as many levels as rows.
            Column(f"{text.name}.NgramsString", DType.STRING, role=Role.NONE),
            Column(f"{text.name}.NumUniqueNgrams", DType.INTEGER),
            *(Column(f"{text.name}.[{term.ngram}]", DType.DOUBLE) for term in terms.terms),
        ]
        added += [(column, Predict(call, i)) for i, column in enumerate(named)]
    return Frame((*frame.columns, *added), frame.keep)


@dataclass(frozen=True, slots=True, kw_only=True)
class HashingParams:
    texts: Selection = columns(_TARGETS, STRING_FEATURES)
    bits: int = integer("Hashing bitsize", 10, ge=1, le=31, help="2 to this power columns for every text column.")
    size: int = integer("N-grams", 2, ge=0, le=10, help="The most words of an n-gram.")


@module(
    id="feature-hashing",
    name="Feature Hashing",
    category=_CATEGORY,
    params=HashingParams,
    inputs=(table_in("Dataset"),),
    outputs=(table_out("Transformed dataset"),),
    family="c9a826602d9c411d81224d9e0b3ce92a",
    errors=("0001", "0003", "0008", "0017", "0129"),
)
def feature_hashing(p: HashingParams, dataset: Table, *, ctx: Context) -> Table:
    """Turn texts into numbers without a vocabulary: every n-gram up to a length is counted in the column that its hash
    (32-bit MurmurHash3) names. Different n-grams may share a column; more bits make that rarer.

    Example:
      parameters: {Hashing bitsize: 2, N-grams: 1}
      Dataset: {review: [good film, bad film]}
      Transformed dataset:
        review: [good film, bad film]
        review - Hashing feature 1: [0, 0]
        review - Hashing feature 2: [1, 0]
        review - Hashing feature 3: [0, 0]
        review - Hashing feature 4: [1, 2]
    """
    return over(dataset, lambda frame: _lower_hashing(p, frame))


@feature_hashing.tells_schema
def _hashing_schema(p: HashingParams, dataset: Schema) -> Schema:
    return schema_over(dataset, lambda frame: _lower_hashing(p, frame))


@feature_hashing.lowers
def _lower_hashing(p: HashingParams, frame: Frame, *, entry: Callable[[str], Entry] | None = None) -> Frame:
    texts = chosen_texts(p.texts, frame.schema, _TARGETS)
    width = 1 << p.bits
    _ensure_room(width * len(texts))
    read = _hasher(p.size, width - 1)
    added: list[tuple[Column, Expr]] = []
    for text in texts:
        call = Call(TextFeatures(read, (), width, DType.INTEGER), (frame.expr(text.name),))
        named = (Column(f"{text.name} - Hashing feature {i + 1}", DType.INTEGER) for i in range(width))
        added += [(column, Predict(call, i)) for i, column in enumerate(named)]
    return Frame((*frame.columns, *added), frame.keep)


def _hasher(size: int, mask: int) -> Callable[[str | None], Reading]:
    from sklearn.utils import murmurhash3_32

    def read(text: str | None) -> Reading:
        words = words_of(text or "")
        spans = (words[i : i + n] for n in range(1, size + 1) for i in range(len(words) - n + 1))
        counts = Counter(murmurhash3_32(" ".join(span), 0, True) & mask for span in spans)
        return (), {int(position): count for position, count in counts.items()}

    return read


def _ensure_room(added: int) -> None:
    if added > MAX_COLUMNS:
        raise ModuleError(
            "0129", f"{added} columns would be added, the most is {MAX_COLUMNS}; take fewer bits, texts or n-grams."
        )
