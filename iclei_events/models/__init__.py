"""What is remembered; rules the database keeps. Importing this package makes every table known."""

from iclei_events.models.activity import Activity, ActivityKind, Audience, Contribution, Speaker
from iclei_events.models.attendee import AccessNeed, Attendee
from iclei_events.models.booking import ACTIVE, HOLDING, Booking, BookingStatus, Place, PlaceKind
from iclei_events.models.delegate import Delegate
from iclei_events.models.event import Event, Theme
from iclei_events.models.log_entry import LogEntry
from iclei_events.models.outbox import MailKind, OutboxMail
from iclei_events.models.signatory import (
    VERIFICATIONS_NEEDED,
    Commitment,
    Signatory,
    SignatoryKind,
    SignatoryStatus,
    Standing,
    Verification,
)
from iclei_events.models.slot import KeptBack, Slot
from iclei_events.models.slot_rules import FEW_PLACES, SlotMode, SlotRules, SlotState
from iclei_events.models.staff import Grant, SignIn, Staff, StaffRole
from iclei_events.models.venue import Room, Venue

__all__ = [
    "ACTIVE", "FEW_PLACES", "HOLDING", "VERIFICATIONS_NEEDED", "AccessNeed", "Activity", "ActivityKind", "Attendee",
    "Audience", "Booking", "BookingStatus", "Commitment", "Contribution", "Delegate", "Event", "Grant", "KeptBack",
    "LogEntry", "MailKind", "OutboxMail", "Place", "PlaceKind", "Room", "SignIn", "Signatory", "SignatoryKind",
    "SignatoryStatus", "Slot", "SlotMode", "SlotRules", "SlotState", "Speaker", "Staff", "StaffRole", "Standing",
    "Theme", "Venue", "Verification",
]  # fmt: skip
