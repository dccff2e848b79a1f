"""The outer shell of a container: a zip in one canonical form.

Members are stored uncompressed, sorted by name, with fixed time stamps, so the same members always give the same
bytes on every machine (zlib builds differ in what they compress to), nothing can inflate on reading, and a file is
whole exactly when packing its members again gives the same bytes.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from restudio.core.errors import Kind, RestudioError

MANIFEST = "manifest.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)
_END = struct.Struct("<4s4H2LH")
_MAX_NAME = 600
_FOREIGN = (
    "If it was downloaded from Azure Machine Learning Studio (classic): its .ilearner is an undocumented binary that "
    "cannot be read here; run the training experiment again and compare the new model with the old one's scores."
)


@dataclass(frozen=True, slots=True)
class ContainerLimits:
    """What a container may hold; sizes in bytes."""

    total: int = 512 << 20
    member: int = 512 << 20
    manifest: int = 32 << 20
    members: int = 10_000


DEFAULT_LIMITS = ContainerLimits()


def invalid(message: str) -> RestudioError:
    """The error of a container that cannot be used."""
    return RestudioError(Kind.BAD_ARGUMENT, "InvalidBlob", message)


def ensure_size(size: int, limits: ContainerLimits = DEFAULT_LIMITS) -> None:
    """Refuse a container of more bytes than may be read; to be asked before it is read into memory."""
    if size > limits.total:
        raise invalid(f"The model file has {size} bytes; at most {limits.total} are allowed.")


def pack(members: Mapping[str, bytes]) -> bytes:
    """The canonical archive of these members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system = 3
            info.external_attr = 0o644 << 16
            archive.writestr(info, members[name])
    return buffer.getvalue()


def unpack(data: bytes, limits: ContainerLimits) -> dict[str, bytes]:
    """The members of a canonical archive; ``InvalidBlob`` for everything else, told apart as far as the bytes allow."""
    ensure_size(len(data), limits)
    _ensure_looks_like_zip(data)
    _ensure_ends_like_zip(data, limits)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = {info.filename: _read(archive, info, limits) for info in archive.infolist()}
    except _ZIP_ERRORS as cause:
        raise invalid(f"The model file is corrupt: {cause}. Download or produce it again.") from cause
    if MANIFEST not in members:
        raise invalid(f"The file is a zip without '{MANIFEST}', so it is not a model file of Restudio. {_FOREIGN}")
    if pack(members) != data:
        raise invalid(
            "The model file is corrupt or was packed again by another program: its bytes are not those that Restudio "
            "writes for these members. Use the file exactly as it was produced."
        )
    return members


_ZIP_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    ValueError,
    OSError,
    RuntimeError,
    EOFError,
    KeyError,
    IndexError,
    OverflowError,
)


def _ensure_looks_like_zip(data: bytes) -> None:
    if not data:
        raise invalid("The model file is empty.")
    if data.startswith(b"PK\x03\x04"):
        return
    start = data[:64].lstrip()
    if start.startswith((b"<", b"{", b"[")):
        raise invalid(
            "The location gave a text (XML, HTML or JSON) instead of a model file, perhaps an error page; check the "
            "address and that its SAS token has not expired."
        )
    if data[:1] == b"\x80" and data[1:2] in (b"\x02", b"\x03", b"\x04", b"\x05"):
        raise invalid("The file is a Python pickle; those can run code when loaded and are never accepted.")
    raise invalid(f"The file is not a zip, so it is not a model file of Restudio. {_FOREIGN}")


def _ensure_ends_like_zip(data: bytes, limits: ContainerLimits) -> None:
    # The directory is measured before it is parsed: a small file can name millions of members.
    if len(data) < _END.size or data[-_END.size :][:4] != b"PK\x05\x06":
        raise invalid("The model file is truncated: the end of the zip is missing. Download or produce it again.")
    _, _, _, _, count, directory_size, _, _ = _END.unpack(data[-_END.size :])
    if count > limits.members:
        raise invalid(f"The model file has {count} members; at most {limits.members} are allowed.")
    if directory_size > count * (46 + _MAX_NAME):
        raise invalid("The model file is corrupt: the directory of the zip is too large.")


def _read(archive: zipfile.ZipFile, info: zipfile.ZipInfo, limits: ContainerLimits) -> bytes:
    name = info.filename
    limit = limits.manifest if name == MANIFEST else limits.member
    if info.compress_type != zipfile.ZIP_STORED or info.flag_bits & 0x1 or info.compress_size != info.file_size:
        raise invalid(f"Member '{name}' of the model file is compressed or encrypted; Restudio stores members plainly.")
    if info.file_size > limit:
        raise invalid(f"Member '{name}' of the model file has {info.file_size} bytes; at most {limit} are allowed.")
    return archive.read(info)
