"""Sizes of files and functions (aim: files median 150, p90 400 lines; functions median 5, p90 20).

Only outliers fail, and only unexplained ones: a file over 600 lines or a function body over 60 needs a comment or
docstring with the words "one thing" that says why it is one thing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tree import Source, finish, iter_sources

FILE_LIMIT = 600
BODY_LIMIT = 60
EXPLAINED = "one thing"


def body_lengths(source: Source) -> Iterator[tuple[str, int, int]]:
    """Qualified line, length of the body without its docstring, of each function."""
    for node in ast.walk(source.tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            start = body[0].lineno if body else node.lineno
            yield node.name, start, (node.end_lineno or start) - start + 1


def find_problems(sources: list[Source]) -> list[str]:
    problems = []
    for source in sources:
        lines = source.text.splitlines()
        if len(lines) > FILE_LIMIT and EXPLAINED not in source.text:
            problems.append(f"{source.name}: {len(lines)} lines; split it, or say why it is {EXPLAINED}")
        for name, start, length in body_lengths(source):
            text = "\n".join(lines[max(0, start - 12) : start + length])
            if length > BODY_LIMIT and EXPLAINED not in text:
                problems.append(f"{source.name}:{start}: {name} has {length} lines; split it, or say why")
    return problems


def quantile(values: list[int], share: float) -> int:
    """The value below which ``share`` of the sorted values lie; 0 for none."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))] if values else 0


def print_table(sources: list[Source]) -> None:
    files = [len(s.text.splitlines()) for s in sources]
    bodies = [length for s in sources for _, _, length in body_lengths(s)]
    print(f"files: {len(files)}, median {quantile(files, 0.5)}, p90 {quantile(files, 0.9)}, most {max(files)}")
    print(f"functions: {len(bodies)}, median {quantile(bodies, 0.5)}, p90 {quantile(bodies, 0.9)}, most {max(bodies)}")


if __name__ == "__main__":
    ours = list(iter_sources("src", "scripts"))
    print_table(ours)
    finish(find_problems(ours))
