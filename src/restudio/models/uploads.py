"""Uploads in pieces: a client announces one, sends numbered blocks, and registers the whole as an asset.

Everything lies in the object store, so that the pieces may reach different processes and survive a restart.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import msgspec

from restudio.core.decoding import decode_json
from restudio.core.errors import Kind, RestudioError
from restudio.core.ids import is_id, new_id
from restudio.seams.objects import Objects

_ROOT = "uploads"
MAX_BLOCKS = 100_000
LIFETIME_S = 86_400.0


@dataclass(frozen=True, slots=True)
class Upload:
    """An announced upload. ``blocks`` is how many the client said that there are, 0 while it has sent none."""

    id: str
    workspace_id: str
    data_type_id: str
    blocks: int = 0


class Uploads:
    """Thread-safe. Sending a block again replaces it."""

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def create(self, workspace_id: str, data_type_id: str, content: bytes | Path = b"") -> Upload:
        """Announce an upload; small ones bring their content at once."""
        upload = Upload(new_id(), workspace_id, data_type_id, blocks=1 if content else 0)
        if content:
            self._objects.put(_block(upload.id, 0), content)
        self._write(upload)
        return upload

    def get(self, workspace_id: str, upload_id: str) -> Upload:
        """An upload of this workspace; ``UploadNotFound`` for any other."""
        try:
            raw = self._objects.get(f"{_ROOT}/{upload_id}/upload.json") if is_id(upload_id) else b""
        except KeyError:
            raw = b""
        upload = decode_json(raw, Upload) if raw else None
        if upload is None or upload.workspace_id != workspace_id:
            raise RestudioError.not_found("UploadNotFound", "Upload", upload_id)
        return upload

    def put_block(self, workspace_id: str, upload_id: str, number: int, blocks: int, content: bytes) -> None:
        """Store block ``number`` of ``blocks``, counted from 0."""
        if not 0 <= number < blocks <= MAX_BLOCKS:
            raise RestudioError(
                Kind.BAD_ARGUMENT,
                "BadParameterValue",
                f"blockId must be 0 to numberOfBlocks - 1 with at most {MAX_BLOCKS} blocks, got {number} of {blocks}.",
                target="blockId",
            )
        upload = self.get(workspace_id, upload_id)
        if upload.blocks != blocks:
            self._write(replace(upload, blocks=blocks))
        self._objects.put(_block(upload_id, number), content)

    def iter_content(self, upload: Upload) -> Iterator[bytes]:
        """The bytes in order; ``IncompleteUpload`` at the first block that never came."""
        for number in range(upload.blocks):
            try:
                yield from self._objects.stream(_block(upload.id, number))
            except KeyError:
                message = f"Block {number} of {upload.blocks} has not been uploaded."
                raise RestudioError(Kind.BAD_ARGUMENT, "IncompleteUpload", message, target=upload.id) from None

    def delete(self, upload: Upload) -> None:
        """Forget an upload and its bytes."""
        for info in list(self._objects.iter_keys(f"{_ROOT}/{upload.id}/")):
            self._objects.delete(info.key)

    def sweep(self, now: float) -> int:
        """Delete pieces older than a day; returns how many. ``now`` in epoch seconds."""
        old = [info.key for info in self._objects.iter_keys(f"{_ROOT}/") if now - info.modified > LIFETIME_S]
        for key in old:
            self._objects.delete(key)
        return len(old)

    def _write(self, upload: Upload) -> None:
        self._objects.put(f"{_ROOT}/{upload.id}/upload.json", msgspec.json.encode(upload))


def _block(upload_id: str, number: int) -> str:
    return f"{_ROOT}/{upload_id}/{number:06d}"
