"""Request-response scoring under wrk: 16 connections, server on one core, one row and 100 rows.

    python -m bench.rrs [--seconds 5] [--rounds 3]

Every figure stands beside the same server's echo of the same bytes in the same run, since absolute figures follow the
machine's mood. Needs ``wrk`` and ``taskset``. Results go to bench/results/rrs.md.
"""

from __future__ import annotations

import argparse
import http.client
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from bench.adult import MODELS, make_body, save_model
from bench.machine import describe_machine
from bench.rrs_server import KEY, ROWS

ROOT = Path(__file__).parents[1]
RESULTS = Path(__file__).parent / "results" / "rrs.md"
CONNECTIONS = 16
BODIES = 64
PATH = "/workspaces/ws/services/{}/execute?api-version=2.0"


@dataclass(frozen=True, slots=True)
class Figure:
    """One run of wrk: requests per second, CPU microseconds of the server a request, percentiles in milliseconds.

    CPU time is what other work on the machine disturbs least.
    """

    rate: float
    cpu: float
    p50: float
    p99: float


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for model in MODELS:
            save_model(model, folder / f"{model}.json")
        scripts = {rows: write_script(folder, rows) for rows in ROWS}
        server = start_server(folder)
        try:
            lines = [
                row
                for model in MODELS
                for rows in ROWS
                for row in compare(server, scripts[rows], model, rows, options.seconds, options.rounds)
            ]
        finally:
            server.process.terminate()
            server.process.wait(timeout=10)
    report(lines, options.seconds, options.rounds)


def write_script(folder: Path, rows: int) -> Path:
    """A wrk script that cycles through bodies of different rows."""
    bodies = [make_body(rows, i * rows).decode().replace("]]", "] ]") for i in range(BODIES if rows == 1 else 8)]
    table = ",\n".join(f"[==[{body}]==]" for body in bodies)
    script = folder / f"rows{rows}.lua"
    script.write_text(
        f"local bodies = {{{table}}}\nlocal i = 0\n"
        f'local headers = {{["Authorization"] = "Bearer {KEY}", ["Content-Type"] = "application/json"}}\n'
        'request = function()\n  i = i % #bodies + 1\n  return wrk.format("POST", nil, headers, bodies[i])\nend\n'
        "done = function(summary, latency, requests)\n"
        '  io.write(string.format("p50 %f p99 %f bad %d\\n", latency:percentile(50), latency:percentile(99),'
        " summary.errors.status + summary.errors.read + summary.errors.timeout))\nend\n"
    )
    return script


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Server:
    """The running server."""

    process: subprocess.Popen[bytes]
    port: int

    def cpu_seconds(self) -> float:
        """User and system time so far (``taskset`` replaces itself by the server)."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def start_server(folder: Path) -> Server:
    """The server on the first core, answering."""
    port = free_port()
    command = ["taskset", "-c", "0", sys.executable, "-m", "bench.rrs_server", str(port), str(folder)]
    server = subprocess.Popen(command, cwd=ROOT)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and server.poll() is None:
        try:
            http.client.HTTPConnection("127.0.0.1", port, timeout=1).connect()
        except OSError:
            time.sleep(0.1)
        else:
            return Server(server, port)
    server.kill()
    raise SystemExit("the server did not start")


def compare(server: Server, script: Path, model: str, rows: int, seconds: int, rounds: int) -> list[str]:
    """Rows of the table for one service: echo and scoring taken in turns."""
    echo, scored = [], []
    for _ in range(rounds):
        echo.append(run_wrk(server, script, f"/echo/{model}/{rows}", seconds))
        scored.append(run_wrk(server, script, PATH.format(model), seconds))
    base = statistics.median(f.rate for f in echo)
    lines = []
    for name, figures in (("echo", echo), ("scored", scored)):
        rate, cpu, p50, p99 = (
            statistics.median(getattr(f, key) for f in figures) for key in ("rate", "cpu", "p50", "p99")
        )
        lines.append(
            f"| {model} | {rows} | {name} | {rate:,.0f} | {rate * rows:,.0f} | {cpu:,.0f} | {p50:.2f} | {p99:.2f} |"
            f" {rate / base:.2f} |"
        )
        print(lines[-1], flush=True)
    return lines


def run_wrk(server: Server, script: Path, path: str, seconds: int) -> Figure:
    url = f"http://127.0.0.1:{server.port}{path}"
    before = server.cpu_seconds()
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", str(script), url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rate = re.search(r"Requests/sec:\s+([\d.]+)", text)
    times = re.search(r"p50 ([\d.]+) p99 ([\d.]+) bad (\d+)", text)
    if rate is None or times is None or times[3] != "0":
        raise SystemExit(f"wrk failed on {path}:\n{text}")
    requests = re.search(r"(\d+) requests in", text)
    cpu = (server.cpu_seconds() - before) / max(int(requests[1]) if requests else 0, 1) * 1e6
    return Figure(float(rate[1]), cpu, float(times[1]) / 1000, float(times[2]) / 1000)


def report(rows: list[str], seconds: int, rounds: int) -> None:
    lines = [
        "# Request-response scoring",
        "",
        "Adult (14 columns in, 16 out), table form. uvicorn with uvloop and the product's connections, one process",
        f"on one core; wrk on the other, {CONNECTIONS} connections, {seconds} s a run, medians of {rounds} rounds. The",
        "echo is an ASGI application on the same server that answers the same bytes without looking at the request.",
        describe_machine(),
        "",
        "| service | rows | what | requests/s | rows/s | CPU µs | p50 ms | p99 ms | of the echo |",
        "|---|---|---|---|---|---|---|---|---|",
        *rows,
    ]
    RESULTS.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
