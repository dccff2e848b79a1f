"""What an expression may answer instead of a value.

Texts are those of the original's engine (Data Factory reference, 7.12), because people search for them.
"""

from __future__ import annotations

from restudio.core.errors import Kind, RestudioError

_SHOWN = 200


class ExpressionError(RestudioError):
    """An expression that cannot be read or evaluated.

    ``position`` counts characters of the text that was compiled, from 0; ``target`` is the place of that text in its
    document, where a whole tree was evaluated.
    """

    function: str | None = None
    """The name of the function that there is not, where that is what is wrong."""

    def __init__(self, message: str, *, position: int | None = None, target: str | None = None) -> None:
        super().__init__(Kind.BAD_ARGUMENT, "InvalidTemplate", message, target=target)
        self.position = position

    @classmethod
    def not_valid(cls, expression: str, problem: str, position: int | None = None) -> ExpressionError:
        """Text that is no expression."""
        shown = shorten(expression)
        return cls(f"The template language expression '{shown}' is not valid: {problem}.", position=position)

    @classmethod
    def unexpected_token(cls, expression: str, expected: str, actual: str, position: int) -> ExpressionError:
        return cls(
            f"Unable to parse template language expression '{shorten(expression)}': expected token '{expected}' and"
            f" actual '{actual}'.",
            position=position,
        )

    @classmethod
    def cannot_evaluate(cls, expression: str, why: str, position: int | None = None) -> ExpressionError:
        shown = shorten(expression)
        return cls(f"The template language expression '{shown}' cannot be evaluated because {why}.", position=position)

    @classmethod
    def unknown_function(cls, name: str, position: int | None = None) -> ExpressionError:
        error = cls(f"The template function '{shorten(name)}' is not defined or not valid.", position=position)
        error.function = name
        return error

    @classmethod
    def not_here(cls, function: str) -> ExpressionError:
        """A context function where its context does not exist."""
        return cls(f"The template function '{function}' is not expected at this location.")


def shorten(text: str) -> str:
    """The text as an error shows it: whole, or its first part when it is long."""
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"
