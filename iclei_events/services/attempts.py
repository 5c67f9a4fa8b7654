"""How often somebody may try to sign in: failures in a row make an account wait, longer and longer.

What is tried during the wait neither counts nor makes it longer, so that the owner gets in once it is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import update
from sqlalchemy.orm import Session

from iclei_events.models import Staff

FREE_FAILURES: Final = 4
"""Wrong passwords or codes in a row before an account has to wait."""
FIRST_WAIT: Final = timedelta(seconds=30)
LONGEST_WAIT: Final = timedelta(minutes=15)


def wait_after(failures: int) -> timedelta | None:
    """How long an account rests after so many failures in a row: it doubles from half a minute to 15 minutes."""
    if failures <= FREE_FAILURES:
        return None
    return min(LONGEST_WAIT, FIRST_WAIT * float(2 ** min(failures - FREE_FAILURES - 1, 10)))


def locked(session: Session, staff_id: int) -> Staff:
    """The account, locked by writing to it and read afterwards."""
    session.execute(
        update(Staff)
        .where(Staff.id == staff_id)
        .values(failed_attempts=Staff.failed_attempts)
        .execution_options(synchronize_session=False)
    )
    return session.get_one(Staff, staff_id, populate_existing=True)


def count_failure(staff: Staff, moment: datetime) -> None:
    staff.failed_attempts += 1
    wait = wait_after(staff.failed_attempts)
    staff.locked_until = moment + wait if wait else None


def is_waiting(staff: Staff, moment: datetime) -> bool:
    return staff.locked_until is not None and moment < staff.locked_until
