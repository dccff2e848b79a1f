"""English dictionary forms."""

from __future__ import annotations

import pytest

from restudio.modules.lemmas import lemma

PAIRS = """
studies:study running:run boxes:box loved:love hated:hate stopped:stop planned:plan walks:walk talked:talk
created:create causes:cause houses:house churches:church changed:change charging:charge dancing:dance tables:table
handled:handle voices:voice noted:note wanted:want eating:eat reading:read needed:need played:play serves:serve
arrived:arrive agreed:agree seeing:see buying:buy raised:raise increased:increase closed:close visited:visit
offered:offer opened:open happening:happen cooked:cook looking:look taking:take liked:like helped:help argued:argue
continued:continue believed:believe recommended:recommend disappointed:disappoint amazing:amaze tasted:taste
waiting:wait priced:price surprised:surprise rated:rate named:name hoped:hope hopped:hop cats:cat selling:sell
falling:fall adding:add was:be better:good children:child worse:bad
"""


@pytest.mark.parametrize("pair", PAIRS.split())
def test_inflected_words(pair: str) -> None:
    word, expected = pair.split(":")
    assert lemma(word) == expected


SAME = "sing red bus gas news always glass this naïves Cats c4s a run string need"


@pytest.mark.parametrize("word", SAME.split())
def test_words_that_stay(word: str) -> None:
    assert lemma(word) == word
