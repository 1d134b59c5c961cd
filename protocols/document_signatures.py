"""Signatures of published documents: detached JWS (RFC 7515, appendix F) over canonical JSON.

A key verifies one algorithm: the shared secret HS256, an Ed25519 key of the key set EdDSA. The
header's `kid` selects a key of the set; a set of one key needs none. A header with `"b64": false`
(RFC 7797) signs the bytes themselves, any other header their base64url form.
"""

from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path
from typing import Final, TypeAlias

import jwt
import orjson
from jwt.api_jws import PyJWS

MAX_SIGNATURE: Final = 4_096
"""The number of characters of a signature, with its header."""
_JWS: Final = PyJWS()
_Key: TypeAlias = "str | jwt.PyJWK"


class BadSignature(Exception):
    """A signature is missing or wrong; the text says what is expected."""


class UnfitKey(ValueError):
    """A configured key can't verify signatures; the text says why."""


class DocumentSignatures:
    """Verifies signatures of documents; without a key it refuses every signature.

    Args:
        required: Whether a document must be signed.
        secret: The HS256 secret, at least 32 bytes.
        keys: Ed25519 keys by their `kid`.
    """

    def __init__(
        self,
        *,
        required: bool = False,
        secret: str | None = None,
        keys: Mapping[str, jwt.PyJWK] | None = None,
    ) -> None:
        self._required, self._secret, self._keys = required, secret, dict(keys or {})

    def verify(self, signature: str | None, document: bytes) -> None:
        """Raise BadSignature for a wrong signature, or for a missing one if one is required.

        Args:
            signature: The detached JWS, in its compact form.
            document: The canonical JSON that the signature must cover.
        """
        if signature is None:
            if self._required:
                raise BadSignature("is required: this server takes signed documents only")
            return
        try:
            self._verify(signature, document)
        # Invalid base64, UTF-8 or JSON in a signature raises one of these.
        except (jwt.PyJWTError, ValueError, TypeError, KeyError, RecursionError):
            raise BadSignature("is not a valid signature of this document") from None

    def _verify(self, signature: str, document: bytes) -> None:
        parts = signature.split(".")
        if len(signature) > MAX_SIGNATURE or len(parts) != 3 or parts[1]:  # noqa: PLR2004 - RFC 7515
            raise BadSignature("must be a detached JWS: header, nothing, signature, with dots")
        header = jwt.get_unverified_header(signature)
        key, algorithm = self._key_of(header)
        if header.get("b64", True) is False:
            _JWS.decode_complete(signature, key, [algorithm], detached_payload=document)
            return
        payload = urlsafe_b64encode(document).rstrip(b"=").decode()
        _JWS.decode_complete(f"{parts[0]}.{payload}.{parts[2]}", key, [algorithm])

    def _key_of(self, header: Mapping[str, object]) -> tuple[_Key, str]:
        """Return the key for a header, and the one algorithm that it verifies."""
        algorithm = header.get("alg")
        if algorithm == "HS256" and self._secret is not None:
            return self._secret, algorithm
        if algorithm == "EdDSA" and self._keys:
            kid = header.get("kid", next(iter(self._keys)) if len(self._keys) == 1 else None)
            if kid in self._keys:
                return self._keys[str(kid)], algorithm
            raise BadSignature("names a key (kid) that this server doesn't know")
        raise BadSignature("has an algorithm for which this server has no key")


def load_keys(file: Path) -> dict[str, jwt.PyJWK]:
    """Load the Ed25519 keys of a JWKS file by their `kid`; raises OSError and UnfitKey.

    A single key may have no `kid`. Keys of other kinds are ignored.
    """
    try:
        listed = orjson.loads(file.read_bytes())["keys"]
        jwks = [jwt.PyJWK(jwk, algorithm="EdDSA") for jwk in listed if jwk.get("crv") == "Ed25519"]
    except (ValueError, TypeError, KeyError, AttributeError, jwt.PyJWTError) as error:
        raise UnfitKey(f"{file} isn't a readable JSON Web Key Set: {error}") from None
    keys = {jwk.key_id or "": jwk for jwk in jwks}
    if not keys or len(keys) < len(jwks):
        raise UnfitKey(f"{file} must have Ed25519 keys, each with a kid of its own")
    return keys
