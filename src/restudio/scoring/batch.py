"""Batch scoring: files in, files out, in chunks through the same Scorer as single calls.

Reading and parsing, scoring, and writing overlap: two threads score (their kernels release the interpreter lock), one
reads ahead, the caller's writes. Memory is bounded by the few chunks in flight.
"""

from __future__ import annotations

import os
import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from restudio.core.errors import Kind, RestudioError, nearest
from restudio.core.schema import Schema
from restudio.scoring.celltexts import text_schema, to_texts
from restudio.scoring.scorer import InputSpec, Scorer
from restudio.seams.engine import Cancelled
from restudio.tables.codec import ChunkWriter, Codec
from restudio.tables.formats import get_codec, sniff_codec
from restudio.tables.table import ARROW_TYPES

ROWS_PER_CHUNK = 16_384
SCORING_THREADS = 2
_IN_FLIGHT = 4
_TEXT_FORMATS = frozenset({"GenericCSV", "GenericCSVNoHeader", "GenericTSV", "GenericTSVNoHeader"})

Tables = Mapping[str, pa.Table]


@dataclass(frozen=True, slots=True)
class BatchResult:
    """Rows read (of the longest input) and rows written to each output."""

    rows_in: int
    rows_out: Mapping[str, int]


def score_file(
    scorer: Scorer,
    inputs: Mapping[str, Path],
    outputs: Mapping[str, Path],
    progress: Callable[[int], None] = lambda rows: None,
    is_cancelled: Callable[[], bool] = lambda: False,
) -> BatchResult:
    """Score the files of every service input into a file for each of the named outputs.

    Formats follow the file names (inputs without a known ending are recognised by their first bytes). ``progress``
    gets the number of rows read so far; ``is_cancelled`` is asked between chunks and ends in ``Cancelled``. Output
    files appear when complete: a failure leaves none.

    Errors: 0049 for a cell that does not fit (row, column, expected, got), ``MissingRequestInput``,
    ``InvalidInputNames`` and ``InvalidOutputOverrideName`` for names that the service does not have.
    """
    _ensure_names(scorer, inputs, outputs)
    rows_in = 0
    with ExitStack() as stack:
        writers = {port: stack.enter_context(_writer(path, scorer.outputs[port])) for port, path in outputs.items()}
        chunks = stack.enter_context(_read_ahead(_chunks(scorer, inputs)))
        pool = stack.enter_context(_scoring_pool())
        running: deque[tuple[int, Future[Tables]]] = deque()
        score = _bind_score(scorer, writers)

        def finish_oldest() -> None:
            nonlocal rows_in
            rows, future = running.popleft()
            for port, table in future.result().items():
                writers[port].append(table)
            rows_in += rows
            progress(rows_in)

        for chunk in chunks:
            if is_cancelled():
                raise Cancelled
            running.append((max((t.num_rows for t in chunk.values()), default=0), pool.submit(score, chunk)))
            if len(running) >= _IN_FLIGHT:
                finish_oldest()
        while running:
            if is_cancelled():
                raise Cancelled
            finish_oldest()
    return BatchResult(rows_in, {port: writer.rows for port, writer in writers.items()})


def _ensure_names(scorer: Scorer, inputs: Mapping[str, Path], outputs: Mapping[str, Path]) -> None:
    for port in scorer.inputs:
        if port not in inputs:
            text = f"Input '{port}' has no file."
            raise RestudioError(Kind.BAD_ARGUMENT, "MissingRequestInput", text, target=port)
    for known, given, detail, what in (
        (scorer.inputs, inputs, "InvalidInputNames", "input"),
        (scorer.outputs, outputs, "InvalidOutputOverrideName", "output"),
    ):
        for port in given:
            if port not in known:
                text = f"The service has no {what} '{port}'.{nearest(port, known)}"
                raise RestudioError(Kind.BAD_ARGUMENT, detail, text, target=port)


def _bind_score(scorer: Scorer, writers: Mapping[str, _Output]) -> Callable[[Tables], Tables]:
    def score(chunk: Tables) -> Tables:
        results = scorer.score_table(chunk)
        return {port: writer.prepare(results[port]) for port, writer in writers.items()}

    return score


@contextmanager
def _scoring_pool() -> Iterator[ThreadPoolExecutor]:
    pool = ThreadPoolExecutor(SCORING_THREADS, thread_name_prefix="batch-score")
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


class _Output:
    """Appends chunks to one output file; text formats show cells as request-response answers do."""

    def __init__(self, writer: ChunkWriter, schema: Schema, as_text: bool) -> None:
        self._writer = writer
        self._schema = schema
        self._as_text = as_text
        self.rows = 0

    def prepare(self, table: pa.Table) -> pa.Table:
        return to_texts(table, self._schema) if self._as_text else table

    def append(self, table: pa.Table) -> None:
        self._writer.write(table)
        self.rows += table.num_rows


@contextmanager
def _writer(path: Path, schema: Schema) -> Iterator[_Output]:
    """The file takes its name when everything is written."""
    codec = get_codec(path.name)
    if codec.open_writer is None:
        raise RestudioError(
            Kind.BAD_ARGUMENT, "InvalidBlobExtension", f"'{path.name}' is of a format that cannot be written."
        )
    as_text = codec.id in _TEXT_FORMATS
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with codec.open_writer(partial, text_schema(schema) if as_text else schema) as writer:
            yield _Output(writer, schema, as_text)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def _chunks(scorer: Scorer, inputs: Mapping[str, Path]) -> Iterator[Tables]:
    """Tables for every input. Interpreted modules may look at all rows at once, so they get one chunk."""
    if not scorer.inputs:
        yield {}
        return
    streams = {port: _stream(inputs[port], spec) for port, spec in scorer.inputs.items()}
    if not scorer.fast:
        yield {port: _joined(stream, scorer.inputs[port].schema) for port, stream in streams.items()}
    elif len(streams) == 1:
        ((port, stream),) = streams.items()
        for table in stream:
            yield {port: table}
    else:
        yield from _aligned(streams, scorer.inputs)


def _stream(path: Path, spec: InputSpec) -> Iterator[pa.Table]:
    codec: Codec = sniff_codec(path)
    return codec.iter_chunks(path, spec.schema, ROWS_PER_CHUNK, ignored=spec.ignored)


def _joined(stream: Iterable[pa.Table], schema: Schema) -> pa.Table:
    tables = list(stream)
    return pa.concat_tables(tables) if tables else _empty(schema)


def _empty(schema: Schema) -> pa.Table:
    return pa.table({c.name: pa.array([], ARROW_TYPES[c.dtype]) for c in schema})


def _aligned(streams: Mapping[str, Iterator[pa.Table]], inputs: Mapping[str, InputSpec]) -> Iterator[Tables]:
    """Chunks of equally many rows from every stream; one that has ended gives empty tables."""
    even = {port: _rechunked(stream) for port, stream in streams.items()}
    while True:
        tables = {port: next(stream, None) for port, stream in even.items()}
        if all(table is None for table in tables.values()):
            return
        yield {p: _empty(inputs[p].schema) if table is None else table for p, table in tables.items()}


def _rechunked(stream: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The same rows in chunks of exactly :data:`ROWS_PER_CHUNK`, the last one shorter."""
    waiting: list[pa.Table] = []
    held = 0
    for table in stream:
        waiting.append(table)
        held += table.num_rows
        while held >= ROWS_PER_CHUNK:
            joined = pa.concat_tables(waiting)
            yield joined.slice(0, ROWS_PER_CHUNK)
            waiting = [joined.slice(ROWS_PER_CHUNK)]
            held -= ROWS_PER_CHUNK
    if held:
        yield pa.concat_tables(waiting)


@contextmanager
def _read_ahead(chunks: Iterator[Tables]) -> Iterator[Iterator[Tables]]:
    """The same chunks, produced by a thread that is at most two ahead. Its errors are raised here, in order."""
    ready: queue.Queue[Tables | BaseException | None] = queue.Queue(2)
    stopped = threading.Event()

    def put(item: Tables | BaseException | None) -> bool:
        while not stopped.is_set():
            try:
                ready.put(item, timeout=0.1)
            except queue.Full:
                continue
            return True
        return False

    def produce() -> None:
        try:
            for chunk in chunks:
                if not put(chunk):
                    return
            put(None)
        except BaseException as error:  # handed to the consumer
            put(error)

    def consume() -> Iterator[Tables]:
        while (item := ready.get()) is not None:
            if isinstance(item, BaseException):
                raise item
            yield item

    thread = threading.Thread(target=produce, name="batch-read", daemon=True)
    thread.start()
    try:
        yield consume()
    finally:
        stopped.set()
        thread.join()
