"""The second factor: codes of an authenticator app, and recovery codes for the day the phone is gone.

Times are the machine's, as in ``services.sign_in``: an app on a phone knows nothing of a demo's clock.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime
from hashlib import sha256
from typing import Final

import pyotp

from iclei_events.models import Staff
from iclei_events.models.types import REFERENCE_ALPHABET

STEP_SECONDS: Final = 30
DRIFT_STEPS: Final = 1
"""How many steps a phone's clock may be off, either way."""
RECOVERY_CODES: Final = 8
RECOVERY_GROUPS: Final = 4
GROUP_LENGTH: Final = 4


def new_secret() -> str:
    """160 random bits in base32, as authenticator apps take them."""
    return pyotp.random_base32()


def address(secret: str, *, email: str, issuer: str) -> str:
    """The ``otpauth:`` address that a QR code carries into the app."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=issuer)


def step_of(secret: str, code: str, moment: datetime, *, after: int | None) -> int | None:
    """The time step that ``code`` belongs to, if it is right now and later than ``after``; else None."""
    totp = pyotp.TOTP(secret)
    current = int(moment.timestamp()) // STEP_SECONDS
    for step in range(current - DRIFT_STEPS, current + DRIFT_STEPS + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), _plain(code)) and (after is None or step > after):
            return step
    return None


def new_recovery_codes() -> list[str]:
    """Codes to write down, of 78 bits each; only their hashes are kept."""
    return [_recovery_code() for _ in range(RECOVERY_CODES)]


def _recovery_code() -> str:
    group = (secrets.choice(REFERENCE_ALPHABET) for _ in range(RECOVERY_GROUPS * GROUP_LENGTH))
    signs = "".join(group)
    return "-".join(signs[start : start + GROUP_LENGTH] for start in range(0, len(signs), GROUP_LENGTH))


def recovery_hash(code: str) -> str:
    return sha256(b"recovery:" + _plain(code).upper()).hexdigest()


def use(staff: Staff, code: str, moment: datetime) -> str | None:
    """Use a code up: ``totp`` or ``recovery`` for the kind it was, None where it is wrong or was used before.

    ``staff`` is locked by the caller, so that of two requests with one code only one gets through.
    """
    if staff.totp_secret is None:
        return None
    step = step_of(staff.totp_secret, code, moment, after=staff.totp_last_step)
    if step is not None:
        staff.totp_last_step = step
        return "totp"
    used = recovery_hash(code)
    if used in staff.recovery_hashes:
        staff.recovery_hashes = [kept for kept in staff.recovery_hashes if kept != used]
        return "recovery"
    return None


def _plain(code: str) -> bytes:
    """A code as typed, without the blanks and hyphens that make it readable."""
    return "".join(sign for sign in code if sign.isascii() and sign.isalnum()).encode()
