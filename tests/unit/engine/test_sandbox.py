"""Scripts really run here, in the strongest sandbox that the machine has."""

from __future__ import annotations

import importlib.util
import os
import time
import zipfile
from pathlib import Path

import pytest

from restudio.core.errors import ModuleError
from restudio.engine import bubblewrap, landlock, sandbox, watch
from restudio.seams.context import ScriptResult
from restudio.seams.engine import Limits
from restudio.tables.ipc import read_table, write_table
from restudio.tables.table import Table

needs_bubblewrap = pytest.mark.skipif(bubblewrap.find_obstacle() is not None, reason=str(bubblewrap.find_obstacle()))


MINUTE = Limits(seconds=60)


def run(
    source: str, tmp_path: Path, *tables: Table, limits: Limits = MINUTE, bundle: Path | None = None
) -> ScriptResult:
    inputs = {}
    for number, table in enumerate(tables, start=1):
        inputs[f"dataframe{number}"] = tmp_path / f"in{number}.arrow"
        write_table(table, inputs[f"dataframe{number}"])
    return sandbox.run_script("Python", source, inputs, folder=tmp_path, limits=limits, bundle=bundle)


NUMBERS = Table.from_columns({"x": [1.0, None, 3.0], "s": ["a", None, "c"], "b": [True, False, True]})


def test_a_frame_comes_back(tmp_path: Path) -> None:
    script = "def azureml_main(frame):\n    frame['y'] = frame['x'] * 2\n    print('hello')\n    return frame"
    result = run(script, tmp_path, NUMBERS)
    table = read_table(result.outputs["result1"])
    assert table.column("y").to_pylist() == [2.0, None, 6.0]
    assert table.select(["x", "s", "b"]).equals(NUMBERS)
    assert result.log.strip() == "hello"


def test_two_in_and_two_out(tmp_path: Path) -> None:
    script = "def azureml_main(dataframe1=None, dataframe2=None):\n    return dataframe2, dataframe1"
    result = run(script, tmp_path, NUMBERS, Table.from_columns({"z": [1]}))
    assert read_table(result.outputs["result1"]).names == ("z",)
    assert read_table(result.outputs["result2"]).names == ("x", "s", "b")


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("def azureml_main(a):\n    raise ValueError('no luck')", "line 2"),
        ("def azureml_main(a):\n    raise ValueError('no luck')", "ValueError: no luck"),
        ("def azureml_main(a):\n    print('rows', len(a))\n    a.nonsense", "Before, it printed:\nrows 3\n"),
        ("def azureml_main(a):\n    a.nonsense", 'File "pandas/core/generic.py"'),
        ("import sys\nsys.exit(3)", "SystemExit: 3"),
        ("def other(): ...", "must define a function azureml_main"),
        ("def azureml_main(:", "SyntaxError"),
        ("def azureml_main(a): return 5", "must return a data frame"),
        ("def azureml_main(a): return a.rename(columns={'x': 5})", "column names must be strings"),
        ("import os\nos._exit(4)", "exit status 4"),
        ("def azureml_main(a):\n    x = bytearray(1 << 36)", "MemoryError"),
    ],
)
def test_failures_are_told(script: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(ModuleError) as caught:
        run(script, tmp_path, NUMBERS)
    assert caught.value.number == "0085"
    assert said in caught.value.text
    assert "script_child" not in caught.value.text


def test_time_runs_out(tmp_path: Path) -> None:
    began = time.monotonic()
    with pytest.raises(ModuleError, match="within 3 seconds"):
        run("print('started', flush=True)\nwhile True: pass", tmp_path, limits=Limits(seconds=3))
    assert time.monotonic() - began < 20


def test_figures_that_are_left_open_become_images(tmp_path: Path) -> None:
    source = "import matplotlib.pyplot as plt\ndef azureml_main():\n    plt.plot([1, 2], [3, 4])\n    plt.figure()\n"
    if importlib.util.find_spec("matplotlib") is None:
        with pytest.raises(ModuleError, match=r"restudio\[plots\]"):
            run(source, tmp_path)
        return
    images = run(source, tmp_path).images
    assert [image.name for image in images] == ["figure1.png", "figure2.png"]
    assert images[0].read_bytes().startswith(b"\x89PNG")


def test_images_and_a_bundle(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as bundle:
        bundle.writestr("mine/__init__.py", "VALUE = 7")
    script = (
        "import mine, pathlib\n"
        "def azureml_main():\n"
        "    pathlib.Path('plot.png').write_bytes(b'png')\n"
        "    pathlib.Path('link.png').symlink_to('/etc/passwd')\n"
        "    assert pathlib.Path('Script Bundle/mine').is_dir()\n"
        "    print(mine.VALUE)"
    )
    result = run(script, tmp_path, bundle=tmp_path / "bundle.zip")
    assert [image.name for image in result.images] == ["plot.png"]
    assert result.log.strip() == "7"


@pytest.mark.parametrize("name", ["../evil.py", "/evil.py", "a/../../evil.py", "C:/evil.py", "..\\evil.py"])
def test_bundles_stay_inside(name: str, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w") as bundle:
        bundle.writestr(name, "")
    with pytest.raises(ModuleError, match=r"0102.*unsafe"):
        run("", tmp_path, bundle=tmp_path / "bundle.zip")


def test_a_broken_bundle(tmp_path: Path) -> None:
    (tmp_path / "bundle.zip").write_bytes(b"PK\x03\x04 broken")
    with pytest.raises(ModuleError, match="0102"):
        run("", tmp_path, bundle=tmp_path / "bundle.zip")


def test_long_output_is_cut(tmp_path: Path) -> None:
    result = run("def azureml_main(): print('x' * 3_000_000)", tmp_path)
    assert len(result.log) < sandbox.MAX_LOG + 100
    assert "were dropped" in result.log


def test_nothing_of_our_environment_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RESTUDIO_MASTER_KEY", "do-not-show")
    result = run("import os\ndef azureml_main(): print(dict(os.environ))", tmp_path)
    assert "do-not-show" not in result.log


@needs_bubblewrap
def test_files_and_network_are_out_of_reach(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    script = f"""
import os, socket
def azureml_main():
    print([os.path.exists(p) for p in ({str(tmp_path / "secret.txt")!r}, {str(Path(__file__))!r}, '/home', '/var')])
    try:
        open('/usr/x', 'w')
    except OSError:
        print('read-only')
    try:
        socket.create_connection(('127.0.0.1', 22), 1)
    except OSError as error:
        print('no network')
    print(len([p for p in os.listdir('/proc') if p.isdigit()]) < 5)
"""
    assert run(script, tmp_path).log.split("\n")[:4] == [
        "[False, False, False, False]",
        "read-only",
        "no network",
        "True",
    ]


@needs_bubblewrap
def test_only_the_private_folder_can_be_written(tmp_path: Path) -> None:
    script = """
import os
def azureml_main():
    for folder in ('/', '/dev', '/usr', '/proc', '/proc/sys/kernel'):
        try:
            open(os.path.join(folder, 'x'), 'w')
            print(folder)
        except OSError:
            pass
    open('/tmp/x', 'w').write('x')
    open('x', 'w').write('x')
"""
    assert run(script, tmp_path).log == ""


@needs_bubblewrap
def test_files_in_memory_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "_MEMORY_FILES", str(1 << 20))
    script = """
def azureml_main():
    for folder in ('/tmp', '/dev/shm'):
        try:
            open(folder + '/x', 'wb').write(bytes(3 << 20))
        except OSError as error:
            print(error.errno)
"""
    assert run(script, tmp_path).log.split() == ["28", "28"]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("import os, time\nfor _ in range(400):\n    if os.fork() == 0: time.sleep(60)\ntime.sleep(60)", "processes"),
        ("import os, time\nfor _ in range(2): os.fork()\nx = bytearray(b'x' * (300 << 20))\ntime.sleep(60)", "memory"),
        ("open('a', 'wb').write(b'x' * (3 << 20))\nimport time\ntime.sleep(60)", "GB of files"),
    ],
)
def test_what_a_script_and_its_processes_use_is_counted_together(
    script: str, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "MAX_PROCESSES", 40)
    monkeypatch.setattr(watch, "MAX_FOLDER_BYTES", 2 << 20)
    began = time.monotonic()
    with pytest.raises(ModuleError, match=f"used up its .*{said}"):
        run(script, tmp_path, limits=Limits(seconds=50, memory_mb=1000))
    assert time.monotonic() - began < 30


@pytest.mark.parametrize(
    "outcome", ["'[' * 100_000", "'{\"error\": \"' + 'x' * (2 << 20) + '\"}'", "'\\\\'", "'[1]'", "'null'"]
)
def test_an_outcome_that_the_script_wrote_itself_is_refused(outcome: str, tmp_path: Path) -> None:
    script = f"import os\nopen('output/outcome.json', 'w').write({outcome})\nos._exit(0)"
    with pytest.raises(ModuleError, match="overwrote its own outcome"):
        run(script, tmp_path)


def test_a_traceback_is_cut_and_can_be_encoded(tmp_path: Path) -> None:
    with pytest.raises(ModuleError) as caught:
        run("raise ValueError('x' * 10_000_000 + chr(0xd800))", tmp_path)
    assert len(caught.value.text.encode()) < 30_000


@pytest.mark.skipif(not landlock.version(), reason="the kernel has no Landlock")
def test_under_landlock_alone_secrets_stay_out_of_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bubblewrap, "find_obstacle", lambda: "this is a test")
    weakness = sandbox.find_weakness()
    assert weakness is not None
    assert "Landlock" in weakness
    private = tmp_path / "private"
    private.mkdir()
    (tmp_path / "master.key").write_text("secret")
    script = f"""
import os, socket, subprocess, sys
def azureml_main(frame):
    for path in ({str(tmp_path / "master.key")!r}, '/proc/1/environ', f'/proc/{{os.getppid()}}/environ', '/etc/passwd'):
        try:
            print('read', path, open(path, 'rb').read())
        except OSError:
            pass
    try:
        os.kill(os.getppid(), 0)
        print('parent can be signalled')
    except OSError:
        pass
    try:
        socket.create_connection(('127.0.0.1', 9), 1)
    except OSError as error:
        print(type(error).__name__)
    print(subprocess.run([sys.executable, '-c', 'import os; os.setgroups([0])'], stderr=subprocess.DEVNULL).returncode)
    return frame
"""
    result = run(script, private, NUMBERS)
    assert read_table(result.outputs["result1"]).equals(NUMBERS)
    assert result.log.split() == ["PermissionError", "1"]


def test_without_bubblewrap_scripts_run_and_the_weakness_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bubblewrap.find_obstacle.cache_clear()
    monkeypatch.setenv("PATH", os.devnull)
    try:
        weakness = sandbox.find_weakness()
        assert weakness is not None
        assert "not installed" in weakness
        assert run("def azureml_main(): print(1)", tmp_path).log.strip() == "1"
    finally:
        bubblewrap.find_obstacle.cache_clear()


def test_other_languages_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModuleError, match="0039"):
        sandbox.run_script("R", "", {}, folder=tmp_path, limits=Limits())
