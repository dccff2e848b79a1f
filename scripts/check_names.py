"""Names tell the noun: no file may be called utils, helpers, common or manager; no bare to-do notes."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from tree import Source, finish, iter_sources

BANNED = frozenset({"utils", "util", "helpers", "helper", "common", "manager", "misc", "base"})
_NOTE = re.compile(r"#.*\b(TODO|FIXME|XXX|HACK)\b(?!\(#\d+\))")


def find_problems(sources: list[Source]) -> list[str]:
    problems = []
    for source in sources:
        parts = PurePosixPath(source.name).with_suffix("").parts
        problems.extend(
            f"{source.name}: '{part}' names nothing; call it after the noun it defines"
            for part in parts
            if part in BANNED
        )
        for number, line in enumerate(source.text.splitlines(), 1):
            if source.name != "scripts/check_names.py" and _NOTE.search(line):
                problems.append(f"{source.name}:{number}: a note to do something later needs an issue number")
    return problems


if __name__ == "__main__":
    finish(find_problems(list(iter_sources("src", "tests", "scripts", "bench"))))
