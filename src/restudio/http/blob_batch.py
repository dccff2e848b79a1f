"""Delete Blob Batch: a multipart body with one DELETE request in each part.

The batch as a whole is signed with the account key, so the signatures inside, which prove no more, are not read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import unquote

from restudio.blobs.failures import refusal
from restudio.blobs.types import BlobPath
from restudio.core.errors import RestudioError
from restudio.core.ids import new_id
from restudio.http.blob_errors import describe, error_xml

MAX_PARTS = 256
MAX_BYTES = 4 << 20
_BOUNDARY = re.compile(r'boundary="?([^";,]+)"?', re.IGNORECASE)
_LINE = re.compile(r"^([A-Z]+) (\S+) HTTP/1\.[01]\r?$", re.MULTILINE)
_CONTENT_ID = re.compile(r"^Content-ID:\s*([\w.-]{1,64})\s*$", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Part:
    """One request of a batch; ``content_id`` goes back with its answer."""

    content_id: str
    blob: BlobPath


def parse_batch(content_type: str, body: bytes, where: BlobPath, base_path: str) -> Sequence[Part]:
    """Blobs to delete, all in the container of ``where``. ``base_path`` is the path of the batch request as sent."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None:
        raise refusal("InvalidHeaderValue", "A batch is multipart/mixed with a boundary.", target="content-type")
    pieces = body.decode("utf-8", "replace").split(f"--{boundary[1]}")[1:-1]
    if not 1 <= len(pieces) <= MAX_PARTS:
        raise refusal("InvalidInput", f"A batch has 1 to {MAX_PARTS} parts, got {len(pieces)}.")
    prefixes = (base_path.rstrip("/"), f"/{where.account}/{where.container}", f"/{where.container}")
    return [_parse_part(piece, where, prefixes, str(number)) for number, piece in enumerate(pieces)]


def _parse_part(piece: str, where: BlobPath, prefixes: Sequence[str], number: str) -> Part:
    line = _LINE.search(piece)
    if line is None or line[1] != "DELETE":
        raise refusal("InvalidInput", f"Part {number} of the batch is not a DELETE request; only those are taken.")
    path = line[2].partition("?")[0]
    for prefix in prefixes:
        if path.startswith(prefix + "/"):
            content_id = _CONTENT_ID.search(piece)
            name = unquote(path.removeprefix(prefix + "/"))
            return Part(content_id[1] if content_id else number, BlobPath(where.account, where.container, name))
    raise refusal("InvalidInput", f"Part {number} of the batch is about another container.")


def perform_batch(parts: Sequence[Part], delete: Callable[[BlobPath], None]) -> tuple[Mapping[str, str], bytes]:
    """Delete one by one; headers and body of the answer. One that fails does not stop the others."""
    boundary = f"batchresponse_{new_id()}"
    texts = [_answer(part, delete) for part in parts]
    body = "".join(f"--{boundary}\r\n{text}\r\n" for text in texts) + f"--{boundary}--\r\n"
    return {"content-type": f"multipart/mixed; boundary={boundary}"}, body.encode()


def _answer(part: Part, delete: Callable[[BlobPath], None]) -> str:
    head = f"Content-Type: application/http\r\nContent-ID: {part.content_id}\r\n\r\n"
    request_id = new_id()
    try:
        delete(part.blob)
    except RestudioError as error:
        status, code = describe(error)
        body = error_xml(code, error.message, request_id).decode()
        return (
            f"{head}HTTP/1.1 {status} {code}\r\nx-ms-error-code: {code}\r\nx-ms-request-id: {request_id}\r\n"
            f"Content-Type: application/xml\r\nContent-Length: {len(body.encode())}\r\n\r\n{body}"
        )
    return f"{head}HTTP/1.1 202 Accepted\r\nx-ms-request-id: {request_id}\r\nContent-Length: 0\r\n\r\n"
