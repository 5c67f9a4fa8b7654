"""What a time on a zone's clocks can mean: one moment, two when clocks go back, none when they go forward."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo


def readings(shown: datetime, zone: ZoneInfo) -> tuple[datetime, ...]:
    """The moments, the earliest first, at which clocks in the zone show this naive time."""
    moments = {shown.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    return tuple(sorted(one for one in moments if one.astimezone(zone).replace(tzinfo=None, fold=0) == shown))
