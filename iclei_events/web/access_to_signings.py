"""Who may see a signing before it is public: whoever came by the secret link in the contact's mail."""

from __future__ import annotations

from hashlib import sha256
from typing import Final

from flask import abort, session

from iclei_events.models import Signatory
from iclei_events.services import links, signing
from iclei_events.web import limits
from iclei_events.web.access import secret_keys

OPENED: Final = "signings"
MOST: Final = 10
"""Signings a browser remembers, the latest opened."""


def unlock_or_404(reference: str, secret: str) -> None:
    """Remember the signing whose link carries this secret."""
    found = signing.find(reference)
    salt = (found.salt if found is not None else None) or ""
    if not links.opens(secret, "signatory", salt, secret_keys()) or not salt:
        limits.wrong_link()
    others = [(known, digest) for known, digest in session.get(OPENED, {}).items() if known != reference]
    session[OPENED] = dict([*others, (reference, _digest(salt))][-MOST:])


def own_signing_or_404(reference: str) -> Signatory:
    """The signing, if this browser has opened it; else the page that unknown references get too."""
    kept = session.get(OPENED, {}).get(reference)
    found = signing.find(reference) if kept else None
    if found is None or not found.salt or kept != _digest(found.salt):
        abort(404)
    return found


def _digest(salt: str) -> str:
    return sha256(salt.encode()).hexdigest()[:12]
