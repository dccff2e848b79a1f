"""Documented errors: what the reference lists for a module is declared above it, or has a reason why it never comes.

The reference lies beside the repository; without it there is nothing to compare with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from restudio.core.registry import Registry

CATALOG = Registry.collect("restudio.modules")
REFERENCE = Path(__file__).parents[3] / "shared" / "reference" / "modules.md"
pytestmark = pytest.mark.skipif(not REFERENCE.exists(), reason="the reference is not beside the repository")

_HEAD = re.compile(
    r"^(?:#### |\*\*)\d+(?:–\d+)? (?P<name>[^*\n—]+?)(?:\*\*)? — T[12]\b|^\| \d+ \| \*\*(?P<row>[^*]+)\*\* T[12]\b"
    r"|^(?:#### |\*\*)\d+.*T3\b|^\| \d+ \| \*\*.*\*\* T3\b",
    re.MULTILINE,
)
_LIST = re.compile(r"(?:\*\*Errors\*\*|Errors:?) ((?:\d{4}|[–,;+ ]|\([^)\d]*\d{0,4}[^)]*\))+)")
_CODES = re.compile(r"(\d{4})(?:–(\d{4}))?")

NO_COLUMNS = "a dataset without the columns that are needed is told by 0001, 0003 or 0011"
BY_CHOICE = "every choice that does not exist is 0002"
NEVER: Mapping[str, Mapping[str, str]] = {
    "import-data": {
        "0027": "no two lists are compared",
        "0046": "no directory is made",
        "0155": "Azure Cosmos DB is not reached (0039)",
        "0157": "Azure Cosmos DB is not reached (0039)",
    },
    "export-data": {
        "0018": "every dataset can be written",
        "0071": "what storage refuses is 0064, and what a database refuses 0015",
        "0077": BY_CHOICE,
    },
    "unpack-zipped-datasets": {"0136": "a file always comes with its name"},
    "add-columns": {"0017": "columns of every type can stand beside others"},
    "add-rows": {"0008": "it has no parameter"},
    "clean-missing-data": {
        "0013": "it takes no learner",
        "0039": "what a library refuses is 1000",
        "0080": "a parameter decides what becomes of columns without any value",
        "1000": "a MICE model of data without gaps fills those of other data",
    },
    "join-data": {
        "0006": "it has no bounded parameter",
        "0017": "columns of every type can be keys; of different ones it is 0016",
        "0020": NO_COLUMNS,
        "0028": "names that both datasets have get a suffix",
    },
    "edit-metadata": {"0017": "what cannot be converted is 0042"},
    "remove-duplicate-rows": {"0017": "values of every type can be compared"},
    "split-data": {"0018": "every dataset can be split"},
    "group-data-into-bins": {
        "0020": NO_COLUMNS,
        "0038": "any number of edges will do",
        "0039": "what a library refuses is 1000",
    },
    "principal-component-analysis": {"0081": "no column is sparse"},
    "permutation-feature-importance": {"0105": BY_CHOICE},
    "pca-based-anomaly-detection": {
        "0017": "columns of every type can be features",
        "0047": "the learner sees no data; Train Anomaly Detection Model refuses it",
        "0062": "no models are compared",
    },
    "cross-validate-model": {
        "0006": "it has no parameter with an upper bound",
        "0032": "NaN among the labels is no label: 0134",
        "0035": "only recommenders have users and items",
    },
    "train-model": {
        "0020": "without a feature beside the label it is 0047",
        "0021": "no row with a label is 0134, none without a gap 0130",
        "0032": "NaN among the labels is no label: 0134",
        "0035": "only recommenders have users and items",
    },
    "score-model": {
        "0032": "features that are NaN are scored",
        "0033": "features that are infinite are scored",
    },
    "evaluate-model": {"0020": "without its columns a dataset is not scored: 0024 or 0025"},
    "feature-hashing": {"0004": "its numbers are bounded at both ends: 0008"},
    "preprocess-text": {
        "0030": "stop words come through a port, not from an address",
        "0048": "stop words come through a port, not from a file",
        "0049": "stop words come through a port, not from a file",
    },
    "execute-r-script": {"0084": "scores of a script that cannot be evaluated are told by Evaluate Model"},
}
"""Documented errors that do not come here, by module."""


def _documented() -> Iterator[tuple[str, tuple[str, ...]]]:
    """Ids of the modules that are here, of the first two tiers, with the errors that the reference lists."""
    text = REFERENCE.read_text(encoding="utf-8")
    text = text[text.index("## 5. Modules") : text.index("## 6. ")]
    heads = list(_HEAD.finditer(text))
    for head, end in zip(heads, [*(found.start() for found in heads[1:]), len(text)], strict=True):
        name = head["name"] or head["row"]
        entry = CATALOG.find(re.sub(r"\(.*", "", name).strip()) if name else None
        listed = _LIST.search(text, head.start(), end)
        if entry is not None and listed is not None:
            yield entry.spec.id, tuple(_spelled(listed[1]))


def _spelled(codes: str) -> Iterator[str]:
    """``0002–0004, 0011`` one by one."""
    for first, last in _CODES.findall(codes):
        yield from (f"{code:04}" for code in range(int(first), int(last or first) + 1))


DOCUMENTED = dict(_documented()) if REFERENCE.exists() else {}


def test_the_reference_is_read() -> None:
    assert len(DOCUMENTED) >= 35
    assert DOCUMENTED["enter-data-manually"] == ("0003", "0049")
    assert DOCUMENTED["import-data"][-4:] == ("0154", "0155", "0156", "0157")
    assert set(NEVER) <= set(DOCUMENTED)


@pytest.mark.parametrize("module", DOCUMENTED)
def test_documented_errors_are_declared(module: str) -> None:
    missing = set(DOCUMENTED[module]) - set(CATALOG[module].spec.errors)
    assert missing == set(NEVER.get(module, {}))
