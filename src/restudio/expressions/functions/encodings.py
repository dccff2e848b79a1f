"""Base64, binary objects, ``data:`` addresses and escapes of addresses (Data Factory reference, 7.9)."""

from __future__ import annotations

from urllib.parse import quote, unquote_plus

from restudio.expressions.binary import binary_object, decode, encode, utf8
from restudio.expressions.data_uri import DataUri, parse_data_uri
from restudio.expressions.declaration import STRING, Accepts, function, parameter
from restudio.expressions.errors import ExpressionError
from restudio.expressions.texts import CONTENT, CONTENT_TYPE, content_of
from restudio.expressions.values import Json

_CONTENT = Accepts("a string or a binary object", frozenset({str, dict}))
_TEXT_OR_NULL = Accepts("a string", frozenset({str, type(None)}))


def _not_valid(name: str, what: str) -> ExpressionError:
    return ExpressionError(
        f"The template language function '{name}' was invoked with a parameter that is not valid. The value must be"
        f" {what}."
    )


def _bytes_of(value: Json, name: str) -> bytes:
    if type(value) is str:
        return utf8(value)
    content = content_of(value)
    if content is None:
        raise _not_valid(name, f"a string, or an object with '{CONTENT_TYPE}' and '{CONTENT}'")
    return content


def _decoded(text: str, name: str) -> bytes:
    try:
        return decode(text)
    except ValueError as error:
        raise _not_valid(name, "a string in base64, with its padding") from error


def _data_uri(text: str, name: str) -> DataUri:
    try:
        return parse_data_uri(text)
    except ValueError as error:
        raise _not_valid(name, "a data URI: 'data:text/plain;charset=utf-8;base64,…' or 'data:,…'") from error


@function("base64", parameter("value", _CONTENT))
def base64(value: Json) -> str:
    """A text (in UTF-8) or the bytes of a binary object in base64."""
    return encode(_bytes_of(value, "base64"))


@function("base64ToString", "decodeBase64", parameter("text", STRING))
def base64_to_string(text: str) -> str:
    """The text that stands in base64."""
    return _decoded(text, "base64ToString").decode("utf-8", "replace")


@function("base64ToBinary", parameter("text", STRING))
def base64_to_binary(text: str) -> Json:
    """A binary object of what stands in base64."""
    return binary_object(_decoded(text, "base64ToBinary"))


@function("binary", parameter("value", _CONTENT))
def binary(value: Json) -> Json:
    """A binary object of a text, in UTF-8."""
    return binary_object(_bytes_of(value, "binary"))


@function("dataUri", parameter("value", _CONTENT))
def data_uri(value: Json) -> str:
    """A text or a binary object as an address that holds it."""
    content_type = "text/plain;charset=utf-8" if type(value) is str else value.get(CONTENT_TYPE)
    return f"data:{content_type};base64,{encode(_bytes_of(value, 'dataUri'))}"


@function("dataUriToString", "decodeDataUri", parameter("uri", STRING))
def data_uri_to_string(uri: str) -> str:
    """The text that a `data:` address holds."""
    return _data_uri(uri, "dataUriToString").text


@function("dataUriToBinary", parameter("uri", STRING))
def data_uri_to_binary(uri: str) -> Json:
    """A binary object of what a `data:` address holds, with its content type."""
    found = _data_uri(uri, "dataUriToBinary")
    return binary_object(found.content, found.content_type)


@function("uriComponent", "encodeUriComponent", parameter("text", _TEXT_OR_NULL))
def uri_component(text: str | None) -> str:
    """A text with everything escaped but letters, digits and `-_.~`."""
    if text is None:
        return ""
    return quote(utf8(text), safe="-_.~")


@function("uriComponentToString", "decodeUriComponent", parameter("text", STRING))
def uri_component_to_string(text: str) -> str:
    """A text with its escapes undone; `+` is a blank, and broken escapes stay."""
    return unquote_plus(text)


@function("uriComponentToBinary", parameter("text", STRING))
def uri_component_to_binary(text: str) -> Json:
    """A binary object of a text with its escapes undone."""
    return binary_object(utf8(unquote_plus(text)))
