from __future__ import annotations

from typing import Any

import msgspec
import pytest

from restudio.core.errors import Kind, ManyErrors, ModuleError, RestudioError
from restudio.http.errors import CLASSES, envelope, status_of

# Class code, status and message as the classic services documented them (reference, section 11).
DOCUMENTED = [
    ("BadArgument", 400, "Invalid argument provided."),
    ("BadUserArgument", 400, "Invalid user argument provided."),
    ("InvalidOperation", 400, None),
    ("LibraryExecutionError", 400, "Module execution encountered an internal library error."),
    ("ModuleExecutionError", 400, "Module execution encountered an error."),
    ("WebServicePackageError", 400, None),
    ("Unauthorized", 401, "Request is unauthorized to access resource."),
    ("Forbidden", 403, None),
    ("NotFound", 404, "Resource not found."),
    ("MethodNotAllowed", 405, None),
    ("RequestTimeout", 408, None),
    ("Conflict", 409, "Resource already exists."),
    ("PreconditionFailed", 412, None),
    ("RequestTooLarge", 413, None),
    ("TooManyRequests", 429, None),
    ("MemoryQuotaViolation", 413, None),
    ("InternalError", 500, None),
    ("ServiceUnavailable", 503, None),
]


def read(body: bytes) -> dict[str, Any]:
    error: dict[str, Any] = msgspec.json.decode(body)["error"]
    return error


def test_every_kind_is_documented() -> None:
    assert [code for code, _, _ in DOCUMENTED] == [kind.value for kind in Kind]
    assert set(CLASSES) == set(Kind)


@pytest.mark.parametrize(("code", "status", "message"), DOCUMENTED)
def test_status_and_class_message(code: str, status: int, message: str | None) -> None:
    answered, body = envelope(RestudioError(Kind(code), "SomeDetail", "What to do.", target="thing"))
    error = read(body)
    assert (answered, error["code"]) == (status, code)
    assert error["message"]
    assert message is None or error["message"] == message
    assert error["details"] == [{"code": "SomeDetail", "target": "thing", "message": "What to do."}]


def test_several_findings_become_several_details() -> None:
    findings = [RestudioError(Kind.BAD_ARGUMENT, f"Finding{n}", f"Finding {n}.") for n in range(3)]
    nested = ManyErrors("Inner", findings[1:])
    status, body = envelope(ManyErrors("Outer", [findings[0], nested]))
    assert status == 400
    assert [d["code"] for d in read(body)["details"]] == ["Finding0", "Finding1", "Finding2"]


def test_details_are_never_empty() -> None:
    _, body = envelope(ManyErrors("NothingFound", []))
    assert [d["code"] for d in read(body)["details"]] == ["NothingFound"]


def test_module_errors_tell_where() -> None:
    error = ModuleError("0018", "The value is bad.", parameter="Fraction", column="age", row=3, module="Split Data")
    status, body = envelope(error.at(module="Split Data", node="n1"))
    assert status == 400
    assert read(body)["details"] == [
        {
            "code": "0018",
            "target": "n1",
            "message": "Error 0018: The value is bad.",
            "parameter": "Fraction",
            "column": "age",
            "row": 3,
            "module": "Split Data",
        }
    ]


def test_library_errors_have_their_own_class() -> None:
    assert read(envelope(ModuleError("1000", "scikit-learn said no."))[1])["code"] == "LibraryExecutionError"


def test_unexpected_exceptions_show_nothing_of_themselves() -> None:
    failure = KeyError("password=hunter2 in /srv/secret")
    status, body = envelope(failure, "req-7")
    assert status == status_of(failure) == 500
    assert b"hunter2" not in body
    assert b"/srv" not in body
    [detail] = read(body)["details"]
    assert "req-7" in detail["message"]
    assert read(envelope(failure)[1])["details"][0]["message"]


def test_an_answer_does_not_grow_with_what_was_sent() -> None:
    many = [RestudioError(Kind.BAD_ARGUMENT, "F", "x" * 20_000, target="t" * 20_000) for _ in range(5_000)]
    _, body = envelope(ManyErrors("Outer", many))
    details = read(body)["details"]
    assert len(details) == 101
    assert "4900 more" in details[-1]["message"]
    assert max(len(d["message"]) for d in details) < 10_000
    assert len(body) < 2_000_000


def test_half_surrogates_are_answered_too() -> None:
    _, body = envelope(RestudioError(Kind.BAD_ARGUMENT, "F", "got '\ud800'"))
    assert read(body)["details"][0]["message"] == "got '?'"
