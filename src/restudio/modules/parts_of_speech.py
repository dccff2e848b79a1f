"""Parts of speech of English words in their sentence, by the rules of Brill's tagger.

E. Brill, "A simple rule-based part of speech tagger", ANLP 1992. A word gets its most frequent tag from a lexicon; an
unknown one gets its tag from its form; then rules look at the neighbours, in the order in which they were learned. The
tables are those of Brill's tagger 1.14 as TextBlob 0.20.1 ships them (``english/``, with its licences): plain text, so
that nothing is executed when they are read. Tags are those of the Penn Treebank.

The published lexicon tells one tag of a word, not all that it was seen with, which Brill's rules need: they may give a
known word only a tag that it can have. ``_may_become`` asks its inflected forms instead; without it the rules make more
mistakes than they mend.

>>> tags(["The", "old", "man", "reads", "slowly"])
['DT', 'JJ', 'NN', 'VBZ', 'RB']
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

NOUNS = frozenset({"NN", "NNS", "NNP", "NNPS"})
VERBS = frozenset({"VB", "VBD", "VBG", "VBN", "VBP", "VBZ", "MD"})
ADJECTIVES = frozenset({"JJ", "JJR", "JJS"})

_TABLES = Path(__file__).with_name("english")
_COMMENT = ";;;"
_EDGE = "STAART"
"""Brill's name of what stands before and after a sentence."""
_REACH = 3
"""So many words a rule looks ahead and back."""
_OPEN = NOUNS | VERBS - {"MD"} | ADJECTIVES
_PRONOUNS = frozenset(f"{some}{one}" for some in ("some", "any", "every", "no") for one in ("one", "body", "thing"))
"""Nouns to the Penn Treebank, pronouns to everybody else."""


def _rows(name: str) -> Iterator[list[str]]:
    for line in (_TABLES / name).read_text(encoding="utf-8").splitlines():
        if line.strip() and not line.startswith(_COMMENT):
            yield line.split()


@cache
def _lexicon() -> Mapping[str, str]:
    return {word: tag.partition("|")[0] for word, tag, *_ in _rows("lexicon.txt")}


class _FormRule(NamedTuple):
    """Of an unknown word that has the tag ``old`` (None: any) and for whose form ``holds`` is true of ``part``."""

    old: str | None
    new: str
    holds: Callable[[str, str, str, str], bool]
    part: str


class _NeighbourRule(NamedTuple):
    """Makes a word ``new`` if ``holds`` is true of its neighbours and ``first`` and ``second``; ``place`` is from 1."""

    place: int
    new: str
    holds: Callable[[Sequence[str], Sequence[str], int, str, str], bool]
    first: str
    second: str


class _Rules(NamedTuple):
    forms: tuple[_FormRule, ...]
    neighbours: Mapping[str, Sequence[_NeighbourRule]]
    """By the tag of the word that they are about."""


_FORMS: Mapping[str, Callable[[str, str, str, str], bool]] = {
    "char": lambda word, _before, _after, x: x in word,
    "haspref": lambda word, _before, _after, x: word.startswith(x),
    "hassuf": lambda word, _before, _after, x: word.endswith(x),
    "addsuf": lambda word, _before, _after, x: word + x in _lexicon(),
    "deletepref": lambda word, _before, _after, x: word.startswith(x) and word.removeprefix(x) in _lexicon(),
    "deletesuf": lambda word, _before, _after, x: word.endswith(x) and word.removesuffix(x) in _lexicon(),
    "goodleft": lambda _word, _before, after, x: x == after,
    "goodright": lambda _word, before, _after, x: x == before,
}
"""By the name in ``morphology.txt``: of the word, its neighbours, and the text of the rule."""

_NEIGHBOURS: Mapping[str, Callable[[Sequence[str], Sequence[str], int, str, str], bool]] = {
    "PREVTAG": lambda _w, t, i, x, _y: t[i - 1] == x,
    "NEXTTAG": lambda _w, t, i, x, _y: t[i + 1] == x,
    "PREV2TAG": lambda _w, t, i, x, _y: t[i - 2] == x,
    "NEXT2TAG": lambda _w, t, i, x, _y: t[i + 2] == x,
    "PREV1OR2TAG": lambda _w, t, i, x, _y: x in t[i - 2 : i],
    "NEXT1OR2TAG": lambda _w, t, i, x, _y: x in t[i + 1 : i + 3],
    "PREV1OR2OR3TAG": lambda _w, t, i, x, _y: x in t[i - 3 : i],
    "SURROUNDTAG": lambda _w, t, i, x, y: t[i - 1] == x and t[i + 1] == y,
    "PREVBIGRAM": lambda _w, t, i, x, y: t[i - 2] == x and t[i - 1] == y,
    "NEXTBIGRAM": lambda _w, t, i, x, y: t[i + 1] == x and t[i + 2] == y,
    "CURWD": lambda w, _t, i, x, _y: w[i] == x,
    "PREVWD": lambda w, _t, i, x, _y: w[i - 1] == x,
    "NEXTWD": lambda w, _t, i, x, _y: w[i + 1] == x,
    "PREV1OR2WD": lambda w, _t, i, x, _y: x in w[i - 2 : i],
    "LBIGRAM": lambda w, _t, i, x, y: w[i - 1] == x and w[i] == y,
    "RBIGRAM": lambda w, _t, i, x, y: w[i] == x and w[i + 1] == y,
    "WDAND2AFT": lambda w, _t, i, x, y: w[i] == x and w[i + 2] == y,
    "WDPREVTAG": lambda w, t, i, x, y: t[i - 1] == x and w[i] == y,
    "WDNEXTTAG": lambda w, t, i, x, y: w[i] == x and t[i + 1] == y,
    "WDAND2TAGBFR": lambda w, t, i, x, y: t[i - 2] == x and w[i] == y,
    "WDAND2TAGAFT": lambda w, t, i, x, y: w[i] == x and t[i + 2] == y,
}
"""By the name in ``context.txt``: of the words, their tags, the place, and both texts of the rule."""


def tags(words: Sequence[str]) -> list[str]:
    """The tag of each word and punctuation mark of one sentence, in the case in which they were written."""
    padding = [_EDGE] * _REACH
    spelled = [*padding, *words, *padding]
    places = range(_REACH, len(spelled) - _REACH)
    found = [*padding, *(_alone(spelled, i) for i in places), *padding]
    rules = _rules().neighbours
    for i in places:
        last = 0
        while (step := _next(rules.get(found[i], ()), last, spelled, found, i)) is not None:
            last, found[i] = step
    return found[_REACH:-_REACH]


def _next(
    rules: Sequence[_NeighbourRule], last: int, spelled: Sequence[str], found: Sequence[str], i: int
) -> tuple[int, str] | None:
    """The first rule after the ``last`` applied one that changes the tag of a word: its place, and the new tag."""
    for place, new, holds, first, second in rules:
        if place > last and holds(spelled, found, i, first, second) and _may_become(spelled[i], found[i], new):
            return place, new
    return None


def _alone(spelled: Sequence[str], i: int) -> str:
    """The tag of a word without regard to its neighbours' tags."""
    word = spelled[i]
    known = _known(word, starts=i == _REACH)
    if known is not None:
        return known
    if not word[0].isalpha():
        return "CD" if word[0].isdigit() else "SYM"
    if word[0].isupper() and i > _REACH:
        return "NNP"
    tag, lowered = "NN", word.lower()
    for old, new, holds, part in _rules().forms:
        if old in (None, tag) and holds(lowered, spelled[i - 1], spelled[i + 1], part):
            tag = new
    return tag


@lru_cache(maxsize=100_000)
def _known(word: str, *, starts: bool) -> str | None:
    """The lexicon's tag, else that of the other case: first of the lower one where a capital says nothing."""
    lexicon, lowered = _lexicon(), word.lower()
    if lowered in _PRONOUNS:
        return "PRP"
    ways = (lowered, word) if starts or (word.isupper() and len(word) > 1) else (word, lowered)
    return next((lexicon[way] for way in (*ways, lowered.capitalize()) if way in lexicon), None)


def _may_become(word: str, old: str, new: str) -> bool:
    """Whether a rule may take this word of tag ``old`` for one of tag ``new``."""
    lowered = word.lower()
    if new in ("NNP", "NNPS"):
        return word[0].isupper()
    if new == "VBG":
        return lowered.endswith("ing")
    if new == "NNS":
        return lowered.endswith("s") and len(word) > 2
    if new == "VBZ":
        return lowered.endswith("s") and (_is_verb(lowered[:-1]) or _is_verb(lowered.removesuffix("es")))
    if new in ("VB", "VBP") and old not in VERBS:
        return _is_verb(lowered)
    if new == "NN" and old in ("VB", "VBP"):
        return _lexicon().get(lowered + "s") == "NNS"
    # A function word stays one: "in" is no verb, whatever stands beside it.
    return new not in _OPEN or old in _OPEN


def _is_verb(word: str) -> bool:
    """Whether its participle or its past is known: ``worked`` of work, ``making`` of make, ``stopped`` of stop."""
    lexicon = _lexicon()
    stems = (word, word[:-1]) if word.endswith("e") else (word, word + word[-1:])
    return word == "like" or any(lexicon.get(stem + end) in VERBS for stem in stems for end in ("ing", "ed"))


@cache
def _rules() -> _Rules:
    neighbours: dict[str, list[_NeighbourRule]] = {}
    # The last five, of any tag ("*"), were added to Brill's later and are about function words: never asked for.
    for place, (old, new, name, first, *second) in enumerate(_rows("context.txt"), 1):
        rule = _NeighbourRule(place, new, _NEIGHBOURS[name], first, second[0] if second else "")
        neighbours.setdefault(old, []).append(rule)
    return _Rules(tuple(map(_form_rule, _rows("morphology.txt"))), neighbours)


def _form_rule(row: list[str]) -> _FormRule:
    """``ly hassuf 2 RB x`` of any word, ``NN ed fhassuf 2 VBN x`` of one that has a tag."""
    if row[1] in _FORMS:
        return _FormRule(None, row[-2], _FORMS[row[1]], row[0])
    return _FormRule(row[0], row[-2], _FORMS[row[2].removeprefix("f")], row[1])
