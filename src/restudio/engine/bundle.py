"""Unpacking archives that users upload."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath

from restudio.core.errors import ModuleError

MAX_MEMBERS = 10_000
MAX_BYTES = 1 << 30


def unpack_bundle(archive: Path, target: Path) -> None:
    """Unzip into the new folder ``target``; error 0102 for an archive that is broken, too large or reaches outside."""
    target.mkdir()
    try:
        with zipfile.ZipFile(archive) as bundle:
            members = [m for m in bundle.infolist() if not m.is_dir()]
            _ensure_modest(members)
            for member in members:
                path = target.joinpath(*_inside(member).parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                with bundle.open(member) as source, path.open("xb") as copy:
                    shutil.copyfileobj(source, copy)
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError, EOFError) as cause:
        # zipfile raises RuntimeError for encrypted members and NotImplementedError for unknown compression.
        raise ModuleError("0102", f"The script bundle is not a readable zip archive: {cause}.") from cause


def _ensure_modest(members: list[zipfile.ZipInfo]) -> None:
    # The declared sizes can be trusted: zipfile stops reading a member at its declared size.
    size = sum(m.file_size for m in members)
    if len(members) > MAX_MEMBERS or size > MAX_BYTES:
        raise ModuleError(
            "0102",
            f"The script bundle holds {len(members)} files of {size} bytes; at most {MAX_MEMBERS} files of {MAX_BYTES} "
            "bytes are unpacked.",
        )


def _inside(member: zipfile.ZipInfo) -> PurePosixPath:
    path = PurePosixPath(member.filename.replace("\\", "/"))
    unsafe = path.is_absolute() or ".." in path.parts or not path.parts or ":" in path.parts[0]
    if unsafe or stat.S_ISLNK(member.external_attr >> 16) or "\0" in member.filename:
        raise ModuleError("0102", f"The script bundle has the unsafe member name '{member.filename[:200]}'.")
    return path
