"""Expressions as pipelines have them: evaluated when compiled already, compiled and evaluated, beside plain Python.

    python -m bench.expressions [--rounds 5]

CPU time of one thread; the result of each expression is compared with that of the plain Python beside it before
anything is measured. Results go to bench/results/expressions.md.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.machine import describe_machine

from restudio.expressions.scope import Scope
from restudio.expressions.template import compile_anew, compile_template

RESULTS = Path(__file__).parent / "results" / "expressions.md"
TARGET = 50_000
NOW = datetime(2024, 5, 6, 7, 8, 9, 123456, tzinfo=UTC)
PARAMETERS = {"folder": "in/adult", "date": "2024-05-06T07:08:09Z", "count": 7, "tables": ["a", "b", "c"]}
PIPELINE = {"RunId": "0f5d2f66-1a4d-4c0a-9c34-3a1a6ad3b0ce", "parameters": PARAMETERS}
FIRST_ROW = {"rows": 32561}
OUTPUT = {"firstRow": FIRST_ROW, "value": [{"id": i} for i in range(10)]}
ACTIVITIES = {"Look Up": {"output": OUTPUT, "status": "Succeeded"}}

CASES: tuple[tuple[str, Callable[[], Any]], ...] = (
    ("in/adult/part.csv", lambda: "in/adult/part.csv"),
    ("@pipeline().parameters.folder", lambda: PIPELINE["parameters"]["folder"]),  # type: ignore[index]
    (
        "@{pipeline().parameters.folder}/@{pipeline().RunId}/part.csv",
        lambda: f"{PARAMETERS['folder']}/{PIPELINE['RunId']}/part.csv",
    ),
    (
        "@concat(pipeline().parameters.folder,'/',pipeline().parameters.count,'.csv')",
        lambda: "".join((str(PARAMETERS["folder"]), "/", str(PARAMETERS["count"]), ".csv")),
    ),
    (
        "@activity('Look Up').output.value[sub(pipeline().parameters.count,1)].id",
        lambda: OUTPUT["value"][int(str(PARAMETERS["count"])) - 1]["id"],  # type: ignore[index]
    ),
    (
        "@if(greater(activity('Look Up').output.firstRow.rows,1000),'train','wait')",
        lambda: "train" if FIRST_ROW["rows"] > 1000 else "wait",
    ),
    (
        "@formatDateTime(pipeline().parameters.date,'yyyy/MM/dd')",
        lambda: datetime.fromisoformat(str(PARAMETERS["date"])).strftime("%Y/%m/%d"),
    ),
    (
        "@addDays(pipeline().parameters.date,-1)",
        lambda: (datetime.fromisoformat(str(PARAMETERS["date"])) - timedelta(days=1)).strftime(
            "%Y-%m-%dT%H:%M:%S.0000000Z"
        ),
    ),
    (
        "@and(equals(activity('Look Up').status,'Succeeded'),contains(pipeline().parameters.tables,'b'))",
        lambda: ACTIVITIES["Look Up"]["status"] == "Succeeded" and "b" in PARAMETERS["tables"],  # type: ignore[operator]
    ),
)


def measure(work: Callable[[], object], rounds: int) -> float:
    """Median CPU seconds of one call."""
    calls, spent = 1, 0.0
    while spent < 0.02:
        calls *= 4
        spent = _spent(work, calls)
    return statistics.median(_spent(work, calls) for _ in range(rounds)) / calls


def _spent(work: Callable[[], object], calls: int) -> float:
    started = time.process_time()
    for _ in range(calls):
        work()
    return time.process_time() - started


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    scope = Scope(now=lambda: NOW, random=random.Random(1), pipeline=PIPELINE, activities=ACTIVITIES)
    rows, rates = [], []
    for text, plain in CASES:
        template = compile_template(text)
        if template.evaluate(scope) != plain():
            raise SystemExit(f"{text} gives {template.evaluate(scope)!r}, expected {plain()!r}")
        evaluated = measure(lambda template=template: template.evaluate(scope), rounds)  # type: ignore[misc]
        cached = measure(lambda text=text: compile_template(text).evaluate(scope), rounds)  # type: ignore[misc]
        compiled = measure(lambda text=text: compile_anew(text).evaluate(scope), rounds)  # type: ignore[misc]
        beside = measure(plain, rounds)
        rates.append(1 / evaluated)
        rows.append(
            f"| `{text}` | {1 / evaluated:,.0f} | {1 / cached:,.0f} | {1 / compiled:,.0f} | {evaluated / beside:.1f} |"
        )
    report(rows, rates, rounds)


def report(rows: list[str], rates: list[float], rounds: int) -> None:
    together = len(rates) / sum(1 / rate for rate in rates)
    lines = [
        "# Expressions",
        "",
        f"Evaluations a second of one thread, by CPU time. Medians of {rounds} rounds. {describe_machine()}",
        "",
        "| expression | compiled once | compiled, or found compiled | compiled each time | times plain Python |",
        "|---|---|---|---|---|",
        *rows,
        "",
        f"All of them in turn, compiled once: {together:,.0f} evaluations a second (target: {TARGET:,}).",
        "",
    ]
    RESULTS.write_text("\n".join(lines), encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
