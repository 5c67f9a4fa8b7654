"""Every address that shows a page, with arguments to open it by; a test finds those that are missing here."""

from __future__ import annotations

from typing import Any, Final

SUMMIT: Final = {"event_slug": "malmo-summit"}
ECOPROCURA: Final = {"event_slug": "ecoprocura-2012"}

PUBLIC: Final[dict[str, list[dict[str, Any]]]] = {
    "events.index": [{}],
    "events.start": [SUMMIT, ECOPROCURA],
    "programme.index": [
        {**SUMMIT, "day": "2022-05-12"},
        {**SUMMIT, "view": "grid", "day": "2022-05-12"},
        {**SUMMIT, "q": "nothing has this title"},
        ECOPROCURA,
    ],
    "programme.show": [
        {**SUMMIT, "activity_slug": "opening-plenary"},
        {**SUMMIT, "activity_slug": "fika-and-lunch"},
        {**ECOPROCURA, "activity_slug": "sw2012-study-tours"},
    ],
    "tours.index": [SUMMIT, {**SUMMIT, "language": "en", "free": "1", "step_free": "1"}],
    "tours.show": [{**SUMMIT, "activity_slug": slug} for slug in ("siptex", "botildenborg")],
    "tours.party": [SUMMIT],
    "draws.show": [{**SUMMIT, "draw_slug": "siptex-evening"}],
    "draws.entered": [{**SUMMIT, "draw_slug": "siptex-evening"}],
    "commitment.index": [{}],
    "commitment.signatories": [{}],
    "commitment.signatory": [{"slug": "malmo"}],
    "waiting_room.show": [{"slot_slug": "hyllie-1500"}],
    "pages.privacy": [{}],
    "pages.accessibility": [{}],
    "pages.reported": [{}],
    "pages.contact": [{}],
    "my.links_sent": [{}],
    "bookings.ticket_shown": [{"code": "K7M2P9QX-of-nobody"}],
    "calendar_feeds.sent": [{}],
}
"""Pages that everybody sees alike: they set no cookie."""

FORMS: Final[dict[str, list[dict[str, Any]]]] = {
    "bookings.book": [
        {"slot_slug": slug}
        for slug in ("siptex-1430", "botildenborg-1400", "hyllie-1500", "climate-budget-1530", "warning-in-time-1330")
    ],
    "my.index": [{}],
    "signing.sign": [{}],
    "pages.report_problem": [{}],
    "staff.sign_in.start": [{}],
}
"""Pages with a form, which needs a cookie against forgery. Sent empty they show their errors."""

STAFF: Final[dict[str, list[dict[str, Any]]]] = {
    "staff.overview.events": [{}],
    "staff.slots.board": [{**SUMMIT, "day": "2022-05-14"}, {"event_slug": "road-to-malmo"}],
    "staff.slots.plan": [
        {**SUMMIT, "slot_slug": "botildenborg-1400", "day": "2022-05-14", "capacity": "36"},
        {**SUMMIT, "slot_slug": "siptex-1430", "day": "2022-05-14", "capacity": "many"},
    ],
    "staff.slots.log": [{**SUMMIT, "slot_slug": "botildenborg-1400"}],
    "staff.waiting_rooms.index": [SUMMIT],
    "staff.clashes.index": [SUMMIT],
    "staff.bookings.index": [
        {**SUMMIT, "slot_slug": "botildenborg-1400"},
        {**SUMMIT, "slot_slug": "botildenborg-1400", "show": "ended"},
        {**SUMMIT, "slot_slug": "botildenborg-1400", "q": "nobody is called so"},
    ],
    "staff.bookings.book": [{**SUMMIT, "slot_slug": "siptex-1430"}, {**SUMMIT, "slot_slug": "botildenborg-1400"}],
    "staff.draws.index": [SUMMIT],
    "staff.draws.show": [{**SUMMIT, "draw_slug": "siptex-evening"}],
    "staff.needs.index": [{**SUMMIT, "slot_slug": "vastra-hamnen-1100"}],
    "staff.needs.aid": [{**SUMMIT, "slot_slug": "vastra-hamnen-1100", "kind": "wheelchair"}],
    "staff.kept_back.index": [{**SUMMIT, "slot_slug": "vastra-hamnen-0930"}],
    "staff.rescheduling.plan": [{**SUMMIT, "slot_slug": "botildenborg-1400"}],
    "staff.rescheduling.plan_call_off": [{**SUMMIT, "slot_slug": "botildenborg-1400"}],
    "staff.failed_mails.of_event": [SUMMIT],
    "staff.failed_mails.of_site": [{}],
    "staff.tickets.look": [{"code": "K7M2P9QX-of-nobody"}],
    "staff.signatories.index": [{}],
    "staff.people.index": [{}],
    "staff.people.person": [{"staff_id": 1}],
}

ON_A_WAY: Final = {
    "bookings.move",
    "bookings.new_address",
    "bookings.plan_erasure",
    "bookings.receipt",
    "bookings.change_entry",
    "bookings.show",
    "calendar_feeds.manage",
    "signing.confirm",
    "signing.sent",
    "staff.bookings.cancel",
    "staff.set_up.account",
    "staff.set_up.confirm",
    "staff.sign_in.second_factor",
    "staff.signatories.signing_page",
}
"""Pages that must be come to: the tests that come to them look at them too."""

NOT_PAGES: Final = {
    "languages.choose",
    "calendar.booking",
    "calendar.event",
    "calendar.slot",
    "bookings.exported",
    "bookings.printed_ticket",
    "calendar_feeds.feed",
    "draws.entries",
    "draws.published",
    "health.database",
    "health.process",
    "open_register.as_csv",
    "open_register.as_json",
    "sitemap.index",
    "sitemap.robots",
}
