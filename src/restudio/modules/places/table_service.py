"""Azure Table over REST: signed requests, pages of entities, entities written alone and by transactions."""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from urllib.parse import quote, urlsplit

from restudio.core.errors import ModuleError
from restudio.core.signing import sign
from restudio.modules.places.files import account_key, given
from restudio.seams.context import Context, HttpAnswer, HttpRequest

Entity = dict[str, object]
MOST_ROWS = 1000
"""Of a page; the service gives no more."""
MOST_CHANGES = 100
"""Of a transaction; the service takes no more, and only of one partition, each entity once."""
MOST_BYTES = 4 * 2**20
"""Of a transaction's body."""
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
        content = {"content-type": "application/json"} if body else {}
        return self._signed(method, f"{self.url}{below}", query, {**content, **(headers or {})}, body)

    def transaction(self, changes: Sequence[HttpRequest]) -> HttpRequest:
        """Changes of entities of one partition as one request, all or none of them done; see ``MOST_CHANGES``."""
        batch, changeset = f"batch_{uuid.uuid4()}", f"changeset_{uuid.uuid4()}"
        parts = b"".join(_part(changeset, change) for change in changes)
        body = b"".join(
            (
                f"--{batch}\r\nContent-Type: multipart/mixed; boundary={changeset}\r\n\r\n".encode(),
                parts,
                f"--{changeset}--\r\n--{batch}--\r\n".encode(),
            )
        )
        headers = {"content-type": f"multipart/mixed; boundary={batch}"}
        return self._signed("POST", self.url.removesuffix(self.name) + "$batch", "", headers, body)

    def _signed(self, method: str, url: str, query: str, headers: Mapping[str, str], body: bytes) -> HttpRequest:
        date = formatdate(usegmt=True)
        sent = {"x-ms-version": _VERSION, "x-ms-date": date, "accept": _JSON, "dataserviceversion": "3.0;NetFx"}
        if self.key is not None:
            signed = f"{date}\n/{self.account}{urlsplit(url).path}"
            sent["authorization"] = f"SharedKeyLite {self.account}:{sign(self.key, signed)}"
        queries = "&".join(part for part in (self.query, query) if part)
        return HttpRequest(method, url + (f"?{queries}" if queries else ""), {**sent, **headers}, body)


_OF_A_PART = ("accept", "content-type", "dataserviceversion", "if-match", "prefer")
"""What a change says for itself; that it may be done says the transaction around it."""


def _part(boundary: str, change: HttpRequest) -> bytes:
    headers = "".join(f"{name}: {change.headers[name]}\r\n" for name in _OF_A_PART if name in change.headers)
    return b"".join(
        (
            f"--{boundary}\r\nContent-Type: application/http\r\n".encode(),
            b"Content-Transfer-Encoding: binary\r\n\r\n",
            f"{change.method} {change.url.partition('?')[0]} HTTP/1.1\r\n{headers}\r\n".encode(),
            change.body,
            b"\r\n",
        )
    )


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
    """From account, key and table, whose ``parameters`` are named in errors 0003 and 0052.

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
    return TablePlace(f"{endpoint}/{name}", user, account_key(parts["accountkey"], parameters[1]))


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
    code, _ = _told(_text(answer))
    raise _refusal(place, answer.status, code or answer.headers.get("x-ms-error-code", "")[:80], row)


def ensure_all_good(answer: HttpAnswer, place: TablePlace, rows: Sequence[int]) -> None:
    """The errors of :func:`ensure_good` for a transaction of these rows, at the row that it was refused for."""
    ensure_good(answer, place, rows[0])
    text = _text(answer)
    for part in _STATUS.finditer(text):
        status = int(part[1])
        if status >= 300:
            code, at = _told(text[part.end() :])
            raise _refusal(place, status, code, rows[at if at < len(rows) else 0])


def _text(answer: HttpAnswer) -> str:
    return answer.body.read_bytes()[:_MOST_TOLD].decode(errors="replace")


_MOST_TOLD = 2**20
"""Bytes of an answer that are looked at for an error; 100 good parts are less."""
_STATUS = re.compile(r"^HTTP/1\.1 (\d{3})\b", re.MULTILINE)
_PLACE = re.compile(r"(\d+):")


def _told(text: str) -> tuple[str, int]:
    """The service's word for an error, empty where it says none, and the place in a transaction of what it is about.

    The rest of its message is kept to itself: it may repeat what was sent.
    """
    try:
        error = json.JSONDecoder().raw_decode(text, text.index("{"))[0]["odata.error"]
        place = _PLACE.match(str(error.get("message", {}).get("value", "")))
        return str(error["code"])[:80], int(place[1]) if place else 0
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", 0


def _refusal(place: TablePlace, status: int, code: str, row: int | None) -> ModuleError:
    number = {"EntityAlreadyExists": "0057", "TableNotFound": "0070"}.get(code)
    if number is None:
        number = "0064" if status in (401, 403) else ("0030" if row is None else "0066")
    at = "" if row is None else f" (row {row})"
    return ModuleError(
        number, f"The table '{place.name}'{at} could not be used; storage answered {status} {code}.", row=row
    )
