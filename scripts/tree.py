"""What the checks of the house walk over: our Python files as syntax trees."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True, slots=True)
class Source:
    """One file; ``name`` is its path from the root of the repository."""

    name: str
    text: str
    tree: ast.Module


def iter_sources(*folders: str, root: Path = ROOT) -> Iterator[Source]:
    """Every Python file below the folders, in order of name."""
    for folder in folders:
        for path in sorted((root / folder).rglob("*.py")):
            text = path.read_text(encoding="utf-8")
            yield Source(path.relative_to(root).as_posix(), text, ast.parse(text, filename=str(path)))


def finish(problems: Sequence[str]) -> None:
    """Print the problems and leave with status 1 when there are some."""
    for problem in problems:
        print(problem)
    sys.exit(1 if problems else 0)
