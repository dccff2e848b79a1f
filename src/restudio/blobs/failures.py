"""Refusals of the Blob service, by storage's own error codes.

The error code (``x-ms-error-code`` on the wire) is the ``detail`` of the error; which HTTP status it gets is decided
in ``restudio.http.blob_errors``.
"""

from __future__ import annotations

from collections.abc import Mapping

from restudio.core.errors import Kind, RestudioError

_CODES: Mapping[str, tuple[Kind, str]] = {
    "AuthenticationFailed": (
        Kind.FORBIDDEN,
        "Server failed to authenticate the request. Check the Authorization header or the shared access signature.",
    ),
    "AuthorizationFailure": (Kind.FORBIDDEN, "This request is not authorized to perform this operation."),
    "AuthorizationPermissionMismatch": (
        Kind.FORBIDDEN,
        "This request is not authorized to perform this operation using this permission.",
    ),
    "AuthorizationProtocolMismatch": (
        Kind.FORBIDDEN,
        "This request is not authorized to perform this operation using this protocol.",
    ),
    "AuthorizationSourceIPMismatch": (
        Kind.FORBIDDEN,
        "This request is not authorized to perform this operation using this source IP.",
    ),
    "UnauthorizedBlobOverwrite": (Kind.FORBIDDEN, "This request is not authorized to perform blob overwrites."),
    "NoAuthenticationInformation": (
        Kind.UNAUTHORIZED,
        "Server failed to authenticate the request. Sign it with the account key or add a shared access signature.",
    ),
    "BlobAlreadyExists": (Kind.CONFLICT, "The specified blob already exists."),
    "BlobNotFound": (Kind.NOT_FOUND, "The specified blob does not exist."),
    "CannotVerifyCopySource": (Kind.BAD_ARGUMENT, "Could not verify the copy source."),
    "ConditionNotMet": (
        Kind.CONFLICT,
        "The condition specified using HTTP conditional header(s) is not met.",
    ),
    "ContainerAlreadyExists": (Kind.CONFLICT, "The specified container already exists."),
    "ContainerNotFound": (Kind.NOT_FOUND, "The specified container does not exist."),
    "InvalidBlobType": (Kind.CONFLICT, "The blob type is invalid for this operation; only block blobs are kept here."),
    "InvalidBlockList": (
        Kind.BAD_ARGUMENT,
        "The specified block list is invalid: it names a block that was not uploaded.",
    ),
    "InvalidHeaderValue": (Kind.BAD_ARGUMENT, "The value for one of the HTTP headers is not in the correct format."),
    "InvalidInput": (Kind.BAD_ARGUMENT, "One of the request inputs is not valid."),
    "InvalidMetadata": (
        Kind.BAD_ARGUMENT,
        "The specified metadata is invalid: names are letters, digits and underscores, 8 KB together.",
    ),
    "InvalidQueryParameterValue": (
        Kind.BAD_ARGUMENT,
        "Value for one of the query parameters specified in the request URI is invalid.",
    ),
    "InvalidRange": (
        Kind.BAD_ARGUMENT,
        "The range specified is invalid for the current size of the resource.",
    ),
    "InvalidResourceName": (
        Kind.BAD_ARGUMENT,
        "The specified resource name contains invalid characters or has a wrong length.",
    ),
    "InvalidXmlDocument": (Kind.BAD_ARGUMENT, "The specified XML is not syntactically valid."),
    "Md5Mismatch": (
        Kind.BAD_ARGUMENT,
        "The MD5 value specified in the request did not match the MD5 value calculated by the server.",
    ),
    "MissingContentLengthHeader": (Kind.BAD_ARGUMENT, "The content length header was not specified."),
    "MissingRequiredHeader": (Kind.BAD_ARGUMENT, "A required HTTP header was not specified."),
    "MissingRequiredQueryParameter": (Kind.BAD_ARGUMENT, "A required query parameter was not specified."),
    "OutOfRangeInput": (Kind.BAD_ARGUMENT, "One of the request inputs is out of range."),
    "PublicAccessNotPermitted": (Kind.CONFLICT, "Public access is not permitted on this storage account."),
    "RequestBodyTooLarge": (Kind.TOO_LARGE, "The request body is too large and exceeds the maximum permissible limit."),
    "UnsupportedHeader": (
        Kind.BAD_ARGUMENT,
        "One of the headers specified in the request is not supported.",
    ),
    "UnsupportedHttpVerb": (Kind.METHOD_NOT_ALLOWED, "The resource doesn't support the specified HTTP verb."),
    "UnsupportedQueryParameter": (
        Kind.BAD_ARGUMENT,
        "A query parameter is not supported: block blobs are kept without leases, snapshots, versions and tags.",
    ),
}

CODES = frozenset(_CODES)


def refusal(code: str, because: str = "", *, target: str | None = None) -> RestudioError:
    """An error with storage's standard message; ``because`` adds what exactly is wrong (never a secret).

    >>> refusal("BlobNotFound").message
    'The specified blob does not exist.'
    """
    kind, message = _CODES[code]
    return RestudioError(kind, code, f"{message} {because}".strip(), target=target)
