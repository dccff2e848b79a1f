"""Builds the documentation as a folder of pages, ``site/``: the texts of ``docs/`` and a page for every module."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator

from markdown_it import MarkdownIt
from tree import ROOT

from restudio.core.params import Parameter, parameters_of, to_raw
from restudio.core.registry import Registry
from restudio.core.spec import Spec

SITE = ROOT / "site"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title} · Restudio</title><style>body{{max-width:54rem;margin:0 auto 4rem;padding:0 1rem;
font:16px/1.55 system-ui;color:#1b2430}}a{{color:#0b65b0}}
nav{{padding:.8rem 0;margin-bottom:1.5rem;border-bottom:1px solid #d9dee6}}
nav a{{margin-right:1.2rem;text-decoration:none}}
code{{background:#f1f4f8;border-radius:3px;padding:.1em .25em;font-size:.9em}}
pre{{background:#f1f4f8;border-radius:6px;padding:.8rem 1rem;overflow:auto;line-height:1.45}}pre code{{padding:0}}
table{{border-collapse:collapse}}td,th{{text-align:left;padding:.35rem 1rem .35rem 0;vertical-align:top;
border-bottom:1px solid #e4e8ee}}</style><nav>{links}</nav>{body}</html>"""
_LINKS = (
    ("index", "Restudio"),
    ("getting-started", "Getting started"),
    ("walkthroughs", "Walkthroughs"),
    ("retraining", "Retraining"),
    ("concepts/index", "Concepts"),
    ("modules/index", "Modules"),
    ("factory/activities", "Activities"),
    ("factory/expressions", "Expressions"),
    ("operators", "Operators"),
    ("errors", "Errors"),
    ("decisions/index", "Decisions"),
)


def write(name: str, text: str) -> None:
    """One Markdown text as a page; links between texts become links between pages."""
    body = MarkdownIt("commonmark").enable("table").render(text)
    body = re.sub(r'href="([^":]+)\.md(#[^"]*)?"', r'href="\1.html\2"', body).replace("README.html", "index.html")
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), name)
    path = SITE / f"{name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    links = "".join(f'<a href="{"../" * name.count("/")}{page}.html">{words}</a>' for page, words in _LINKS)
    path.write_text(_PAGE.format(title=html.escape(title), body=body, links=links), encoding="utf-8")


def module_text(spec: Spec) -> Iterator[str]:
    """Help of a module as Markdown, from its declaration alone."""
    yield f"# {spec.name}\n\n`{spec.id}` · {spec.category}\n\n{spec.help}\n"
    for title, ports in (("Inputs", spec.inputs), ("Outputs", spec.outputs)):
        if ports:
            yield f"\n## {title}\n"
            yield from (f"- `{p.name}`: {p.kind.value}{', optional' if p.optional else ''}" for p in ports)
    parameters = [parameter for _, parameter in parameters_of(spec.params)]
    if parameters:
        defaults = to_raw(spec.params())
        yield "\n## Parameters\n\n| name | kind | default | values | |\n|---|---|---|---|---|"
        for parameter in parameters:
            default = _default(defaults.get(parameter.name))
            cells = (parameter.name, parameter.kind.value, default, _values(parameter), parameter.help)
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _default(value: object) -> str:
    """A default in one line; scripts and selections are shown by the studio."""
    text = "" if value is None else str(value)
    return f"`{text}`" if text and len(text) <= 40 and "\n" not in text else ""


def _values(parameter: Parameter) -> str:
    """What may be given: choices, or bounds in words."""
    bounds = (("at least", parameter.ge), ("above", parameter.gt), ("at most", parameter.le), ("below", parameter.lt))
    told = [f"{words} {bound:g}" for words, bound in bounds if bound is not None]
    return ", ".join(parameter.choices) or ", ".join(told)


def main() -> None:
    shutil.rmtree(SITE, ignore_errors=True)
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").with_suffix("").as_posix()
        write(name.replace("README", "index"), path.read_text(encoding="utf-8"))
    specs = sorted((entry.spec for entry in Registry.collect("restudio.modules").values()), key=lambda s: s.name)
    for spec in specs:
        write(f"modules/{spec.id}", "\n".join(module_text(spec)))
    write("modules/index", "# Modules\n\n" + "\n".join(f"- [{s.name}]({s.id}.md): {s.category}" for s in specs))
    front = (ROOT / "README.md").read_text(encoding="utf-8").replace("](docs/", "](")
    write("index", front + "\n[Modules](modules/index.md)\n")
    print(f"{len(list(SITE.rglob('*.html')))} pages in {SITE.relative_to(ROOT)}/")


if __name__ == "__main__":
    main()
