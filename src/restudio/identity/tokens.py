"""Signed tokens: for programs (client credentials) and for sessions in the browser."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from restudio.core.errors import Kind, RestudioError
from restudio.identity.types import AccessToken
from restudio.seams.clock import Clock
from restudio.seams.secrets import Secrets

if TYPE_CHECKING:
    from joserfc.jwk import OctKey

_ALGORITHM = "HS256"


class Signer:
    """Issues and reads JWTs of this installation. ``use`` keeps kinds of tokens apart.

    The library is imported by the first token: it would cost each start of a server a tenth of a second.
    """

    def __init__(self, secrets: Secrets, clock: Clock) -> None:
        self._secret = secrets.sign(b"key of access tokens")
        self._clock = clock

    @cached_property
    def _key(self) -> OctKey:
        from joserfc.jwk import OctKey

        return OctKey.import_key(self._secret)

    def issue(self, use: str, claims: Mapping[str, object], lifetime_s: int) -> AccessToken:
        from joserfc import jwt

        issued = int(self._clock.now().timestamp())
        dated = {**claims, "use": use, "iat": issued, "nbf": issued, "exp": issued + lifetime_s}
        return AccessToken(jwt.encode({"alg": _ALGORITHM}, dated, self._key), issued, issued + lifetime_s)

    def use_of(self, text: str) -> str:
        """What a token was issued for; ``Kind.UNAUTHORIZED`` when it is none of ours."""
        return str(self._claims(text).get("use"))

    def read(self, use: str, text: str) -> Mapping[str, object]:
        """The claims of a token of ours; ``Kind.UNAUTHORIZED`` when it is not, or is not valid now."""
        claims = self._claims(text)
        starts, ends = claims.get("nbf"), claims.get("exp")
        if claims.get("use") != use or not isinstance(starts, int) or not isinstance(ends, int):
            raise _refused("is not a token for this use")
        if not starts <= self._clock.now().timestamp() < ends:
            raise _refused("has expired")
        return claims

    def _claims(self, text: str) -> Mapping[str, object]:
        from joserfc import jwt
        from joserfc.errors import JoseError

        try:
            return jwt.decode(text, self._key, algorithms=[_ALGORITHM]).claims
        except (JoseError, ValueError) as error:
            raise _refused("is not a token of this server") from error


def _refused(why: str) -> RestudioError:
    return RestudioError(Kind.UNAUTHORIZED, "InvalidToken", f"The access token {why}. Get a new one and try again.")
