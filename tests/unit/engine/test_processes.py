from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from restudio.artifacts.values import Model
from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.spec import Port, PortKind
from restudio.engine.processes import Outside, ProcessEngine
from restudio.engine.values import ValueStore
from restudio.seams.context import HttpAnswer, HttpRequest, Resource
from restudio.seams.engine import Cancelled, Execution, Limits, Progress
from restudio.storage.objects import FileObjects

_ids = itertools.count()


class _Outside:
    """The parent's way out, as a test sees it."""

    def __init__(self) -> None:
        self.delivered: dict[str, str] = {}

    def fetch(self, url: str, *, credential: str | None, folder: Path) -> Resource:
        if url == "missing":
            raise ModuleError("0030", "'missing' could not be downloaded.")
        path = folder / "fetched"
        path.write_text(f"{url} with {credential}", encoding="utf-8")
        return Resource(path, "data.csv", "text/csv")

    def deliver(self, url: str, source: Path, *, credential: str | None, overwrite: bool, scope: str) -> None:
        self.delivered[url] = source.read_text(encoding="utf-8")

    def exchange(self, request: HttpRequest, *, folder: Path) -> HttpAnswer:
        if request.url == "missing":
            raise ModuleError("0030", "'missing' could not be reached.")
        path = folder / "answered"
        path.write_text(f"{request.method} {request.url} {request.headers} {request.body!r}", encoding="utf-8")
        return HttpAnswer(412, {"etag": "e1"}, path)

    def resolve(self, host: str, port: int) -> str:
        return f"192.0.2.{port}"

    def open_file(self, path: Path) -> Path:
        return Path("/opened") / path.name


@pytest.fixture(scope="module")
def outside() -> Outside:
    return _Outside()


def _nothing(_: Progress) -> None:
    return


def _execution(
    module: str,
    params: Mapping[str, object] | None = None,
    inputs: Mapping[str, str] | None = None,
    outputs: Mapping[str, str] | None = None,
    **options: object,
) -> Execution:
    return Execution(f"e{next(_ids)}", module, params or {}, inputs or {}, outputs or {}, **options)  # type: ignore[arg-type]


@pytest.fixture
def cells(store: FileObjects, tmp_path: Path) -> Callable[[str], dict[str, list[object]]]:
    """The columns of a stored table."""

    def read(key: str) -> dict[str, list[object]]:
        table = ValueStore(store, tmp_path).load(key, Port("x", PortKind.TABLE))
        return table.data.to_pydict()  # type: ignore[attr-defined, no-any-return]

    return read


Cells = Callable[[str], dict[str, list[object]]]


def test_values_travel_by_key_and_progress_is_told(engine: ProcessEngine, cells: Cells) -> None:
    engine.execute(_execution("numbers", {"Rows": 3}, outputs={"Results": "n"}, seed=4), _nothing)
    told: list[Progress] = []
    sizes = engine.execute(
        _execution("add", {"Amount": 10}, {"Left": "n"}, {"Results": "a/1", "Second": "a/2"}), told.append
    )
    assert cells("a/1")["x"] == [v + 10 for v in cells("n")["x"]]  # type: ignore[operator]
    assert cells("a/2") == cells("n")
    assert told == [Progress(None, "adding"), Progress(0.5, "half")]
    assert set(sizes) == {"Results", "Second"}
    assert all(size > 0 for size in sizes.values())


def test_a_blank_seed_is_the_runs(engine: ProcessEngine, cells: Cells) -> None:
    for key, seed, params in (("s1", 1, {}), ("s2", 1, {}), ("s3", 2, {}), ("s4", 2, {"Random number seed": 1})):
        engine.execute(_execution("numbers", params, outputs={"Results": key}, seed=seed), _nothing)
    assert cells("s1") == cells("s2") == cells("s4") != cells("s3")


def test_artifacts_are_containers(engine: ProcessEngine, store: FileObjects, cells: Cells, tmp_path: Path) -> None:
    engine.execute(_execution("fit", outputs={"U": "u", "M": "m", "T": "t"}), _nothing)
    engine.execute(_execution("use", inputs={"M": "m", "T": "t"}, outputs={"Results": "used"}), _nothing)
    assert cells("used") == {"w": [1.5], "c": ["x"]}
    assert isinstance(ValueStore(store, tmp_path).load("m", Port("any", PortKind.ANY)), Model)
    with pytest.raises(ModuleError, match="Error 0018: Input 'T' is not a iTransformDotNet"):
        engine.execute(_execution("use", inputs={"M": "m", "T": "m"}, outputs={"Results": "used"}), _nothing)


def test_assets_are_local_files(engine: ProcessEngine, store: FileObjects, cells: Cells) -> None:
    store.put("assets/abc", b"saved")
    assets = {"w.f.v1-default-1": "assets/abc"}
    engine.execute(
        _execution("asset", {"Words": next(iter(assets))}, outputs={"Results": "r"}, assets=assets), _nothing
    )
    assert cells("r") == {"text": ["saved"]}
    with pytest.raises(ModuleError, match="'other' is not part of this run"):
        engine.execute(_execution("asset", {"Words": "other"}, outputs={"Results": "r"}), _nothing)


def test_a_module_error_keeps_its_place(engine: ProcessEngine) -> None:
    with pytest.raises(ModuleError) as caught:
        engine.execute(_execution("fail", {"Words": "module"}), _nothing)
    error = caught.value
    assert (error.number, error.parameter, error.column, error.row) == ("0017", "Words", "a", 7)
    assert error.message == "Error 0017: Column 'a' is a text."


@pytest.mark.parametrize(
    ("module", "params", "message"),
    [
        ("fail", {"Words": ""}, "Error 1000: A library failed with ValueError: no such file …/secret"),
        ("fail", {"Words": "exit"}, "Error 1000: A library failed with SystemExit: 3"),
        ("wrong", {}, "Error 1000: The module returned int for output 'Results' (Dataset)."),
        ("wrong", {"Amount": 2}, "Error 1000: The module returned 2 values for 1 outputs."),
        ("numbers", {"Rows": "many"}, "Error 0002: Parameter 'Rows' must be a whole number, got 'many'."),
        ("add", {}, "Error 0003: Input 'Left' is not connected."),
        ("hog", {"Amount": 0}, "Error 0138: The module used up its memory of 8192 MB."),
    ],
)
def test_other_failures_become_module_errors(
    engine: ProcessEngine, module: str, params: Mapping[str, object], message: str
) -> None:
    with pytest.raises(ModuleError) as caught:
        engine.execute(_execution(module, params, outputs={"Results": "x"}), _nothing)
    assert caught.value.message == message


def test_an_unknown_module_is_told(engine: ProcessEngine) -> None:
    with pytest.raises(RestudioError) as caught:
        engine.execute(_execution("nummbers"), _nothing)
    assert (caught.value.kind, caught.value.detail) == (Kind.BAD_ARGUMENT, "UnknownModule")


@pytest.mark.parametrize(("words", "name"), [("segfault", "SIGSEGV"), ("kill", "SIGKILL")])
def test_a_crash_is_an_error_and_the_child_is_replaced(
    engine: ProcessEngine, cells: Cells, words: str, name: str
) -> None:
    with pytest.raises(ModuleError, match=f"Error 0039: The process that ran the module was killed by {name}"):
        engine.execute(_execution("die", {"Words": words}), _nothing)
    engine.execute(_execution("numbers", outputs={"Results": "after"}), _nothing)
    assert len(cells("after")["x"]) == 3


def _wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while any(_lives(pid) for pid in pids):
        assert time.monotonic() < deadline, f"processes {pids} still live"
        threading.Event().wait(0.02)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def test_cancel_kills_the_process_and_what_it_started(engine: ProcessEngine) -> None:
    execution = _execution("hang")
    pids: list[int] = []

    def on_progress(told: Progress) -> None:
        pids.extend(int(part) for part in told.text.split())
        engine.cancel(execution.id)

    with pytest.raises(Cancelled):
        engine.execute(execution, on_progress)
    assert len(pids) == 2
    _wait_until_gone(pids)
    engine.cancel(execution.id)  # unknown by now: nothing happens


def test_a_waiting_execution_can_be_cancelled(engine: ProcessEngine) -> None:
    hanging = [_execution("hang") for _ in range(engine.parallelism)]
    waiting = _execution("numbers", outputs={"Results": "never"})
    all_hang = threading.Barrier(engine.parallelism + 1)

    def on_progress(_: Progress) -> None:
        all_hang.wait(60)

    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(engine.execute, e, on_progress) for e in hanging]
        all_hang.wait(60)
        last = pool.submit(engine.execute, waiting, _nothing)
        while not last.done():
            engine.cancel(waiting.id)
        with pytest.raises(Cancelled):
            last.result()
        for execution, future in zip(hanging, running, strict=True):
            engine.cancel(execution.id)
            with pytest.raises(Cancelled):
                future.result()


def test_time_and_memory_are_limited(engine: ProcessEngine) -> None:
    with pytest.raises(ModuleError, match=r"Error 0039: The module ran longer than its limit of 0\.3 seconds"):
        engine.execute(_execution("hang", limits=Limits(seconds=0.3)), _nothing)
    with pytest.raises(ModuleError, match="Error 0138: The module used up its memory of 400 MB"):
        engine.execute(_execution("hog", limits=Limits(memory_mb=400)), _nothing)


def test_children_are_reused_and_know_no_secrets(engine: ProcessEngine, cells: Cells) -> None:
    seen = set()
    for number in range(4):
        engine.execute(_execution("process", outputs={"Results": f"p{number}"}), _nothing)
        rows = cells(f"p{number}")
        seen.add(rows["value"][0])
        assert set(rows["name"]) <= {"pid", "LANG", "LC_CTYPE", "OMP_WAIT_POLICY", "PYTHONUNBUFFERED"}
    assert len(seen) == 1
    assert str(os.getpid()) not in seen


def test_outside_addresses_go_through_the_parent(engine: ProcessEngine, outside: _Outside, cells: Cells) -> None:
    engine.execute(_execution("outside", {"Words": "here"}, outputs={"Results": "o"}), _nothing)
    assert cells("o") == {"name": ["data.csv"], "text": ["here with key"]}
    assert outside.delivered == {"there": "here with key"}
    with pytest.raises(ModuleError, match="Error 0030: 'missing' could not be downloaded"):
        engine.execute(_execution("outside", {"Words": "missing"}, outputs={"Results": "o"}), _nothing)


def test_requests_hosts_and_files_go_through_the_parent(engine: ProcessEngine, cells: Cells) -> None:
    engine.execute(_execution("reach", {"Words": "here"}, outputs={"Results": "r"}), _nothing)
    sent = "PUT here {'If-Match': '*'} b'body'"
    assert cells("r") == {"told": ["e1", sent, "192.0.2.7", "/opened/data.db"], "status": [412] * 4}
    with pytest.raises(ModuleError, match="Error 0030: 'missing' could not be reached"):
        engine.execute(_execution("reach", {"Words": "missing"}, outputs={"Results": "r"}), _nothing)


def test_several_threads_execute_at_once(engine: ProcessEngine) -> None:
    executions = [_execution("numbers", {"Rows": n}, outputs={"Results": f"many/{n}"}) for n in range(1, 9)]
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda e: engine.execute(e, _nothing), executions))
    assert len(sizes) == 8


def test_closing_stops_what_runs(tmp_path: Path) -> None:
    command = (sys.executable, str(Path(__file__).parent / "child_catalog.py"))
    engine = ProcessEngine({"files": str(tmp_path)}, workers=1, child_command=command)
    engine.start()
    pids: list[int] = []
    started = threading.Event()

    def on_progress(told: Progress) -> None:
        pids.extend(int(part) for part in told.text.split())
        started.set()

    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(engine.execute, _execution("hang"), on_progress)
        assert started.wait(60)
        engine.close()
        with pytest.raises(Cancelled):
            running.result()
    _wait_until_gone(pids)
    with pytest.raises(Cancelled):
        engine.execute(_execution("numbers"), _nothing)


def test_a_command_that_is_no_child_is_told(tmp_path: Path) -> None:
    engine = ProcessEngine({}, workers=1, child_command=(sys.executable, "-c", "raise SystemExit(3)"))
    with pytest.raises(ModuleError, match="ended with status 3"):
        engine.execute(_execution("numbers"), _nothing)
    engine.close()
