"""Who may do what on the Blob endpoint: SharedKey may do everything on its account, a signature what it grants."""

from __future__ import annotations

from email.utils import parsedate_to_datetime

from restudio.blobs.accounts import Accounts
from restudio.blobs.failures import refusal
from restudio.blobs.sas import Asked, ensure_sas, is_sas
from restudio.blobs.sharedkey import is_signed
from restudio.http.blob_request import BlobRequest

MAX_SKEW_S = 900.0
"""A signed request older or newer than this is refused, as storage does."""
ALL = "racwdl"


def authorize(request: BlobRequest, accounts: Accounts, letters: str, now: float) -> str:
    """Permissions that the request has, at least one of ``letters`` among them; else storage's refusal.

    ``letters`` is empty for what no service signature can grant (operations on containers and accounts).
    """
    authorization = request.header("authorization")
    if authorization:
        _ensure_shared_key(request, accounts, authorization, now)
        return ALL
    if not is_sas(request.query):
        raise refusal("NoAuthenticationInformation")
    if not letters or not request.container:
        raise refusal("AuthorizationFailure", "A service signature does not cover it; use the account key.")
    asked = Asked(
        account=request.account,
        container=request.container,
        blob=request.blob or None,
        letters=letters,
        now=now,
        client=request.client,
        is_https=request.is_https,
        raw_path=request.raw_path,
    )
    return ensure_sas(accounts.key(request.account), request.query, asked)


def _ensure_shared_key(request: BlobRequest, accounts: Accounts, authorization: str, now: float) -> None:
    scheme, _, credential = authorization.partition(" ")
    account, _, signature = credential.strip().rpartition(":")
    if scheme.casefold() != "sharedkey" or account != request.account:
        raise refusal("AuthenticationFailed", "Expected 'SharedKey <account of the address>:<signature>'.")
    _ensure_fresh(request.header("x-ms-date") or request.header("date"), now)
    resource = f"/{account}{request.raw_path}"
    # A client whose requests were rerouted from https://{account}.blob.… signed the path without our prefix.
    bare = f"/{account}{request.raw_path.partition(f'/blob/{account}')[2] or '/'}"
    key = accounts.key(account)
    if not is_signed(key, signature, request.method, request.headers, (resource, bare), request.pairs):
        raise refusal("AuthenticationFailed", "The signature does not match the account key.")


def _ensure_fresh(date: str, now: float) -> None:
    try:
        sent = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError) as cause:
        raise refusal("AuthenticationFailed", "x-ms-date or Date must hold an HTTP date.") from cause
    if abs(now - sent) > MAX_SKEW_S:
        raise refusal("AuthenticationFailed", f"The request is dated {date}; clocks may differ by 15 minutes.")
