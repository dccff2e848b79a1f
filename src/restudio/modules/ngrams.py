"""N-grams of texts, and the vocabulary that gives them their numbers (modules reference, 108)."""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from restudio.core.errors import ModuleError
from restudio.core.schema import Column, DType, Schema
from restudio.kernels.vectors import as_doubles, from_arrow
from restudio.tables.table import Table

SENTENCE = "|||"
"""The mark that Preprocess Text puts between sentences."""
WEIGHTS = ("Binary Weight", "TF Weight", "IDF Weight", "TF-IDF Weight", "Graph Weight")
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")
_COLUMNS = {"Id": DType.INTEGER, "Ngram": DType.STRING, "DF": DType.INTEGER, "IDF": DType.DOUBLE}
_DAMPING, _ROUNDS = 0.85, 50


def words_of(text: str) -> list[str]:
    """Runs of letters and digits, with inner apostrophes and hyphens.

    >>> words_of("Don't stop, re-read it_all!")
    ["Don't", 'stop', 're-read', 'it', 'all']
    """
    return _WORD.findall(text)


@dataclass(frozen=True, slots=True)
class Cutting:
    """How a text is cut into n-grams: all lengths up to ``size``, with up to ``skip`` words left out inside one.

    An n-gram with a word outside the limits of length is none. N-grams do not cross sentence marks; with
    ``mark_start`` every sentence starts with the mark as a word of its own.
    """

    size: int = 1
    skip: int = 0
    shortest: int = 1
    longest: int = 1_000_000
    mark_start: bool = False

    def ngrams(self, text: str | None) -> list[str]:
        """The n-grams in the order of their first word, words joined by ``_``."""
        found: list[str] = []
        shortest, longest = self.shortest, self.longest
        for sentence in (text or "").split(SENTENCE):
            words = words_of(sentence)
            if self.mark_start and words:
                words.insert(0, SENTENCE)
            if self.size == 1:
                found += [word for word in words if shortest <= len(word) <= longest or word == SENTENCE]
                continue
            fit = [shortest <= len(word) <= longest or word == SENTENCE for word in words]
            for start, word in enumerate(words):
                if fit[start]:
                    self._extend(words, fit, start, word, 1, self.skip, found)
        return found

    def _extend(
        self,
        words: Sequence[str],
        fit: Sequence[bool],
        last: int,
        ngram: str,
        length: int,
        skips: int,
        found: list[str],
    ) -> None:
        """Add ``ngram``, which ends at word ``last``, and the longer ones; ``skips`` words may still be left out."""
        found.append(ngram)
        if length == self.size:
            return
        for following in range(last + 1, min(last + skips + 2, len(words))):
            if fit[following]:
                left = skips - (following - last - 1)
                self._extend(words, fit, following, f"{ngram}_{words[following]}", length + 1, left, found)


@dataclass(frozen=True, slots=True)
class Term:
    """An n-gram of a vocabulary: ``documents`` that have it, and the logarithm of all documents over these."""

    id: int
    ngram: str
    documents: int
    idf: float


@dataclass(frozen=True, slots=True, eq=False)
class Vocabulary:
    terms: tuple[Term, ...]

    @classmethod
    def of(cls, frequencies: Mapping[str, int], documents: int) -> Vocabulary:
        """Terms sorted by n-gram."""
        ordered = sorted(frequencies)
        return cls(
            tuple(
                Term(i, n, frequencies[n], math.log(max(documents, frequencies[n]) / frequencies[n]))
                for i, n in enumerate(ordered)
            )
        )

    @classmethod
    def read(cls, table: Table) -> Vocabulary:
        """Error 0018 when it is not such a table, or an n-gram stands in it twice."""
        if set(table.names) != set(_COLUMNS) or table.schema["Ngram"].dtype is not DType.STRING:
            raise ModuleError("0018", f"A vocabulary has the columns {', '.join(_COLUMNS)}, got {list(table.names)}.")
        numbers = {}
        for name in ("Id", "DF", "IDF"):
            column = table.schema[name]
            if not column.dtype.is_number:
                raise ModuleError("0018", f"Column '{name}' of the vocabulary must hold numbers.", column=name)
            numbers[name] = as_doubles(from_arrow(table.column(name), column.dtype)).tolist()
        terms: dict[str, Term] = {}
        ngrams = table.column("Ngram").to_pylist()
        for row, (ngram, id_, df, idf) in enumerate(zip(ngrams, *numbers.values(), strict=True), start=1):
            if ngram is None or ngram in terms:
                why = "is missing" if ngram is None else f"'{ngram}' occurs twice"
                raise ModuleError("0018", f"The n-gram in row {row} of the vocabulary {why}.", column="Ngram", row=row)
            if not all(map(math.isfinite, (id_, df, idf))) or df < 1:
                raise ModuleError("0018", f"The numbers of '{ngram}' in the vocabulary are not valid.", row=row)
            terms[ngram] = Term(int(id_), ngram, int(df), idf)
        return cls(tuple(terms.values()))

    def to_table(self) -> Table:
        schema = Schema.of(Column(name, dtype) for name, dtype in _COLUMNS.items())
        cells: dict[str, Sequence[object]] = {
            "Id": [t.id for t in self.terms],
            "Ngram": [t.ngram for t in self.terms],
            "DF": [t.documents for t in self.terms],
            "IDF": [t.idf for t in self.terms],
        }
        return Table.from_columns(cells, schema)

    @property
    def documents(self) -> int:
        """How many documents it was made of; a vocabulary says so only by its logarithms."""
        return max((round(term.documents * math.exp(min(term.idf, 30.0))) for term in self.terms), default=0)

    @property
    def longest(self) -> int:
        """Words of its longest n-gram."""
        return max((term.ngram.count("_") + 1 for term in self.terms), default=1)

    def joined(self, other: Vocabulary, *, keep_own: bool) -> Vocabulary:
        """Frequencies of both together, for the n-grams of ``other``, and with ``keep_own`` for those of this one."""
        own = {term.ngram: term.documents for term in self.terms}
        new = {term.ngram: term.documents for term in other.terms}
        names = [*own, *(n for n in new if n not in own)] if keep_own else list(new)
        counts = {name: own.get(name, 0) + new.get(name, 0) for name in names}
        return Vocabulary.of(counts, self.documents + other.documents)

    def only(self, ngrams: Iterable[str]) -> Vocabulary:
        kept = set(ngrams)
        return Vocabulary(tuple(term for term in self.terms if term.ngram in kept))


def document_frequencies(texts: Iterable[str | None], cutting: Cutting) -> Counter[str]:
    """How many texts have each n-gram."""
    found: Counter[str] = Counter()
    for text in texts:
        found.update(set(cutting.ngrams(text)))
    return found


class Weigher:
    """The weights of a text's n-grams under a vocabulary, by their position in it."""

    def __init__(self, vocabulary: Vocabulary, cutting: Cutting, weight: str, *, normalize: bool) -> None:
        self.positions = {term.ngram: i for i, term in enumerate(vocabulary.terms)}
        self._idf = [term.idf for term in vocabulary.terms]
        self._cutting = cutting
        self._weight = weight
        self._normalize = normalize

    def __call__(self, text: str | None) -> tuple[tuple[str, int], dict[int, float]]:
        """The n-grams of the vocabulary that the text has, in order, their number, and their weights."""
        found = [n for n in self._cutting.ngrams(text) if n in self.positions]
        counts = Counter(found)
        weights = self._weights(found, counts)
        if self._normalize:
            length = math.sqrt(math.fsum(w * w for w in weights.values()))
            weights = {position: w / length for position, w in weights.items()} if length else weights
        return (" ".join(counts), len(counts)), weights

    def _weights(self, found: Sequence[str], counts: Mapping[str, int]) -> dict[int, float]:
        at = self.positions
        match self._weight:
            case "TF Weight":
                return {at[n]: float(count) for n, count in counts.items()}
            case "IDF Weight":
                return {at[n]: self._idf[at[n]] for n in counts}
            case "TF-IDF Weight":
                return {at[n]: count * self._idf[at[n]] for n, count in counts.items()}
            case "Graph Weight":
                return {at[n]: rank for n, rank in text_rank(found).items()}
            case _:
                return dict.fromkeys((at[n] for n in counts), 1.0)


def text_rank(sequence: Sequence[str]) -> dict[str, float]:
    """TextRank: the page rank of n-grams, each linked to those that stand next to it in the text."""
    links: dict[str, Counter[str]] = {name: Counter() for name in sequence}
    for left, right in itertools.pairwise(sequence):
        if left != right:
            links[left][right] += 1
            links[right][left] += 1
    size = {name: sum(near.values()) for name, near in links.items()}
    rank = dict.fromkeys(links, 1.0)
    for _ in range(_ROUNDS):
        rank = {
            name: (1 - _DAMPING) + _DAMPING * math.fsum(rank[other] * n / size[other] for other, n in near.items())
            for name, near in links.items()
        }
    return rank
