"""Failures to read or write an outside address, for the web services and for modules."""

from __future__ import annotations

from restudio.core.errors import Kind, ModuleError, RestudioError


class FetchError(RestudioError):
    """``detail`` is the web-service code (``BlobNotFound``, ``InvalidBlob``, …), ``module_number`` the catalog's,
    ``status`` the HTTP status of a refusal (0 when there was no answer)."""

    def __init__(
        self, detail: str, message: str, *, module_number: str, kind: Kind = Kind.BAD_ARGUMENT, status: int = 0
    ) -> None:
        super().__init__(kind, detail, message)
        self.module_number = module_number
        self.status = status


class HostNotFound(FetchError):
    """Nobody knows the name of the host, or knows no address of it."""

    def __init__(self, message: str) -> None:
        super().__init__("InvalidBlob", message, module_number="0030")


_NUMBERS = {"InvalidBlobConnectionString": "0064", "InputBlobRelativeLocationInvalid": "0009"}


def as_module_error(error: RestudioError) -> ModuleError:
    """A failure of the Fetcher or of a blob reference, as a module reports it."""
    if isinstance(error, ModuleError):
        return error
    number = error.module_number if isinstance(error, FetchError) else _NUMBERS.get(error.detail, "0029")
    return ModuleError(number, error.message)


def storage_refused(shown: str, status: int, code: str, message: str) -> FetchError:
    """Storage's own answer, in our words and its own."""
    number = {"ContainerNotFound": "0009", "BlobAlreadyExists": "0057"}.get(code)
    if number is None:
        number = "0064" if status in (401, 403) else "0030"
    answer = f"{status} {code}".strip() + (f": {message}" if message else "")
    told = f"The blob '{shown}' could not be reached; storage answered {answer}"
    return FetchError("BlobNotFound", told, module_number=number, status=status)
