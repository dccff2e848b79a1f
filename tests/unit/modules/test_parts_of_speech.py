"""Parts of speech of English words: sentences with the tags that the Penn Treebank gives them, and odd input."""

from __future__ import annotations

import pytest

from restudio.modules.parts_of_speech import tags

SENTENCES = """
The/DT old/JJ man/NN reads/VBZ slowly/RB ./.
She/PRP likes/VBZ to/TO work/VB ,/, and/CC her/PRP$ work/NN is/VBZ good/JJ
Their/PRP$ plans/NNS plan/VBP for/IN rain/NN
We/PRP will/MD book/VB a/DT table/NN and/CC read/VB the/DT book/NN
the/DT service/NN was/VBD terrible/JJ
Nothing/PRP was/VBD told/VBN about/IN the/DT increase/NN
He/PRP lives/VBZ in/IN Berlin/NNP
he/PRP lives/VBZ in/IN berlin/NNP
The/DT grommeting/NN of/IN blorks/NNS
They/PRP have/VBP blorked/VBN it/PRP quixotically/RB
"""


@pytest.mark.parametrize("sentence", SENTENCES.strip().splitlines())
def test_sentences(sentence: str) -> None:
    words, expected = zip(*(token.rsplit("/", 1) for token in sentence.split()), strict=True)
    assert dict(zip(words, tags(words), strict=True)) == dict(zip(words, expected, strict=True))


def test_a_function_word_stays_one() -> None:
    # Brill's rules make verbs of prepositions that stand before an infinitive; only "like" is one.
    assert tags(["people", "in", "work"])[1] == "IN"
    assert tags(["We", "like", "it"])[1] == "VBP"


def test_odd_input() -> None:
    assert tags([]) == []
    assert tags(["42", "3rd", "§", "_x"]) == ["CD", "CD", "SYM", "SYM"]
    assert len(tags(["schön", "日本", "🙂", "x" * 10_000, "STAART"])) == 5
