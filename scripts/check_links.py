"""Links lead somewhere: every relative link of a page names a file that is there, and a heading that it has."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tree import ROOT, finish

_CODE = re.compile(r"^```.*?^```", re.M | re.S)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.*)$", re.M)
_ABSOLUTE = re.compile(r"[a-z][a-z0-9+.-]*:")


@cache
def anchors(page: Path) -> frozenset[str]:
    """The names under which a page's headings are linked to."""
    return frozenset(_slug(text) for text in _HEADING.findall(_CODE.sub("", page.read_text())))


def _slug(heading: str) -> str:
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def find_problems(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_CODE.sub("", page.read_text())):
        if _ABSOLUTE.match(link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists():
            yield f"{page.relative_to(ROOT)}: the link '{link}' leads to no file"
        elif anchor and target.suffix == ".md" and anchor not in anchors(target):
            yield f"{page.relative_to(ROOT)}: the link '{link}' leads to a heading that is not there"


def iter_pages() -> Iterator[Path]:
    yield from sorted(ROOT.glob("*.md"))
    for top in ("docs", "examples", "changelog.d", "bench", "tests", "src"):
        yield from sorted((ROOT / top).rglob("*.md"))


if __name__ == "__main__":
    finish([problem for page in iter_pages() for problem in find_problems(page)])
