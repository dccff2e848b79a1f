"""Execute R Script: the exchange of frames, what happens without R, and with R where the machine has it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pandas as pd
import pytest
from tests.unit.modules.catalog import run

from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.modules import r_driver
from restudio.modules.r_script import RScriptParams, driver, execute_r_script
from restudio.seams.context import Context, ScriptResult


def everything() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "text": ["a\\n", None, "new\nline"],
            "whole": pd.array([1, None, 3], "Int64"),
            "large": [2**40, 1, 2],
            "real": [0.1, float("inf"), -1e300],
            "yes": pd.array([True, None, False], "boolean"),
            "kind": pd.Categorical(["b", None, "a"], ["b", "a"]),
            "when": pd.Series([pd.Timestamp("2020-01-02 03:04:05.678"), pd.NaT, pd.Timestamp("1950-01-01")]),
            "took": pd.Series([pd.Timedelta(hours=26), pd.NaT, pd.Timedelta(seconds=-3)]),
            "naïve name\t": ["x", "y", "z"],
        }
    )


def test_frames_survive_the_exchange(tmp_path: Path) -> None:
    frame = everything()
    r_driver.write_frame(frame, tmp_path / "f")
    found = r_driver.read_frame(tmp_path / "f")
    assert list(found.columns) == list(frame.columns)
    for name in frame.columns:
        expected = [None if pd.isna(c) else c for c in frame[name]]
        assert [None if pd.isna(c) else c for c in found[name]] == expected, name
    assert list(found["kind"].cat.categories) == ["b", "a"]


def test_a_frame_without_rows_or_columns(tmp_path: Path) -> None:
    r_driver.write_frame(everything().head(0), tmp_path / "rows")
    assert r_driver.read_frame(tmp_path / "rows").shape == (0, 9)
    r_driver.write_frame(pd.DataFrame(), tmp_path / "columns")
    assert r_driver.read_frame(tmp_path / "columns").shape == (0, 0)


def test_without_r_the_error_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModuleError, match=r"0063.*Rscript"):
        run(execute_r_script, None, None, None)


def test_the_driver_is_a_program_with_the_script_inside() -> None:
    source = 'x <- "it\'s\\n"\n'
    text = driver("/usr/bin/Rscript", parse_params(RScriptParams, {"R Script": source, "Random Seed": 7}))
    namespace = {line.split(" = ")[0]: line for line in text.splitlines()[-4:]}
    assert set(namespace) == {"RSCRIPT", "SCRIPT", "RUNNER", "SEED"}
    assert namespace["SCRIPT"] == f"SCRIPT = {source!r}"
    assert namespace["SEED"] == "SEED = 7"
    compile(text, "driver", "exec")


class Refusing:
    """A context whose scripts fail as the sandbox fails them."""

    scratch = Path()

    def __init__(self, number: str, text: str) -> None:
        self._error = ModuleError(number, text)

    def run_script(self, *args: object, **options: object) -> ScriptResult:
        raise self._error


@pytest.mark.parametrize(
    ("number", "text", "shown"),
    [
        (
            "0085",
            "The script failed.\nTraceback ...\nRuntimeError: R said: object 'x' not found",
            "object 'x' not found",
        ),
        ("0085", "The script did not finish within 5 seconds and was stopped.", "did not finish"),
        ("0102", "The script bundle is not a readable zip archive.", "zip archive"),
    ],
)
def test_failures_are_r_errors(
    number: str, text: str, shown: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program = tmp_path / "Rscript"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    ctx: Context = Refusing(number, text)  # type: ignore[assignment]
    with pytest.raises(ModuleError, match=shown) as caught:
        execute_r_script.run(RScriptParams(), None, None, None, ctx=ctx)
    assert caught.value.number == ("0063" if number == "0085" else number)
    assert "Traceback" not in caught.value.text


SCRIPTS = {
    "ports": 'd <- maml.mapInputPort(1)\nd$more <- d$real * 2\nmaml.mapOutputPort("d")\n',
    "entry": "azureml_main <- function(dataframe1, dataframe2) list(dataset1 = dataframe1, dataset2 = dataframe2)\n",
    "failing": 'stop("no such luck")\n',
}
"""The R side, run by ``Rscript`` itself."""


def run_r(script: str, folder: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> tuple[pd.DataFrame, ...]:
    monkeypatch.chdir(folder)
    runner = Path(r_driver.__file__).with_name("r_runner.R").read_text(encoding="utf-8")
    for name, value in (("RSCRIPT", program), ("SCRIPT", script), ("RUNNER", runner), ("SEED", 1)):
        monkeypatch.setattr(r_driver, name, value)
    return r_driver.azureml_main(everything(), everything().head(1))


PROGRAM = shutil.which("Rscript")

if PROGRAM is not None:

    @pytest.mark.parametrize("script", ["ports", "entry"])
    def test_r_gets_and_gives_frames(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert PROGRAM is not None
        found = run_r(SCRIPTS[script], tmp_path, monkeypatch, PROGRAM)
        frame = everything()
        for name in frame.columns:
            expected = [None if pd.isna(c) else c for c in frame[name]]
            assert [None if pd.isna(c) else c for c in found[0][name]] == expected, name
        if script == "ports":
            assert found[0]["more"].tolist() == [c * 2 for c in frame["real"]]
        else:
            assert len(found[1]) == 1

    def test_r_errors_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert PROGRAM is not None
        with pytest.raises(RuntimeError, match="R said: no such luck"):
            run_r(SCRIPTS["failing"], tmp_path, monkeypatch, PROGRAM)
