"""Made reviews of books with a sentiment (1 good, 0 bad), and later ones that praise and blame in new words.

    python reviews.py FOLDER

A review says what it thinks in two or three words of opinion among neutral ones. One label in twenty is wrong, so that
no classifier can be right more often than in 95 % of the rows.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl

WRONG = 0.05
GOOD = [
    "wonderful",
    "gripping",
    "brilliant",
    "charming",
    "delightful",
    "moving",
    "superb",
    "witty",
    "touching",
    "memorable",
]
BAD = [
    "boring",
    "dreadful",
    "tedious",
    "clumsy",
    "shallow",
    "awful",
    "predictable",
    "dull",
    "pointless",
    "disappointing",
]
NEW_GOOD = ["unputdownable", "spellbinding", "luminous", "poignant", "riveting"]
NEW_BAD = ["plodding", "turgid", "soporific", "hackneyed", "incoherent"]
PLAIN = [
    "book",
    "story",
    "author",
    "chapter",
    "plot",
    "character",
    "hero",
    "village",
    "summer",
    "train",
    "letter",
    "family",
    "mother",
    "garden",
    "winter",
    "city",
    "journey",
    "friend",
    "house",
    "river",
    "doctor",
    "school",
    "teacher",
    "island",
    "captain",
    "morning",
    "evening",
    "window",
    "road",
]
FRAMES = (
    "I read this {0} in one {1}; the {2} is {a} and the {3} {b}.",
    "A {a} {0}! The {1} about the {2} felt {b}, and so did the {3}.",
    "My {0} gave me this {1}. {A}, {b} and in the end {c}: see http://example.org/{2} for the {3}.",
    "The {0}, the {1} and the {2} were {a}... what a {b} {3}!!!",
)


def make() -> dict[str, pl.DataFrame]:
    """File name → table."""
    first = write(600, GOOD, BAD, seed=11)
    later = write(600, [*GOOD[:5], *NEW_GOOD], [*BAD[:5], *NEW_BAD], seed=12)
    return {"reviews.csv": first, "new-reviews.csv": pl.concat([first, later])}


def write(rows: int, good: Sequence[str], bad: Sequence[str], seed: int) -> pl.DataFrame:
    random = np.random.default_rng(seed)
    liked = random.random(rows) < 0.5
    texts = []
    for likes in liked:
        a, b, c = random.choice(good if likes else bad, 3, replace=False)
        frame = FRAMES[random.integers(len(FRAMES))]
        texts.append(frame.format(*random.choice(PLAIN, 4, replace=False), a=a, b=b, c=c, A=a.capitalize()))
    told = liked ^ (random.random(rows) < WRONG)
    return pl.DataFrame({"sentiment": told.astype(np.int64), "review": texts})


if __name__ == "__main__":
    for name, table in make().items():
        table.write_csv(Path(sys.argv[1]) / name)
