"""What is remembered; rules the database keeps. Importing this package makes every table known."""

from iclei_events.models.access import COUNTED, KEPT, MOST_AIDS, SHARED, AccessNeed, AidKind, NeedState, SlotAid
from iclei_events.models.activity import RESIDENTS, Activity, ActivityKind, Audience, Contribution, Speaker
from iclei_events.models.address_change import AddressChange
from iclei_events.models.attendee import Attendee
from iclei_events.models.booking import ACTIVE, HOLDING, Booking, BookingStatus, Place, PlaceKind
from iclei_events.models.calendar_feed import CalendarFeed
from iclei_events.models.delegate import Delegate
from iclei_events.models.disclosure import Disclosed, Disclosure
from iclei_events.models.draw import Draw, DrawEntry, DrawWish
from iclei_events.models.event import ClashRule, Event, Theme
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
from iclei_events.models.swap_wish import SwapWish
from iclei_events.models.travel_time import TravelTime, Way
from iclei_events.models.used_proof import UsedProof
from iclei_events.models.venue import Room, Venue
from iclei_events.models.waiting_room import ProofRule, WaitingRoom

__all__ = [
    "ACTIVE", "COUNTED", "FEW_PLACES", "HOLDING", "KEPT", "MOST_AIDS", "RESIDENTS", "SHARED", "VERIFICATIONS_NEEDED",
    "AccessNeed", "Activity", "ActivityKind", "AddressChange", "AidKind", "Attendee", "Audience", "Booking",
    "BookingStatus", "CalendarFeed", "ClashRule", "Commitment", "Contribution", "Delegate", "Disclosed", "Disclosure",
    "Draw", "DrawEntry", "DrawWish", "Event", "Grant", "KeptBack", "LogEntry", "MailKind", "NeedState", "OutboxMail",
    "Place", "PlaceKind", "ProofRule", "Room", "SignIn", "Signatory", "SignatoryKind", "SignatoryStatus", "Slot",
    "SlotAid", "SlotMode", "SlotRules", "SlotState", "Speaker", "Staff", "StaffRole", "Standing", "SwapWish", "Theme",
    "TravelTime", "UsedProof", "Venue", "Verification", "WaitingRoom", "Way",
]  # fmt: skip
