"""What browsers and passkeys say to each other (WebAuthn Level 3), read and written by the library `webauthn`."""

import ipaddress
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from webauthn.helpers import base64url_to_bytes, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

MOST = 16_384  # characters of an answer
WAIT = 300_000  # milliseconds for which a browser asks for the passkey


@dataclass(frozen=True, slots=True)
class Site:
    """Where passkeys are good: a name, and the one origin whose pages may ask for them."""

    rp_id: str
    origin: str


@dataclass(frozen=True, slots=True)
class Known:
    """A passkey as it is stored."""

    credential_id: bytes
    public_key: bytes
    sign_count: int
    transports: Sequence[str]


@dataclass(frozen=True, slots=True)
class Asked:
    """Whose passkey it is to be."""

    id: UUID
    email: str
    name: str


def site(base_url: str) -> Site | None:
    """`None` where the installation goes by a number: browsers keep passkeys for names only."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    with suppress(ValueError):
        ipaddress.ip_address(host)
        return None
    is_usual = parts.port in {None, {"http": 80, "https": 443}[parts.scheme]}
    return Site(host, f"{parts.scheme}://{host}" + ("" if is_usual else f":{parts.port}"))


def to_add(site: Site, challenge: bytes, of: Asked, held: Sequence[Known]) -> dict[str, Any]:
    """What `navigator.credentials.create` is asked for: one that is not among those `held`, and verifies its user."""
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name="Promos",
        user_id=of.id.bytes,
        user_name=of.email,
        user_display_name=of.name or of.email,
        challenge=challenge,
        timeout=WAIT,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=[_descriptor(each) for each in held],
    )
    return options_to_json_dict(options)


def to_use(site: Site, challenge: bytes, held: Sequence[Known]) -> dict[str, Any]:
    """What `navigator.credentials.get` is asked for: one of those `held`."""
    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        challenge=challenge,
        timeout=WAIT,
        allow_credentials=[_descriptor(each) for each in held],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return options_to_json_dict(options)


def challenge_of(answer: str) -> bytes | None:
    """The challenge that a browser says it answered; whether we set it is for the database to say."""
    try:
        said = json.loads(base64url_to_bytes(_read(answer)["response"]["clientDataJSON"]))
        return base64url_to_bytes(said["challenge"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def credential_of(answer: str) -> bytes | None:
    """Which passkey answered."""
    try:
        return base64url_to_bytes(_read(answer)["id"])
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def added(site: Site, challenge: bytes, answer: str) -> Known | None:
    """The new passkey; `None` where anything about the answer is not as it has to be."""
    try:
        given = _read(answer)
        verified = webauthn.verify_registration_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _UNREADABLE:
        return None
    said = given["response"].get("transports")
    transports = [each for each in said if each in list(AuthenticatorTransport)] if isinstance(said, list) else []
    return Known(verified.credential_id, verified.credential_public_key, verified.sign_count, transports)


def used(site: Site, challenge: bytes, answer: str, known: Known) -> int | None:
    """The passkey's new count of signatures; `None` where it is not `known` that signed, or its count did not grow."""
    try:
        verified = webauthn.verify_authentication_response(
            credential=_read(answer),
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
            require_user_verification=True,
        )
    except _UNREADABLE:
        return None
    return verified.new_sign_count if verified.credential_id == known.credential_id else None


# Besides its own, the library lets those through that a hostile answer causes in what it reads.
_UNREADABLE = (WebAuthnException, ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError)


def _read(answer: str) -> dict[str, Any]:
    if len(answer) > MOST:
        raise ValueError("longer than any passkey answers")
    given = json.loads(answer)
    if not isinstance(given, dict):
        raise TypeError("no object")
    return given


def _descriptor(known: Known) -> PublicKeyCredentialDescriptor:
    transports = [AuthenticatorTransport(each) for each in known.transports]
    return PublicKeyCredentialDescriptor(id=known.credential_id, transports=transports or None)
