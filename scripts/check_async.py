"""One colour per function: coroutines only in the HTTP faces (and the tests of them)."""

from __future__ import annotations

import ast

from tree import Source, finish, iter_sources

ALLOWED = ("src/restudio/http/", "src/restudio/scoring/dataplane.py", "src/restudio/app/serve.py")


def find_problems(sources: list[Source]) -> list[str]:
    return [
        f"{source.name}:{node.lineno}: 'async def {node.name}' outside {', '.join(ALLOWED)}"
        for source in sources
        if not source.name.startswith(ALLOWED)
        for node in ast.walk(source.tree)
        if isinstance(node, ast.AsyncFunctionDef)
    ]


if __name__ == "__main__":
    finish(find_problems(list(iter_sources("src"))))
