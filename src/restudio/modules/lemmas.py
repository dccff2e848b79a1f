"""English words to their dictionary form, by a list of irregular ones and the rules of inflection.

Knows no parts of speech: ``meeting`` becomes ``meet`` as a noun too. A rule applies only where what is left has a vowel
and at least three letters, so that ``sing``, ``red`` and ``bus`` stay as they are.

>>> [lemma(w) for w in ("studies", "running", "boxes", "children", "was", "making", "missed", "news")]
['study', 'run', 'box', 'child', 'be', 'make', 'miss', 'news']
"""

from __future__ import annotations

import re

_IRREGULAR_TEXT = """
am:be are:be is:be was:be were:be been:be being:be has:have had:have having:have does:do did:do done:do doing:do
went:go gone:go goes:go said:say made:make took:take taken:take came:come saw:see seen:see knew:know known:know
got:get gotten:get gave:give given:give found:find thought:think told:tell became:become left:leave felt:feel
brought:bring began:begin begun:begin kept:keep held:hold wrote:write written:write stood:stand heard:hear meant:mean
met:meet ran:run paid:pay sat:sit spoke:speak spoken:speak led:lead grew:grow grown:grow lost:lose fell:fall
fallen:fall sent:send built:build understood:understand drew:draw drawn:draw broke:break broken:break spent:spend
rose:rise risen:rise drove:drive driven:drive bought:buy wore:wear worn:wear chose:choose chosen:choose sought:seek
taught:teach caught:catch fought:fight slept:sleep sold:sell won:win ate:eat eaten:eat drank:drink drunk:drink
sang:sing sung:sing swam:swim swum:swim threw:throw thrown:throw flew:fly flown:fly forgot:forget forgotten:forget
hid:hide hidden:hide rode:ride ridden:ride shook:shake shaken:shake stole:steal stolen:steal woke:wake woken:wake
men:man women:woman children:child people:person feet:foot teeth:tooth geese:goose mice:mouse oxen:ox lives:life
wives:wife knives:knife leaves:leaf wolves:wolf shelves:shelf halves:half thieves:thief loaves:loaf
better:good best:good worse:bad worst:bad further:far farther:far furthest:far farthest:far
using:use used:use uses:use dying:die lying:lie tying:tie died:die lied:lie tied:tie dies:die lies:lie ties:tie
tasted:taste tasting:taste wasted:waste wasting:waste movies:movie cookies:cookie buses:bus gases:gas
"""
_SAME_TEXT = """
news series species always perhaps various during nothing something anything everything thing morning evening
indeed speed need seed feed bleed breed proceed exceed succeed hundred sacred naked wicked across this his its us
yes plus thus bus gas lens physics mathematics politics economics athletics ceiling wedding king ring spring string
"""
_IRREGULAR = dict(pair.split(":") for pair in _IRREGULAR_TEXT.split())
_SAME = frozenset(_SAME_TEXT.split())
_VOWEL = re.compile("[aeiouy]")
_DOUBLED = re.compile(r"([bdfgmnprt])\1$")
_NEEDS_E = re.compile(
    r"(?:^[^aeiou]*[aeiou][^aeiouwxy]|[^aeiouwxy][aeiou][cgsuz]|[aeiou]{2}s|[aeiou]te|[^aeiou]at|creat|[^aeiou][aeiou]k"
    r"|[dr]g|[hr]ang|[nr]c|[nlr]s|v|u|[^e]e|bl|tl|pl|dl|gl|kl)$"
)
_SIBILANT = re.compile(r"(?:s|x|z|ch|sh)es$")


def lemma(word: str) -> str:
    """The dictionary form of a lower-case word; other words come back as they are."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if word in _SAME or len(word) < 4 or not word.isascii() or not word.isalpha() or not word.islower():
        return word
    if word.endswith("s"):
        return _singular(word)
    for ending in ("ing", "ed"):
        stem = word.removesuffix(ending)
        if stem != word and len(stem) > 2 and _VOWEL.search(stem):
            return _verb(stem, ending)
    return word


def _singular(word: str) -> str:
    """Of a noun, or of a verb in the third person."""
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if _SIBILANT.search(word) and not word.endswith(("uses", "ases", "oses", "ises", "izes", "azes")):
        return word[:-2]
    return word[:-2] if word.endswith("oes") else word[:-1]


def _verb(stem: str, ending: str) -> str:
    """The verb whose inflected form left this stem: ``runn`` → ``run``, ``mak`` → ``make``, ``stud(i)`` → ``study``."""
    if ending == "ed" and stem.endswith("i"):
        return stem[:-1] + "y"
    if len(stem) > 3 and _DOUBLED.search(stem):
        return stem[:-1]
    return stem + "e" if _NEEDS_E.search(stem) else stem
