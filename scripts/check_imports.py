"""What may be used where, beyond the layers that import-linter checks.

- Third-party libraries with one home (``HOMES``).
- The environment is read in ``app/settings.py`` alone.
- ``pickle``, ``eval`` and ``exec`` nowhere in the product.
- JSON is read as a typed value through ``core/decoding.py`` alone, which keeps threads apart.
- The pure layers do not read clocks or the network and use no unseeded randomness.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tree import Source, finish, iter_sources

HOMES: dict[str, tuple[str, ...]] = {
    "litestar": ("http/",),
    "uvicorn": ("app/", "http/rrs_protocol.py"),
    "jinja2": ("http/",),
    "prometheus_client": ("http/", "scoring/"),
    "httpx": ("client/", "cli/", "blobs/", "app/"),
    "dbos": ("storage/",),
    "obstore": ("storage/", "app/"),
    "psycopg": ("storage/",),
    "alembic": ("storage/",),
    "cryptography": ("storage/",),
    "argon2": ("identity/",),
    "typer": ("cli/",),
    "rich": ("cli/",),
    "sklearn": ("modules/", "cli/"),
    "scipy": ("modules/", "kernels/"),
    "lightgbm": ("modules/", "kernels/"),
    "pandas": ("modules/", "tables/", "engine/"),
    "arff": ("tables/",),
    "babel": ("expressions/",),
}
FORBIDDEN = frozenset({"pickle", "cloudpickle", "dill", "shelve", "marshal"})
PURE = ("core/", "graph/", "kernels/", "artifacts/", "tables/", "expressions/")
IMPURE = frozenset({"time", "random", "secrets", "socket", "requests", "httpx", "subprocess"})
EXECUTES = frozenset({"engine/script_child.py"})
"""Runs the user's own script, in the sandboxed process that is there for nothing else."""
DECODING = "core/decoding.py"
PREFIX = "src/restudio/"


def imported(source: Source) -> Iterator[tuple[str, int]]:
    """Top package and line of every import, also of those inside functions."""
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name.partition(".")[0], node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.partition(".")[0], node.lineno


def find_problems(sources: list[Source]) -> list[str]:
    problems = []
    for source in sources:
        inner = source.name.removeprefix(PREFIX)
        for package, line in imported(source):
            if package in HOMES and not inner.startswith(HOMES[package]):
                problems.append(f"{source.name}:{line}: {package} belongs to {', '.join(HOMES[package])}")
            if package in FORBIDDEN:
                problems.append(f"{source.name}:{line}: {package} can execute what it reads")
            if package in IMPURE and inner.startswith(PURE):
                problems.append(f"{source.name}:{line}: {package} in a pure layer; take the value as an argument")
        problems.extend(_calls(source, inner))
    return problems


def _calls(source: Source, inner: str) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            if node.attr in ("environ", "getenv") and inner != "app/settings.py":
                yield f"{source.name}:{node.lineno}: the environment is read in app/settings.py"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("eval", "exec"):
            if inner in EXECUTES:
                continue
            yield f"{source.name}:{node.lineno}: {node.func.id} is not used in the product"
        elif isinstance(node, ast.Call) and inner != DECODING and _decodes_typed(node):
            yield f"{source.name}:{node.lineno}: use decode_json or from_builtins of {DECODING}"


def _decodes_typed(call: ast.Call) -> bool:
    called = ast.unparse(call.func)
    if called == "msgspec.json.decode":
        return len(call.args) > 1 or any(keyword.arg == "type" for keyword in call.keywords)
    return called in ("msgspec.convert", "msgspec.json.Decoder")


if __name__ == "__main__":
    finish(find_problems(list(iter_sources("src"))))
