"""Bounds on what a text may ask for: expressions come from anyone who may edit or run a pipeline."""

from __future__ import annotations

from typing import Final

from restudio.expressions.errors import ExpressionError

EXPRESSION_LENGTH: Final = 8192
"""Characters of one expression; texts around ``@{…}`` do not count."""
NESTING: Final = 64
"""Calls and brackets within one another."""
VALUE_NESTING: Final = 128
"""Objects and arrays within one another."""
RESULT_SIZE: Final = 4 * 1024 * 1024
"""Characters of a text: as the outputs of activities."""
ITEM_SIZE: Final = 16
"""What an item of an array counts beside them."""
EVALUATION_SIZE: Final = 4 * RESULT_SIZE
"""The same, over all that one evaluation makes on its way."""
CHARGED_FROM: Final = 512
"""Smaller results are not counted: the length of an expression bounds how many there are."""


def ensure_size(size: int, function: str) -> None:
    """Refuse a result before it is made."""
    if size > RESULT_SIZE:
        raise ExpressionError(
            f"The result of the template language function '{function}' has a size of {size};"
            f" at most {RESULT_SIZE} is allowed (a character counts 1, an item of an array {ITEM_SIZE})."
        )


def too_deep(what: str) -> ExpressionError:
    return ExpressionError(f"{what} is nested too deeply; at most {VALUE_NESTING} levels are allowed.")
