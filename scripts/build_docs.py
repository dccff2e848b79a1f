"""Builds the documentation as a folder of pages, ``site/``: the texts of ``docs/`` and a page for every module."""

from __future__ import annotations

import html
import re
import shutil
from collections.abc import Iterator

from markdown_it import MarkdownIt
from tree import ROOT

from restudio.core.params import parameters_of
from restudio.core.registry import Registry
from restudio.core.spec import Spec

SITE = ROOT / "site"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>body{{max-width:50rem;margin:2rem auto;padding:0 1rem;font:16px/1.5 system-ui}}
pre,code{{background:#f4f4f4}}pre{{padding:.7rem;overflow:auto}}td,th{{text-align:left;padding:.2rem .8rem .2rem 0;
vertical-align:top}}</style>{body}</html>"""


def write(name: str, text: str) -> None:
    """One Markdown text as a page; links between texts become links between pages."""
    body = MarkdownIt("commonmark").enable("table").render(text)
    body = re.sub(r'href="([^":]+)\.md(#[^"]*)?"', r'href="\1.html\2"', body).replace("README.html", "index.html")
    title = next((line[2:] for line in text.splitlines() if line.startswith("# ")), name)
    path = SITE / f"{name}.html"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(_PAGE.format(title=html.escape(title), body=body), encoding="utf-8")


def module_text(spec: Spec) -> Iterator[str]:
    """Help of a module as Markdown, from its declaration alone."""
    yield f"# {spec.name}\n\n`{spec.id}` · {spec.category}\n\n{spec.help}\n"
    for title, ports in (("Inputs", spec.inputs), ("Outputs", spec.outputs)):
        if ports:
            yield f"\n## {title}\n"
            yield from (f"- `{p.name}`: {p.kind.value}{', optional' if p.optional else ''}" for p in ports)
    parameters = [parameter for _, parameter in parameters_of(spec.params)]
    if parameters:
        yield "\n## Parameters\n\n| name | kind | choices | |\n|---|---|---|---|"
        for parameter in parameters:
            cells = (parameter.name, parameter.kind.value, ", ".join(parameter.choices), parameter.help)
            yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


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
