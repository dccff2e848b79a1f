"""Texts: hash, count n-grams, clean. On 100,000 sentences of 8 to 24 words."""

from __future__ import annotations

import re

from bench.modules.rows import LABEL
from bench.modules.scenario import Frames, names, scenario
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer

SENTENCES = "100,000 sentences"


@scenario("feature-hashing", {"Target columns": names("text")}, inputs=("texts",), note=SENTENCES)
def hashing(frames: Frames) -> object:
    vectorizer = HashingVectorizer(n_features=2**10, ngram_range=(1, 2), alternate_sign=False, norm=None)
    return vectorizer.transform(frames.polars("texts")["text"].to_list()).toarray()


@scenario(
    "extract-n-gram-features-from-text",
    {
        "Text column": names("text"),
        "Weighting function": "TF-IDF Weight",
        "Use filter-based feature selection": "False",
        "Minimum n-gram document absolute frequency": 500,
    },
    inputs=("texts",),
    note=SENTENCES,
    reason="the module also lists the n-grams of each text and counts the texts that have others",
)
def tf_idf(frames: Frames) -> object:
    return TfidfVectorizer(min_df=500).fit_transform(frames.polars("texts")["text"].to_list()).toarray()


@scenario(
    "preprocess-text",
    {"Text column to clean": names("text")},
    inputs=("texts",),
    note=SENTENCES,
    reason="the plain way neither finds sentences nor levels repeated letters, contractions and inflections",
)
def clean_by_expressions(frames: Frames) -> object:
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    junk = re.compile(r"https?://\S+|\S+@\S+|[0-9]+|[^a-z\s]")
    cleaned = []
    for text in frames.polars("texts")["text"]:
        words = junk.sub(" ", text.lower()).split()
        cleaned.append(" ".join(word for word in words if word not in ENGLISH_STOP_WORDS))
    return cleaned


@scenario(
    "filter-based-feature-selection",
    {"Feature scoring method": "Mutual Information", "Target column": names(LABEL), "Number of desired features": 3},
)
def mutual_information(frames: Frames) -> object:
    import polars as pl
    from sklearn.metrics import mutual_info_score

    frame = frames.polars("main")
    found = {}
    for name in frame.columns:
        if name == LABEL:
            continue
        values = frame[name]
        if values.dtype.is_numeric() and values.n_unique() > 10:
            values = values.fill_null(0).qcut(10, allow_duplicates=True).cast(pl.String)
        codes = values.cast(pl.Categorical).to_physical().to_numpy()
        found[name] = mutual_info_score(codes, frame[LABEL].cast(pl.Categorical).to_physical().to_numpy())
    return found
