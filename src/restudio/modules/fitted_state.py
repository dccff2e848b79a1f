"""Fitted state of models and transforms, read back. It may come from a file of unknown origin."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from restudio.artifacts.values import Transform
from restudio.core.errors import Kind, ModuleError, RestudioError
from restudio.core.schema import Column
from restudio.kernels.expr import Frame


@contextmanager
def reading(owner: str) -> Iterator[None]:
    """Turn what a wrong fitted state raises into ``InvalidBlob``: an error of the file, not of the program."""
    try:
        yield
    except RestudioError:
        raise
    except (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError) as cause:
        raise RestudioError(
            Kind.BAD_ARGUMENT,
            "InvalidBlob",
            f"The fitted state of '{owner}' is not valid: {cause}. Train it again.",
        ) from cause


def present_columns(transform: Transform, frame: Frame) -> Iterator[tuple[int, Column]]:
    """The columns of a column-wise transform that the frame has, with their positions in the transform.

    Absent ones are passed over, because a label that was cleaned or scaled in training is not sent when scoring; a
    feature that a model misses is named when the model is applied. Error 0018 when the frame has none of the columns,
    or one with another element type (integers and doubles go together).
    """
    schema = frame.schema
    if transform.columns and not any(column.name in schema for column in transform.columns):
        names = ", ".join(f"'{column.name}'" for column in transform.columns[:5])
        raise ModuleError("0018", f"The dataset has none of the columns of the transformation: {names}.")
    for position, fitted in enumerate(transform.columns):
        if fitted.name not in schema:
            continue
        have = schema[fitted.name]
        if have.dtype is not fitted.dtype and not (have.dtype.is_number and fitted.dtype.is_number):
            raise ModuleError(
                "0018",
                f"Column '{fitted.name}' is {have.dtype.value}, but the transformation was fitted on "
                f"{fitted.dtype.value}; convert it with Edit Metadata.",
                column=fitted.name,
            )
        yield position, have
