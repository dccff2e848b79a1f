"""Unpack Zipped Datasets."""

from __future__ import annotations

import gzip
import zipfile
from pathlib import Path

import pytest
from tests.unit.modules.catalog import PlainContext

from restudio.core.errors import ModuleError
from restudio.core.params import parse_params
from restudio.modules.unzip import UnpackParams, unpack_zipped_datasets
from restudio.tables.table import Table

CSV = b"a,b\n1,x\n2,y\n"


def archive(folder: Path, **files: bytes) -> Path:
    path = folder / "data.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in files.items():
            target.writestr(name.replace("__", "/", 1).replace("_", "."), content)
    return path


def unpack(path: Path, **raw: object) -> Table:
    context = PlainContext()
    context.scratch = path.parent
    named = {name.replace("_", " "): value for name, value in raw.items()}
    result = unpack_zipped_datasets.run(parse_params(UnpackParams, named), path, ctx=context)
    assert isinstance(result, Table)
    return result


def test_the_only_file_is_read(tmp_path: Path) -> None:
    path = archive(tmp_path, folder__one_csv=CSV)
    assert unpack(path, File_has_header_row=True).data.to_pydict() == {"a": [1, 2], "b": ["x", "y"]}
    assert unpack(path).names == ("Col1", "Col2")


def test_a_file_is_named(tmp_path: Path) -> None:
    path = archive(tmp_path, folder__one_csv=CSV, two_tsv=b"c\td\n5\t6\n")
    assert unpack(path, Dataset_to_Unpack="one.csv", File_has_header_row=True).num_rows == 2
    tsv = unpack(path, Dataset_to_Unpack="two.tsv", Dataset_file_format="TSV", File_has_header_row=True)
    assert tsv.data.to_pydict() == {"c": [5], "d": [6]}


def test_other_formats(tmp_path: Path) -> None:
    path = archive(tmp_path, one_svmlight=b"1 1:0.5\n")
    assert unpack(path, Dataset_file_format="SVMLIGHT").data.to_pydict() == {"Col1": [0.5], "Labels": [1.0]}
    arff = archive(tmp_path, one_arff=b"@relation r\n@attribute a INTEGER\n@data\n3\n")
    assert unpack(arff, Dataset_file_format="ARFF").data.to_pydict() == {"a": [3]}


def test_gzip(tmp_path: Path) -> None:
    path = tmp_path / "data.csv.gz"
    path.write_bytes(gzip.compress(CSV))
    assert unpack(path, Compression_file_format="Gzip", File_has_header_row=True).num_rows == 2


def test_errors(tmp_path: Path) -> None:
    several = archive(tmp_path, one_csv=CSV, two_csv=CSV)
    with pytest.raises(ModuleError, match=r"Error 0132.*'one.csv', 'two.csv'"):
        unpack(several)
    with pytest.raises(ModuleError, match=r"Error 0133.*Did you mean 'one.csv'"):
        unpack(several, Dataset_to_Unpack="one.cvs")
    with pytest.raises(ModuleError, match="Error 0133"):
        unpack(archive(tmp_path))
    broken = tmp_path / "broken"
    broken.write_bytes(b"no archive")
    for form, number in (("Zip", "0102"), ("Gzip", "0131")):
        with pytest.raises(ModuleError, match=f"Error {number}"):
            unpack(broken, Compression_file_format=form)
    content = bytearray(archive(tmp_path, one_csv=CSV * 100).read_bytes())
    content[60:70] = b"0123456789"
    broken.write_bytes(bytes(content))
    with pytest.raises(ModuleError, match=r"Error 01(02|31)"):
        unpack(broken)
