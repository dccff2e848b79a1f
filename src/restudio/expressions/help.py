"""The functions as text for people, from their declarations alone."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

from restudio.core.registry import iter_modules
from restudio.expressions import functions
from restudio.expressions.catalog import families


def functions_page() -> str:
    """A Markdown page of all functions by family."""
    return "\n".join(_lines()) + "\n"


def _lines() -> Iterator[str]:
    yield "# Functions of the expression language\n"
    yield "What stands in brackets may be left out, and `…` may be repeated. Functions with a `+` are understood by the"
    yield "original's engine without being on Data Factory's list. How expressions are written and evaluated stands in"
    yield "[Expressions](expressions.md)."
    titles = {module.__name__.rpartition(".")[2]: _title(module.__doc__) for module in iter_modules(functions)}
    for family, members in families().items():
        yield f"\n## {titles[family]}\n"
        yield "| function | gives |\n|---|---|"
        for each in sorted(members, key=lambda member: member.name.lower()):
            also = "".join(f", `{alias}`" for alias in each.aliases)
            help_text = " ".join(each.help.split()).replace("|", "\\|")
            yield f"| `{each.usage}`{also}{' +' if each.extra else ''} | {help_text} |"


def _title(text: str | None) -> str:
    """The first words of a module's text, up to what is in parentheses or a full stop."""
    first = inspect.cleandoc(text or "").partition("\n")[0]
    return first.partition(" (")[0].partition(".")[0].partition(":")[0]
