"""The program that runs a user's Python script. Stands alone: the sandbox shows it this file and libraries only.

Called with the path of a job description (JSON): ``script`` (a file), ``inputs`` (name → Arrow IPC file), ``output``
(folder), ``bundle`` (folder or null) and ``limits``. Writes ``result1.arrow``, ``result2.arrow`` and ``outcome.json``
to the output folder.
"""

from __future__ import annotations

import importlib.util
import inspect
import json
import resource
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

_ENTRY = "azureml_main"
_ARGUMENTS = ("dataframe1", "dataframe2")
_MODULE = "azureml_script"
_MAX_TRACE = 20_000
"""Characters of a traceback that are told, from its end."""


def main(job_path: str) -> None:
    job = json.loads(Path(job_path).read_text())
    _limit(job["limits"])
    if "landlock" in job:
        _restrict(job["landlock"])
    output = Path(job["output"])
    try:
        frames = _run(job)
        _save_figures()
        _write_frames(frames, output)
        outcome: dict[str, object] = {"outputs": len(frames)}
    except BaseException as error:  # a script may raise anything, SystemExit included
        outcome = {"error": _describe(error, job["script"])}
    sys.stdout.flush()
    (output / "outcome.json").write_text(json.dumps(outcome))


def _limit(limits: Mapping[str, int]) -> None:
    """Lower our own limits for good; the parent's death ends us too (Linux)."""
    for name, value in limits.items():
        number = getattr(resource, name)
        _, hard = resource.getrlimit(number)
        lower = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(number, (lower, lower))
    if sys.platform == "linux":
        import ctypes

        set_death_signal = 1
        ctypes.CDLL(None).prctl(set_death_signal, signal.SIGKILL)


def _restrict(fence: Mapping[str, Any]) -> None:
    """Give up what the script may not have (where no sandbox is around us); ends this program when that fails."""
    spec = importlib.util.spec_from_file_location("landlock", fence["module"])
    assert spec is not None
    assert spec.loader is not None
    landlock = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(landlock)
    landlock.restrict(fence["readable"], fence["writable"], network=fence["network"])


def _run(job: Mapping[str, Any]) -> list[Any]:
    if job["bundle"]:
        sys.path.insert(0, job["bundle"])
    sys.path.insert(0, "")
    entry = getattr(_load(job["script"]), _ENTRY, None)
    if not callable(entry):
        raise TypeError(f"the script must define a function {_ENTRY}(dataframe1=None, dataframe2=None)")
    frames = [_read_frame(job["inputs"].get(name)) for name in _ARGUMENTS]
    return _as_frames(entry(*frames[: _arity(entry)]))


def _load(path: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(_MODULE, path)
    assert spec is not None
    assert spec.loader is not None
    module = sys.modules[_MODULE] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _arity(entry: Callable[..., Any]) -> int:
    parameters = inspect.signature(entry).parameters.values()
    if any(p.kind is p.VAR_POSITIONAL for p in parameters):
        return len(_ARGUMENTS)
    positional = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return min(len(positional), len(_ARGUMENTS))


def _read_frame(path: str | None) -> Any:
    if path is None:
        return None
    import pyarrow as pa

    with pa.memory_map(path) as source:
        return pa.ipc.open_file(source).read_all().to_pandas()


def _save_figures() -> None:
    """Figures that the script drew and left open become images, as if it had saved them."""
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is None:
        return
    for number in pyplot.get_fignums():
        pyplot.figure(number).savefig(f"figure{number}.png")


def _as_frames(returned: Any) -> list[Any]:
    import pandas as pd

    if returned is None:
        return []
    frames = [returned] if isinstance(returned, pd.DataFrame) else returned
    if not isinstance(frames, (tuple, list)) or not all(f is None or isinstance(f, pd.DataFrame) for f in frames):
        raise TypeError(f"{_ENTRY} must return a data frame or a tuple of up to two, got {type(returned).__name__}")
    return [f for f in list(frames)[: len(_ARGUMENTS)] if f is not None]


def _write_frames(frames: list[Any], output: Path) -> None:
    import pyarrow as pa

    for number, frame in enumerate(frames, start=1):
        wrong = [name for name in frame.columns if not isinstance(name, str)]
        if wrong:
            raise TypeError(f"column names must be strings, got {wrong[0]!r}")
        data = pa.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
        with pa.ipc.new_file(str(output / f"result{number}.arrow"), data.schema) as file:
            file.write_table(data)


def _describe(error: BaseException, script: str) -> str:
    """The traceback from the script's first line on, without the frames of this program and the importer."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_code.co_filename != script:
        trace = trace.tb_next
    text = "".join(traceback.format_exception(type(error), error, trace))[-_MAX_TRACE:]
    return text.replace(script, Path(script).name) + _hint(error)


def _hint(error: BaseException) -> str:
    if isinstance(error, ModuleNotFoundError) and (error.name or "").partition(".")[0] == "matplotlib":
        return "This server draws no plots; whoever runs it can install them with: pip install 'restudio[plots]'\n"
    return ""


if __name__ == "__main__":
    main(sys.argv[1])
