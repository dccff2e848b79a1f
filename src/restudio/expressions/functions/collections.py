"""Collection functions (Data Factory reference, 7.7)."""

from __future__ import annotations

from collections.abc import Hashable

from restudio.expressions import utf16
from restudio.expressions.access import find_member
from restudio.expressions.casing import fold
from restudio.expressions.declaration import (
    ANY,
    ARRAY,
    COLLECTION,
    INTEGER,
    OBJECT,
    STRING,
    TEXT_OR_ARRAY,
    Accepts,
    function,
    ordinal,
    parameter,
    repeated,
)
from restudio.expressions.equality import identity
from restudio.expressions.errors import ExpressionError
from restudio.expressions.limits import ensure_size
from restudio.expressions.ordering import sort_key
from restudio.expressions.texts import text_of
from restudio.expressions.values import ABSENT, Json, type_name

_OBJECT_OR_ARRAY = Accepts("an array or an object", frozenset({list, dict}))
_MOST_NUMBERS = 100_000
_LARGEST = 2**31 - 1


@function("contains", parameter("collection", COLLECTION), parameter("searched", ANY))
def contains(collection: Json, searched: Json) -> bool:
    """Whether a text has a part (upper and lower case differ), an array an element of the very same type and value, or
    an object a member of that name (in any case)."""
    if type(collection) is list:
        wanted = identity(searched)
        return any(identity(element) == wanted for element in collection)
    if type(searched) is not str:
        raise ExpressionError(
            "The template language function 'contains' expects its second parameter to be a string, because the first"
            f" is of type '{type_name(collection)}'. The provided value is of type '{type_name(searched)}'."
        )
    return searched in collection if type(collection) is str else find_member(collection, searched) is not ABSENT


@function(
    "empty",
    parameter("collection", Accepts("an array, an object or a string", frozenset({list, dict, str, type(None)}))),
)
def empty(collection: Json) -> bool:
    """Whether a text, an array or an object has nothing in it; null has nothing either."""
    return not collection


@function("length", parameter("collection", TEXT_OR_ARRAY))
def length(collection: Json) -> int:
    """Elements of an array, or characters of a text; characters beyond U+FFFF count as two."""
    return len(collection) if type(collection) is list else utf16.length(collection)


@function("first", parameter("collection", TEXT_OR_ARRAY))
def first(collection: Json) -> Json:
    """The first character, or the first element; an empty text or null when there is none."""
    if type(collection) is str:
        return utf16.from_units(utf16.to_units(collection)[:1])
    return collection[0] if collection else None


@function("last", parameter("collection", TEXT_OR_ARRAY))
def last(collection: Json) -> Json:
    """The last character, or the last element; an empty text or null when there is none."""
    if type(collection) is str:
        return utf16.from_units(utf16.to_units(collection)[-1:])
    return collection[-1] if collection else None


@function("take", parameter("collection", TEXT_OR_ARRAY), parameter("count", INTEGER))
def take(collection: Json, count: int) -> Json:
    """The first characters or elements; all when there are fewer."""
    _ensure_count(count, "take")
    return _cut(collection, slice(0, count))


@function("skip", parameter("collection", TEXT_OR_ARRAY), parameter("count", INTEGER))
def skip(collection: Json, count: int) -> Json:
    """All but the first characters or elements."""
    _ensure_count(count, "skip")
    return _cut(collection, slice(count, None))


def _ensure_count(count: int, name: str) -> None:
    if count < 0:
        raise ExpressionError(
            f"The template language function '{name}' expects its second parameter to be an integer that is not"
            f" negative. The provided value is '{count}'."
        )


def _cut(collection: Json, part: slice) -> Json:
    if type(collection) is list:
        return collection[part]
    return utf16.from_units(utf16.to_units(collection)[part])


@function("join", parameter("array", ARRAY), parameter("separator", STRING))
def join(array: list[Json], separator: str) -> str:
    """The elements as text, with a separator between them."""
    texts = [element if type(element) is str else text_of(element) for element in array]
    ensure_size(sum(map(len, texts)) + len(separator) * max(len(texts) - 1, 0), "join")
    return separator.join(texts)


@function("union", parameter("collection", _OBJECT_OR_ARRAY), repeated("collections", _OBJECT_OR_ARRAY))
def union(first: Json, *others: Json) -> Json:
    """The elements of all arrays without duplicates, in order of first appearance; or one object with the members of
    all, where a later member replaces an earlier one of the same name."""
    collections = (first, *others)
    if _all_arrays("union", collections):
        found: dict[Hashable, Json] = {}
        for array in collections:
            for element in array:
                found.setdefault(identity(element), element)
        return list(found.values())
    return {name: value for each in collections for name, value in each.items()}


@function("intersection", parameter("collection", _OBJECT_OR_ARRAY), repeated("collections", _OBJECT_OR_ARRAY))
def intersection(first: Json, *others: Json) -> Json:
    """The elements that all arrays have, without duplicates, in the order of the first; or the members that all objects
    have with the same value."""
    if _all_arrays("intersection", (first, *others)):
        found = {identity(element): element for element in reversed(first)}
        for array in others:
            found = {key: found[key] for key in found.keys() & {identity(element) for element in array}}
        return [found.pop(key) for key in map(identity, first) if key in found]
    return {
        name: value
        for name, value in first.items()
        if all(name in other and identity(other[name]) == identity(value) for other in others)
    }


def _all_arrays(name: str, collections: tuple[Json, ...]) -> bool:
    """Whether the collections are arrays; mixed ones are refused."""
    for index, each in enumerate(collections):
        if type(each) is not type(collections[0]):
            raise ExpressionError(
                f"The template language function '{name}' expects all of its parameters to be of one type. The first is"
                f" of type '{type_name(collections[0])}', the {ordinal(index)} of type '{type_name(each)}'."
            )
    return type(collections[0]) is list


@function("createArray", repeated("value", ANY))
def create_array(*values: Json) -> list[Json]:
    """An array of the values."""
    return list(values)


@function("array", parameter("value", ANY))
def array(value: Json) -> list[Json]:
    """An array of the one value; an array is left as it is."""
    return value if type(value) is list else [value]


@function("range", parameter("start", INTEGER), parameter("count", INTEGER))
def number_range(start: int, count: int) -> list[int]:
    """So many integers from a start."""
    if not 0 <= count <= _MOST_NUMBERS:
        raise ExpressionError(
            "The template language function 'range' expects its second parameter, the number of integers, to be between"
            f" 0 and {_MOST_NUMBERS}. The provided value is '{count}'."
        )
    if start + count > _LARGEST:
        raise ExpressionError(
            "The template language function 'range' expects the sum of its parameters to be at most"
            f" {_LARGEST}. The provided values are '{start}' and '{count}'."
        )
    return list(range(start, start + count))


@function("reverse", parameter("array", ARRAY), extra=True)
def reverse(array: list[Json]) -> list[Json]:
    """The elements in the opposite order."""
    return array[::-1]


@function("sort", parameter("array", ARRAY), parameter("key", STRING, optional=True), extra=True)
def sort(array: list[Json], key: str | None = None) -> list[Json]:
    """The elements in ascending order: all numbers or all texts, or objects by a member that is. Equal ones keep their
    order."""
    values = [element if key is None else _member(element, key) for element in array]
    numbers = all(type(value) is not bool and isinstance(value, (int, float)) for value in values)
    if not numbers and not all(type(value) is str for value in values):
        raise ExpressionError(
            "The template language function 'sort' expects the values to sort by to be all numbers or all strings."
            f" The provided values are of types {', '.join(sorted({type_name(value) for value in values}))}."
        )
    order = sorted(range(len(values)), key=lambda index: values[index] if numbers else sort_key(values[index]))
    return [array[index] for index in order]


def _member(element: Json, key: str) -> Json:
    found = find_member(element, key) if type(element) is dict else ABSENT
    if found is ABSENT:
        raise ExpressionError(
            "The template language function 'sort' expects every element to be an object with the property"
            f" '{key}'. An element is of type '{type_name(element)}' and has no such property."
        )
    return found


@function("addProperty", parameter("object", OBJECT), parameter("name", STRING), parameter("value", ANY), extra=True)
def add_property(object: dict[str, Json], name: str, value: Json) -> dict[str, Json]:
    """A copy of the object with one more member; the name must be new."""
    if find_member(object, name) is not ABSENT:
        raise ExpressionError(
            f"The template language function 'addProperty' expects a new name; the object has a property '{name}'"
            " already. Use setProperty to replace it."
        )
    return {**object, name: value}


def _known_name(object: dict[str, Json], name: str) -> str:
    """The name as the object has it: the exact one, or one that differs in case only."""
    folded = fold(name)
    return name if name in object else next((each for each in object if fold(each) == folded), name)


@function("setProperty", parameter("object", OBJECT), parameter("name", STRING), parameter("value", ANY), extra=True)
def set_property(object: dict[str, Json], name: str, value: Json) -> dict[str, Json]:
    """A copy of the object with a member added, or replaced."""
    known = _known_name(object, name)
    return {**object, known: value}


@function("removeProperty", parameter("object", OBJECT), parameter("name", STRING), extra=True)
def remove_property(object: dict[str, Json], name: str) -> dict[str, Json]:
    """A copy of the object without a member."""
    known = _known_name(object, name)
    return {each: value for each, value in object.items() if each != known}
