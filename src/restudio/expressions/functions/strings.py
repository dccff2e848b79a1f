"""String functions (Data Factory reference, 7.6)."""

from __future__ import annotations

from uuid import UUID

from restudio.expressions import utf16
from restudio.expressions.casing import fold, to_lower, to_upper
from restudio.expressions.declaration import ANY, INTEGER, STRING, TEXT_OR_ARRAY, function, parameter, repeated
from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import ITEM_SIZE, ensure_size
from restudio.expressions.scope import Scope
from restudio.expressions.texts import text_of
from restudio.expressions.values import Json

_BLANKS = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"


@function("concat", repeated("value", ANY))
def concat(*values: Json) -> str:
    """All values as text, one after the other. Arrays print as JSON; they do not merge (see `union`)."""
    texts = [value if type(value) is str else text_of(value) for value in values]
    ensure_size(sum(map(len, texts)), "concat")
    return "".join(texts)


@function(
    "substring", parameter("text", STRING), parameter("start", INTEGER), parameter("length", INTEGER, optional=True)
)
def substring(text: str, start: int, length: int | None = None) -> str:
    """A part of a text, from a start that is inside of it, counted from 0; without length, the rest."""
    units = utf16.to_units(text)
    if not 0 <= start < len(units):
        raise _not_inside("start index", start, len(units))
    if length is None:
        return utf16.from_units(units[start:])
    if not 0 <= length <= len(units) - start:
        raise _not_inside("length", length, len(units))
    return utf16.from_units(units[start : start + length])


def _not_inside(what: str, value: int, length: int) -> ExpressionError:
    return ExpressionError(
        f"The template language function 'substring' parameters are out of range: '{what}' has the value '{value}', and"
        f" the length of the string is '{length}'. The start index must be less than that length, and start index and"
        " length together at most that length."
    )


@function("replace", parameter("text", STRING), parameter("old", STRING), parameter("new", STRING))
def replace(text: str, old: str, new: str) -> str:
    """Every occurrence of a text replaced; upper and lower case differ."""
    if not old:
        raise ExpressionError("The template language function 'replace' expects its second parameter not to be empty.")
    if len(new) > len(old):
        ensure_size(len(text) + text.count(old) * (len(new) - len(old)), "replace")
    return text.replace(old, new)


@function("guid", parameter("format", STRING, optional=True), scoped=True)
def guid(scope: Scope, format: str = "D") -> str:
    """A new globally unique identifier; format `N`, `D`, `B`, `P` or `X`."""
    return _format_guid(UUID(int=scope.random.getrandbits(128), version=4), format)


def _format_guid(value: UUID, format: str) -> str:
    match format:
        case "D":
            return str(value)
        case "N":
            return value.hex
        case "B":
            return f"{{{value}}}"
        case "P":
            return f"({value})"
        case "X":
            a, b, c = value.fields[:3]
            rest = ",".join(f"0x{byte:02x}" for byte in value.bytes[8:])
            return f"{{0x{a:08x},0x{b:04x},0x{c:04x},{{{rest}}}}}"
    raise ExpressionError(
        f"The template language function 'guid' format parameter '{format}' is not supported. Supported are 'N', 'D',"
        " 'B', 'P' and 'X'."
    )


@function("toLower", parameter("text", STRING))
def lower(text: str) -> str:
    """In lower case, by the rules of no particular language."""
    return to_lower(text)


@function("toUpper", parameter("text", STRING))
def upper(text: str) -> str:
    """In upper case, by the rules of no particular language: `ß` stays."""
    return to_upper(text)


@function("trim", parameter("text", STRING))
def trim(text: str) -> str:
    """Without white space at both ends."""
    return text.strip(_BLANKS)


@function("indexOf", parameter("text", STRING), parameter("searched", STRING))
def index_of(text: str, searched: str) -> int:
    """Where a text first stands in another, counted from 0; -1 when it does not. Ignores case."""
    return fold(utf16.to_units(text)).find(fold(utf16.to_units(searched)))


@function("lastIndexOf", parameter("text", STRING), parameter("searched", STRING))
def last_index_of(text: str, searched: str) -> int:
    """Where a text last stands in another; -1 when it does not. Ignores case."""
    units = fold(utf16.to_units(text))
    return units.rfind(fold(utf16.to_units(searched))) if searched else max(len(units) - 1, 0)


@function("nthIndexOf", parameter("text", STRING), parameter("searched", STRING), parameter("n", INTEGER), extra=True)
def nth_index_of(text: str, searched: str, n: int) -> int:
    """Where a text stands in another for the nth time, from the end when n is negative; -1 when it does not."""
    if not n:
        raise ExpressionError("The template language function 'nthIndexOf' expects its third parameter not to be 0.")
    if not searched:
        return 0 if n == 1 else -1
    units, wanted = fold(utf16.to_units(text)), fold(utf16.to_units(searched))
    at = -1 if n > 0 else len(units)
    for _ in range(min(abs(n), len(units) + 1)):
        at = units.find(wanted, at + 1) if n > 0 else units.rfind(wanted, 0, at + len(wanted) - 1)
        if at < 0:
            return -1
    return at


@function("startsWith", parameter("text", STRING), parameter("searched", STRING))
def starts_with(text: str, searched: str) -> bool:
    """Whether a text begins with another. Ignores case."""
    return fold(text).startswith(fold(searched))


@function("endsWith", parameter("text", STRING), parameter("searched", STRING))
def ends_with(text: str, searched: str) -> bool:
    """Whether a text ends with another. Ignores case."""
    return fold(text).endswith(fold(searched))


@function("split", parameter("text", STRING), parameter("separator", STRING))
def split(text: str, separator: str) -> list[str]:
    """The pieces between separators, empty ones too."""
    if not separator:
        return [text]
    ensure_size(text.count(separator) * ITEM_SIZE, "split")
    return text.split(separator)


@function(
    "slice",
    parameter("text", STRING),
    parameter("start", INTEGER),
    parameter("end", INTEGER, optional=True),
    extra=True,
)
def slice_text(text: str, start: int, end: int | None = None) -> str:
    """A part of a text; negative places count from the end, and places outside are moved to its ends."""
    units = utf16.to_units(text)
    return utf16.from_units(units[start:end])


@function("chunk", parameter("collection", TEXT_OR_ARRAY), parameter("size", INTEGER), extra=True)
def chunk(collection: str | list[Json], size: int) -> list[Json]:
    """Pieces of one length; the last may be shorter."""
    if size < 1:
        raise ExpressionError("The template language function 'chunk' expects its second parameter to be at least 1.")
    if isinstance(collection, list):
        return [collection[i : i + size] for i in range(0, len(collection), size)]
    units = utf16.to_units(collection)
    return [utf16.from_units(units[i : i + size]) for i in range(0, len(units), size)]
