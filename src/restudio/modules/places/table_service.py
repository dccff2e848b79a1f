"""Azure Table over REST: signed requests, pages of entities, and single entities written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote, urlsplit

from restudio.core.errors import ModuleError
from restudio.core.signing import decode_key, sign
from restudio.modules.places.files import given
from restudio.seams.context import Context, HttpAnswer, HttpRequest

Entity = dict[str, object]
MOST_ROWS = 1000
"""Of a page; the service gives no more."""
_VERSION = "2019-02-02"
_JSON = "application/json;odata=minimalmetadata"


@dataclass(frozen=True, slots=True, repr=False)
class TablePlace:
    """A table, and what grants access to it: a key, or a signature in ``query``. ``repr`` shows neither.

    ``url`` is the table's address without a slash at its end.
    """

    url: str
    account: str = ""
    key: bytes | None = None
    query: str = ""

    @property
    def name(self) -> str:
        return self.url.rpartition("/")[2]

    def request(
        self, method: str, below: str = "", query: str = "", headers: Mapping[str, str] | None = None, body: bytes = b""
    ) -> HttpRequest:
        """A signed request to what stands ``below`` the table's address, both escaped."""
        date = formatdate(usegmt=True)
        sent = {"x-ms-version": _VERSION, "x-ms-date": date, "accept": _JSON, "dataserviceversion": "3.0;NetFx"}
        if self.key is not None:
            signed = f"{date}\n/{self.account}{urlsplit(self.url + below).path}"
            sent["authorization"] = f"SharedKeyLite {self.account}:{sign(self.key, signed)}"
        if body:
            sent["content-type"] = "application/json"
        queries = "&".join(part for part in (self.query, query) if part)
        url = f"{self.url}{below}" + (f"?{queries}" if queries else "")
        return HttpRequest(method, url, {**sent, **(headers or {})}, body)


def place_by_signature(uri: str, parameter: str) -> TablePlace:
    """From the address of a table with its signature; error 0029 when it is none."""
    address, _, query = given(uri, parameter).partition("?")
    split = urlsplit(address)
    if split.scheme not in ("http", "https") or not split.hostname or not split.path.strip("/"):
        raise ModuleError(
            "0029", "Expected the address of a table with its signature: https://…/table?…", parameter=parameter
        )
    return TablePlace(address.rstrip("/"), query=query)


def place_by_key(account: str, key: str, table: str, parameters: tuple[str, str, str]) -> TablePlace:
    """From account, key and table, whose ``parameters`` are named in errors 0003 and 0064.

    A connection string in place of the key may lead elsewhere than to the account's usual address.
    """
    secret = given(key, parameters[1])
    name = quote(given(table, parameters[2]), safe="")
    parts = _parts(secret) if "AccountKey=" in secret or "SharedAccessSignature=" in secret else {"accountkey": secret}
    user = parts.get("accountname") or account.strip()
    signature = parts.get("sharedaccesssignature", "").lstrip("?")
    if not user and not (signature and parts.get("tableendpoint")):
        given("", parameters[0])
    suffix = parts.get("endpointsuffix", "core.windows.net")
    usual = f"{parts.get('defaultendpointsprotocol', 'https')}://{user}.table.{suffix}"
    endpoint = parts.get("tableendpoint", usual).rstrip("/")
    if signature:
        return TablePlace(f"{endpoint}/{name}", query=signature)
    try:
        return TablePlace(f"{endpoint}/{name}", user, decode_key(parts["accountkey"]))
    except ValueError as cause:
        raise ModuleError("0064", "The account key is no Base64 text.", parameter=parameters[1]) from cause


def _parts(text: str) -> dict[str, str]:
    pieces = (piece.partition("=") for piece in text.split(";") if piece.strip())
    return {name.strip().casefold(): value.strip() for name, _, value in pieces}


def iter_pages(place: TablePlace, ctx: Context, page_rows: int = MOST_ROWS) -> Iterator[list[Entity]]:
    """All entities, as the service's JSON tells them, by pages of so many."""
    query = top = f"$top={page_rows}"
    while True:
        answer = ctx.exchange(place.request("GET", "()", query))
        ensure_good(answer, place)
        yield _entities(answer, place)
        following = {
            name: answer.headers.get(f"x-ms-continuation-{name.casefold()}")
            for name in ("NextPartitionKey", "NextRowKey")
        }
        if not following["NextPartitionKey"]:
            return
        query = "&".join([top, *(f"{name}={quote(value, safe='')}" for name, value in following.items() if value)])


def _entities(answer: HttpAnswer, place: TablePlace) -> list[Entity]:
    try:
        found = json.loads(answer.body.read_bytes())["value"]
        if not all(isinstance(entity, dict) for entity in found):
            raise TypeError("no entities")
    except (ValueError, KeyError, TypeError) as cause:
        raise ModuleError("0049", f"What the table '{place.name}' answers is no list of entities.") from cause
    finally:
        answer.body.unlink()
    return list(found)


def ensure_good(answer: HttpAnswer, place: TablePlace, row: int | None = None) -> None:
    """Errors 0057, 0064, 0070 and 0078 for what the service refuses, else 0030, or 0066 for a row that is written."""
    if 200 <= answer.status < 300:
        return
    if 300 <= answer.status < 400:
        raise ModuleError("0078", f"The table '{place.name}' answers with a redirection, which is not followed.")
    code = _code(answer)
    number = {"EntityAlreadyExists": "0057", "TableNotFound": "0070"}.get(code)
    if number is None:
        number = "0064" if answer.status in (401, 403) else ("0030" if row is None else "0066")
    at = "" if row is None else f" (row {row})"
    raise ModuleError(
        number, f"The table '{place.name}'{at} could not be used; storage answered {answer.status} {code}.", row=row
    )


def _code(answer: HttpAnswer) -> str:
    """The service's word for an error; not its message, which may repeat what was sent."""
    try:
        error = json.loads(answer.body.read_bytes()[:8192])["odata.error"]
        return str(error["code"])[:80]
    except (ValueError, KeyError, TypeError):
        return answer.headers.get("x-ms-error-code", "")[:80]
