"""Writes ``docs/factory/functions.md`` from the declarations of the functions."""

from __future__ import annotations

from tree import ROOT

from restudio.expressions.help import functions_page

if __name__ == "__main__":
    (ROOT / "docs" / "factory" / "functions.md").write_text(functions_page(), encoding="utf-8")
