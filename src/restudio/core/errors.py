"""All errors of Restudio.

    RestudioError                 kind, detail code, message, target
    ├── ModuleError               "Error NNNN: ..." of the module catalog, with node, parameter, column, row
    ├── ManyErrors                several findings of one check, reported together
    └── TooManyAttempts           guessing is slowed down, with the seconds to wait

An error carries data; the faces turn it into bytes. ``Kind`` values are the public ``error.code`` classes
of the web-service protocol; which HTTP status a kind gets is decided in ``restudio.http.errors`` alone.
A message says what thing, what was expected, what came, and what to do next.
"""

from __future__ import annotations

import difflib
import enum
from collections.abc import Iterable, Sequence


class Kind(enum.Enum):
    """Class of an error, as clients of the original services know it (``error.code``)."""

    BAD_ARGUMENT = "BadArgument"
    BAD_USER_ARGUMENT = "BadUserArgument"
    INVALID_OPERATION = "InvalidOperation"
    LIBRARY_EXECUTION = "LibraryExecutionError"
    MODULE_EXECUTION = "ModuleExecutionError"
    PACKAGE = "WebServicePackageError"
    UNAUTHORIZED = "Unauthorized"
    FORBIDDEN = "Forbidden"
    NOT_FOUND = "NotFound"
    METHOD_NOT_ALLOWED = "MethodNotAllowed"
    TIMEOUT = "RequestTimeout"
    CONFLICT = "Conflict"
    PRECONDITION = "PreconditionFailed"
    TOO_LARGE = "RequestTooLarge"
    TOO_MANY = "TooManyRequests"
    MEMORY = "MemoryQuotaViolation"
    INTERNAL = "InternalError"
    UNAVAILABLE = "ServiceUnavailable"


class RestudioError(Exception):
    """A failure that a caller can understand and act on.

    ``detail`` is the stable detail code (``details[0].code`` on the wire); ``target`` names the thing at fault
    (a column, a node, a resource), when there is one.
    """

    def __init__(self, kind: Kind, detail: str, message: str, *, target: str | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.detail = detail
        self.message = message
        self.target = target

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.__dict__))

    @classmethod
    def not_found(cls, detail: str, what: str, name: str, known: Iterable[str] = ()) -> RestudioError:
        """A named thing that does not exist; the nearest existing names are suggested."""
        return cls(Kind.NOT_FOUND, detail, f"{what} '{name}' was not found.{nearest(name, known)}", target=name)


class ModuleError(RestudioError):
    """An error of the module catalog: ``Error 0001: ...`` (modules reference, section 7).

    Raised by module functions and parameter validation. ``row`` is 1-based and counts data rows.
    The engine adds ``node`` when it knows which node ran.
    """

    def __init__(
        self,
        number: str,
        text: str,
        *,
        parameter: str | None = None,
        column: str | None = None,
        row: int | None = None,
        module: str | None = None,
        node: str | None = None,
    ) -> None:
        if len(number) != 4 or not number.isdigit():
            raise ValueError(f"module error numbers have four digits, got {number!r}")
        kind = Kind.LIBRARY_EXECUTION if number == "1000" else Kind.MODULE_EXECUTION
        super().__init__(kind, number, f"Error {number}: {text}", target=node or module)
        self.number = number
        self.text = text
        self.parameter = parameter
        self.column = column
        self.row = row
        self.module = module
        self.node = node

    def at(self, *, module: str, node: str) -> ModuleError:
        """The same error, placed at a node of a graph."""
        return ModuleError(
            self.number, self.text, parameter=self.parameter, column=self.column, row=self.row, module=module, node=node
        )


class ManyErrors(RestudioError):
    """Several findings of one check, so that a user mends them in one go."""

    def __init__(self, detail: str, errors: Sequence[RestudioError]) -> None:
        super().__init__(Kind.BAD_ARGUMENT, detail, " ".join(e.message for e in errors))
        self.errors = tuple(errors)


class TooManyAttempts(RestudioError):
    """Something that can be guessed was tried too often. ``wait_s`` is when it may be tried again."""

    def __init__(self, what: str, wait_s: int) -> None:
        super().__init__(
            Kind.TOO_MANY,
            "TooManyAttempts",
            f"There were too many {what} attempts; try again in {wait_s} seconds.",
        )
        self.wait_s = wait_s


def nearest(name: str, known: Iterable[str], *, limit: int = 5) -> str:
    """A sentence that offers the nearest known names, or the first few, or nothing.

    >>> nearest("Scored Label", ["Scored Labels", "age"])
    " Did you mean 'Scored Labels'?"
    >>> nearest("zz", ["a", "b"])
    " Known: 'a', 'b'."
    """
    names = list(dict.fromkeys(known))
    folded = {n.casefold(): n for n in names}
    close = [folded[n] for n in difflib.get_close_matches(name.casefold(), list(folded), n=2, cutoff=0.7)]
    if close:
        return f" Did you mean {' or '.join(repr(n) for n in close)}?"
    if not names:
        return ""
    shown = ", ".join(repr(n) for n in names[:limit])
    return f" Known: {shown}{' …' if len(names) > limit else ''}."


def _rebuild(cls: type[RestudioError], state: dict[str, object]) -> RestudioError:
    error = cls.__new__(cls)
    Exception.__init__(error, state["message"])
    error.__dict__.update(state)
    return error
