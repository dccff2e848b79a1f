"""The examples that come with Restudio: experiment files, the programs that write their data, and the index of both."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

import restudio
from restudio.core.errors import Kind, RestudioError, nearest
from restudio.graph.document import Document, from_yaml
from restudio.graph.model import DATASET
from restudio.graph.ports import asset_of

PLACES = (Path(), Path("data"), Path("../shared/data"))
"""Where public data files are looked for."""


class Example(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One entry of the index; its comment there tells what each member is."""

    about: str
    data: str
    callers: str
    shows: list[str]
    real: str | None = None
    serves: str | None = None


def examples_folder() -> Path:
    """Inside the package where it was installed, beside ``src`` in a checkout."""
    package = Path(restudio.__file__).parent
    packaged = package / "examples"
    return packaged if packaged.is_dir() else package.parents[1] / "examples"


def load_examples() -> Mapping[str, Example]:
    """The index, in its order."""
    text = (examples_folder() / "index.yaml").read_text(encoding="utf-8")
    return msgspec.yaml.decode(text, type=dict[str, Example])


def read_experiment(name: str) -> tuple[str, Document]:
    """The text of an example's experiment file, and what it says."""
    text = (examples_folder() / f"{name}.experiment.yaml").read_text(encoding="utf-8")
    return text, from_yaml(text)


def datasets_of(document: Document) -> list[str]:
    """The names of the data sets that an experiment reads."""
    return list(dict.fromkeys(str(asset_of(node)) for node in document.graph.of_module(DATASET)))


def find_real(example: Example, given: Path | None) -> Path | None:
    """The folder with the public file that the example can read; None when it reads none or the file is not there.

    ``given`` is that file or a folder with it, and an error when it is not.
    """
    if given is None:
        return next((place for place in PLACES if example.real and (place / example.real).is_file()), None)
    if example.real is None:
        raise _bad(f"This example makes its own data; --data {given} has no place in it.")
    folder = given if given.is_dir() else given.parent
    if not (folder / example.real).is_file():
        raise _bad(f"{given} is not {example.real}, which this example reads.{nearest(example.real, _names(folder))}")
    return folder


def write_data(example: Example, folder: Path, real: Path | None) -> None:
    """Let the example's program write its data sets into a folder."""
    program = examples_folder() / "data" / f"{example.data}.py"
    sources = [str(real)] if real is not None else []
    done = subprocess.run(
        [sys.executable, str(program), str(folder), *sources], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RestudioError(Kind.INTERNAL, "NoData", f"{program} failed:\n{done.stderr[-2000:]}")


def _names(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()] if folder.is_dir() else []


def _bad(message: str) -> RestudioError:
    return RestudioError(Kind.BAD_ARGUMENT, "BadData", message)
