"""What the engine and its child processes say to each other: msgpack behind a four-byte length, over two pipes.

The parent sends :class:`Hello` once, then :class:`Run` for each execution and an :class:`Answer` to each question.
The child sends :class:`Ready` once, then any number of :class:`Told` and questions (:data:`Question`), then
:class:`Done` or :class:`Fault`. Values never travel here, only the object keys where they are.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Mapping

import msgspec

from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.seams.engine import Execution, Limits

_LENGTH = struct.Struct(">I")
_LIMIT = 256 << 20


class Hello(msgspec.Struct, tag=True):
    """``objects`` says where the object store is; the child has no other address or secret."""

    objects: dict[str, str]


class Run(msgspec.Struct, tag=True):
    """One execution. ``params`` is JSON text; ``scratch`` an empty folder that the parent removes afterwards."""

    id: str
    module: str
    params: str
    inputs: dict[str, str]
    outputs: dict[str, str]
    assets: dict[str, str]
    seed: int
    scratch: str
    seconds: float
    memory_mb: int
    network: bool

    @classmethod
    def of(cls, execution: Execution, params: str, scratch: str) -> Run:
        limits = execution.limits
        return cls(
            execution.id,
            execution.module,
            params,
            dict(execution.inputs),
            dict(execution.outputs),
            dict(execution.assets),
            execution.seed,
            scratch,
            limits.seconds,
            limits.memory_mb,
            limits.network,
        )

    @property
    def limits(self) -> Limits:
        return Limits(self.seconds, self.memory_mb, self.network)


class Ready(msgspec.Struct, tag=True):
    """The catalog is loaded; executions may come."""


class Told(msgspec.Struct, tag=True):
    """Progress, or a log line when ``fraction`` is None."""

    fraction: float | None
    text: str


class Ask(msgspec.Struct, tag=True):
    """A wish to reach outside, which only the parent may: ``fetch`` an address, or ``deliver`` the file ``path``."""

    what: str
    url: str
    credential: str | None = None
    path: str | None = None
    overwrite: bool = True


class AskExchange(msgspec.Struct, tag=True):
    """The wish for an HTTP request; its answer's body comes as a file."""

    method: str
    url: str
    headers: dict[str, str]
    body: bytes


class AskResolve(msgspec.Struct, tag=True):
    """Which IP address a connection to a host may be made to; the answer's ``name`` is it."""

    host: str
    port: int


class AskFile(msgspec.Struct, tag=True):
    """The wish for a file of this machine; the answer's ``path`` is its real one."""

    path: str


Question = Ask | AskExchange | AskResolve | AskFile


class Fault(msgspec.Struct, tag=True):
    """An error as data. ``number`` is set for module errors."""

    kind: str
    detail: str
    text: str
    number: str | None = None
    parameter: str | None = None
    column: str | None = None
    row: int | None = None
    target: str | None = None

    @classmethod
    def of(cls, error: RestudioError) -> Fault:
        if isinstance(error, ModuleError):
            return cls(
                error.kind.value, error.detail, error.text, error.number, error.parameter, error.column, error.row
            )
        return cls(error.kind.value, error.detail, error.message, target=error.target)

    def error(self) -> RestudioError:
        """The error again."""
        if self.number is not None:
            return ModuleError(self.number, self.text, parameter=self.parameter, column=self.column, row=self.row)
        return RestudioError(Kind(self.kind), self.detail, self.text, target=self.target)


class Answer(msgspec.Struct, tag=True):
    """The outcome of a question: the fetched file, or what went wrong."""

    path: str | None = None
    name: str = ""
    content_type: str | None = None
    status: int = 0
    headers: dict[str, str] = {}
    fault: Fault | None = None


class Done(msgspec.Struct, tag=True):
    """All outputs are stored; ``sizes`` in bytes by port."""

    sizes: dict[str, int]


ToChild = Hello | Run | Answer
FromChild = Ready | Told | Ask | AskExchange | AskResolve | AskFile | Done | Fault

_encode = msgspec.msgpack.Encoder().encode
_decode_for_child: msgspec.msgpack.Decoder[ToChild] = msgspec.msgpack.Decoder(ToChild)
_decode_from_child: msgspec.msgpack.Decoder[FromChild] = msgspec.msgpack.Decoder(FromChild)


def send(pipe: int, message: ToChild | FromChild) -> None:
    """Write one message to a file descriptor; ``BrokenPipeError`` when the other side is gone."""
    body = _encode(message)
    left = memoryview(_LENGTH.pack(len(body)) + body)
    while left:
        left = left[os.write(pipe, left) :]


class Inbox:
    """Bytes from a child become messages; never blocks, so that limits can be watched while waiting."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[FromChild]:
        """Add bytes as they arrived; yields the messages that are now complete."""
        self._buffer += data
        while (frame := self._take()) is not None:
            yield _decode_from_child.decode(frame)

    def _take(self) -> bytes | None:
        if len(self._buffer) < _LENGTH.size:
            return None
        (length,) = _LENGTH.unpack_from(self._buffer)
        if length > _LIMIT:
            raise msgspec.DecodeError(f"a message of {length} bytes")
        end = _LENGTH.size + length
        if len(self._buffer) < end:
            return None
        frame = bytes(self._buffer[_LENGTH.size : end])
        del self._buffer[:end]
        return frame


def receive(pipe: int) -> ToChild | None:
    """The next message from the parent; None when it is gone. Blocks."""
    head = _read_exactly(pipe, _LENGTH.size)
    body = None if head is None else _read_exactly(pipe, _LENGTH.unpack(head)[0])
    return None if body is None else _decode_for_child.decode(body)


def _read_exactly(pipe: int, length: int) -> bytes | None:
    parts = bytearray()
    while len(parts) < length:
        data = os.read(pipe, length - len(parts))
        if not data:
            return None
        parts += data
    return bytes(parts)


Location = Mapping[str, str]
"""Where the object store is, in words that the child's ``open_objects`` understands."""
