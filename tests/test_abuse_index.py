"""Which test holds which row of the abuse cases, so that none is forgotten and none is lost by a rename."""

from __future__ import annotations

import ast
from functools import cache
from typing import Final

import pytest

from iclei_events.config import ROOT

pytestmark = pytest.mark.check

IDS: Final = {
    "F": "01 02 04 05 07 08 10 11 13 14 16 17 19 20 22",
    "U": "01 02 04 05 07 08 10 11",
    "N": "01 02 04 05 07 08 10 11",
    "C": "01 02 04 05 07 08 10 11 13 14",
    "P": "01 02 04 05 07",
    "X": "01 02 04",
    "D": "01 02 04 05 07 08 10",
    "M": "01 02 04 05",
    "L": "01 02 04",
    "G": "01 02 04 05",
    "T": "01 02 04 05 07 08 10 11",
    "R": "01 02 04 05",
}
"""The rows of the groups that touch what there is."""

FORMS: Final = "abuse/test_forms"
SIGNING: Final = "web/test_commitment"
UNICODE: Final = "abuse/test_unicode"
RACES: Final = "abuse/test_concurrency"
MAIL: Final = "abuse/test_mail"
DELIVERY: Final = "services/test_delivery"
ADDRESSES: Final = "abuse/test_addresses"
SITES: Final = "abuse/test_cross_site"
LANGUAGES: Final = "abuse/test_languages"
SIZES: Final = "abuse/test_sizes"
DESK: Final = "web/staff/test_bookings"
MOVES: Final = "web/staff/test_rescheduling"
REMINDERS: Final = "services/test_reminders"
CALENDAR: Final = "abuse/test_calendar"
MOVING: Final = "web/test_moving"
PROOFS: Final = "web/test_proofs"
WAITING_ROOM: Final = "web/test_waiting_room"
PARTY: Final = "web/test_attendees"
HEADERS: Final = "abuse/test_headers"
LIMITS: Final = "abuse/test_limits"
TICKETS: Final = "web/test_tickets"

HELD_BY: Final[dict[str, tuple[str, ...]]] = {
    # Forms
    "F01 empty": (
        f"{FORMS}::test_empty_and_blank_fields_are_each_named",
        f"{SIGNING}::test_f01_",
        f"{DESK}::test_a_form_that_lacks_something_says_what",
    ),
    "F02 blanks and capitals": (f"{FORMS}::test_an_address_is_cleaned_of_what_nobody_means",),
    "F04 too long": (
        f"{FORMS}::test_an_address_that_no_mail_reaches",
        f"{SIGNING}::test_f04_",
        f"{PARTY}::test_a_name_that_cannot_be",
    ),
    "F05 foreign domains": (
        f"{FORMS}::test_an_address_is_cleaned_of_what_nobody_means",
        f"{FORMS}::test_an_address_that_no_mail_reaches",
    ),
    "F07 odd digits": (
        f"{FORMS}::test_only_plain_digits_are_a_number_of_people",
        "web/staff/test_slots::test_what_is_no_number_of_places",
        f"{PARTY}::test_a_place_that_is_not_there",
    ),
    "F08 too many": (
        f"{FORMS}::test_a_party_over_the_limit_of_a_booking",
        f"{FORMS}::test_a_party_over_the_places_left",
        "web/test_booking_form::test_one_person_has_so_many_places",
        "web/test_booking_form::test_a_party_that_the_slot_can_never_hold",
        "services/test_person_limit::test_twenty_forms_of_one_person",
    ),
    "F10 names": (
        f"{FORMS}::test_a_name_stays_as_its_owner_writes_it",
        f"{UNICODE}::test_emoji_and_every_script_stay",
        f"{MAIL}::test_any_name_arrives_whole",
        f"{PARTY}::test_any_name_stays_text",
    ),
    "F11 markup": (
        f"{FORMS}::test_markup_is_kept_as_text",
        f"{SIGNING}::test_f11_",
        f"{DESK}::test_names_and_needs_with_markup",
        "web/staff/test_kept_back::test_a_reason_with_markup",
        "web/staff/test_people::test_a_name_with_markup",
        "web/test_pages::test_a_report_is_stored_as_text",
        "web/test_programme::test_a_title_cannot_end_the_data_or_become_markup",
        f"{MAIL}::test_markup_stays_text",
        "abuse/test_calendar::test_signs_with_a_meaning_are_escaped",
        f"{PARTY}::test_any_name_stays_text",
    ),
    "F13 quotation marks": (
        f"{SIGNING}::test_f13_",
        "web/test_programme::test_search_is_literal",
        f"{DESK}::test_the_search_finds_names_literally",
    ),
    "F14 extra fields": (
        f"{FORMS}::test_fields_that_no_form_has_are_ignored",
        f"{SIGNING}::test_f14_",
        "web/staff/test_slots::test_fields_that_the_form_does_not_have",
    ),
    "F16 other slots": (
        f"{FORMS}::test_a_slot_that_is_not_there",
        f"{FORMS}::test_a_slot_that_takes_no_bookings",
        f"{SIGNING}::test_f16_f20_",
        "abuse/test_roles::test_what_belongs_to_another_event",
        f"{MOVING}::test_a_time_of_another_event",
    ),
    "F17 too early, too late": (
        f"{FORMS}::test_before_opening_the_server_decides",
        f"{WAITING_ROOM}::test_nobody_is_let_in_before_the_opening_whatever_their_clock_says",
        f"{FORMS}::test_a_slot_that_takes_no_bookings",
    ),
    "F19 no form": (
        f"{FORMS}::test_what_is_no_form_of_ours",
        f"{SIZES}::test_what_is_no_form_is_no_form",
        f"{SIZES}::test_a_broken_form_is_refused",
        f"{SIZES}::test_no_body_at_all_stores_nothing",
    ),
    "F20 choices": (
        f"{FORMS}::test_a_choice_that_was_not_offered",
        f"{FORMS}::test_a_slot_cancelled_meanwhile",
        f"{SIGNING}::test_f16_f20_",
        f"{MOVING}::test_a_choice_that_was_not_offered",
        f"{MOVING}::test_a_time_cancelled_meanwhile",
    ),
    "F22 health": (
        f"{FORMS}::test_a_need_of_support_is_kept_apart",
        f"{DESK}::test_contacts_and_needs_are_for_those_who_need_them",
    ),
    # Addresses
    "U01 next": ("web/staff/test_sign_in::test_a_sign_in_leads_to_pages_of_the_staff",),
    "U02 bytes": (f"{ADDRESSES}::test_bytes_that_no_address_has", "abuse/test_server::test_the_server_refuses"),
    "U04 length": (
        f"{ADDRESSES}::test_an_address_that_is_too_long",
        f"{ADDRESSES}::test_a_thousand_parameters",
    ),
    "U05 crooked paths": (f"{ADDRESSES}::test_a_crooked_path", "abuse/test_server::test_the_server_refuses"),
    "U07 methods": (
        f"{ADDRESSES}::test_head_is_get",
        f"{ADDRESSES}::test_options_tell_the_methods",
        f"{ADDRESSES}::test_other_methods_are_refused",
    ),
    "U08 overrides": (f"{ADDRESSES}::test_a_method_in_a_header_or_a_field",),
    "U10 ranges": (
        f"{ADDRESSES}::test_a_number_or_a_wish_out_of_range",
        f"{ADDRESSES}::test_a_parameter_of_any_name",
        f"{ADDRESSES}::test_the_link_to_the_other_language",
        "web/staff/test_slots::test_odd_wishes_do_no_harm",
    ),
    "U11 the workshop": (f"{ADDRESSES}::test_nothing_of_the_workshop",),
    # Unicode
    "N01 direction": (
        f"{UNICODE}::test_a_name_written_from_right_to_left",
        f"{UNICODE}::test_what_a_field_takes",
        f"{FORMS}::test_marks_that_turn_text_around",
        f"{MAIL}::test_marks_that_turn_the_direction",
        f"{MAIL}::test_foreign_text_stands_isolated",
        "abuse/test_calendar::test_marks_that_turn_the_direction",
        "web/test_programme::test_a_title_that_turns_direction",
        f"{PARTY}::test_any_name_stays_text",
    ),
    "N02 unseen": (f"{UNICODE}::test_one_person_stays_one",),
    "N04 lookalikes": (
        f"{UNICODE}::test_a_lookalike_of_an_address",
        f"{UNICODE}::test_a_domain_with_a_sharp_s",
        f"{UNICODE}::test_mail_goes_to_the_stored_address",
    ),
    "N05 other at signs": (f"{UNICODE}::test_another_at_sign",),
    "N07 emoji": (
        f"{FORMS}::test_a_family_emoji_and_a_flag",
        f"{UNICODE}::test_emoji_and_every_script_stay",
        f"{MAIL}::test_any_name_arrives_whole",
    ),
    "N08 surrogates": (
        f"{FORMS}::test_bytes_that_are_no_text_are_refused",
        f"{SIZES}::test_a_broken_form_is_refused",
        f"{MAIL}::test_half_a_surrogate",
    ),
    "N10 piles": (
        f"{FORMS}::test_a_name_that_would_burst_the_page",
        f"{FORMS}::test_a_long_name_without_a_space",
        f"{UNICODE}::test_a_pile_of_marks",
    ),
    "N11 control characters": (
        f"{FORMS}::test_control_characters_are_taken_out",
        f"{FORMS}::test_a_line_break_in_a_one_line_field",
        f"{UNICODE}::test_what_a_field_takes",
        "abuse/test_calendar::test_control_characters",
    ),
    # At the same time
    "C01 last place": (f"{RACES}::test_of_fifty_residents", "services/test_races::test_of_many_clients_for_the_last"),
    "C02 two and two": (f"{RACES}::test_of_two_parties_of_two", "services/test_races::test_two_parties_for_three"),
    "C04 freed place": (f"{RACES}::test_a_freed_place_goes_to_the_line", "services/test_races::test_a_freed_place"),
    "C05 two cancels": (
        f"{RACES}::test_two_cancels_of_one_booking",
        "services/test_races::test_a_booking_cancelled",
        "services/test_moving::test_moved_while_it_is_cancelled",
    ),
    "C07 growing": (
        f"{RACES}::test_a_party_that_grows",
        f"{RACES}::test_two_parties_that_grow",
        "services/test_person_limit::test_booking_growing_and_standing_in_line",
    ),
    "C08 two staff": (
        "web/staff/test_slots::test_two_of_the_staff_at_once",
        "services/test_races::test_two_staff_who_set_a_capacity",
        f"{MOVES}::test_two_of_the_staff_at_once",
        "services/test_rescheduling::test_of_two_who_move_a_slot_at_once",
    ),
    "C10 opposite orders": (
        f"{RACES}::test_many_who_book_and_give_back",
        "services/test_moving::test_there_and_back_at_once",
        "services/test_moving::test_control_without_the_order_of_locks",
    ),
    "C11 offers": (f"{RACES}::test_an_offer_taken_and_given_up", f"{RACES}::test_an_offer_taken_as_it_runs_out"),
    "C13 sixty places": ("services/test_races::test_sixty_places_kept_back",),
    "C14 locked": (
        f"{RACES}::test_a_database_locked_for_too_long",
        "services/test_races::test_a_database_that_stays_locked",
        "web/test_security::test_with_the_database_away_every_page",
    ),
    # Replay
    "P01 twenty clicks": (
        "abuse/test_replay::test_a_double_click_of_twenty",
        f"{SIGNING}::test_p01_",
        f"{MOVING}::test_the_same_form_sent_twice",
    ),
    "P02 back and again": ("abuse/test_replay::test_a_form_sent_again_after_going_back", f"{SIGNING}::test_p02_"),
    "P04 key of another": ("abuse/test_replay::test_the_key_of_somebody_else", f"{SIGNING}::test_p04_"),
    "P05 old link": ("abuse/test_replay::test_an_old_page_cancels_the_old_booking",),
    "P07 fifty mails": (
        "web/test_my::test_asking_fifty_times",
        "web/test_calendar_feeds::test_asking_fifty_times",
        f"{LIMITS}::test_asked_too_often_a_known_and_an_unknown_address",
    ),
    # Other sites
    "X01 foreign forms": (
        f"{SITES}::test_no_form_is_taken_without_its_token",
        f"{SITES}::test_no_form_is_taken_from_another_site",
        f"{SITES}::test_the_same_forms_are_taken_with_their_token",
        f"{FORMS}::test_a_form_whose_token_died_keeps_what_was_typed",
        f"{SITES}::test_opening_pages_and_links_changes_nothing",
        f"{SITES}::test_what_only_takes_forms_cannot_be_opened",
    ),
    "X02 sign-in of others": ("web/staff/test_sign_in::test_a_picture_or_another_site",),
    "X04 frames": (f"{SITES}::test_no_page_can_be_framed",),
    # Dates and the change of the clocks
    "D01 no date": (f"{MOVES}::test_a_time_that_can_be_read_in_two_ways_or_none",),
    "D02 order of day and month": (f"{MOVES}::test_a_time_that_can_be_read_in_two_ways_or_none",),
    "D04 an hour twice": (
        f"{MOVES}::test_in_the_hour_that_comes_twice_the_page_asks",
        f"{MOVES}::test_a_time_that_clocks_leave_out",
    ),
    "D05 over the change": (
        f"{MOVES}::test_a_time_entered_before_the_change_of_clocks",
        "services/test_mail::test_the_hour_is_that_of_the_day",
        "services/test_calendar::test_times_are_malmos",
    ),
    "D07 order and length": (
        f"{MOVES}::test_times_that_cannot_be_meant",
        f"{MOVES}::test_a_slot_may_go_over_midnight",
    ),
    "D08 readers elsewhere": (f"{MOVES}::test_times_are_malmos_wherever_the_reader_is",),
    "D10 reminders": (
        f"{REMINDERS}::test_two_days_before_is_the_same_time_on_the_clock",
        f"{REMINDERS}::test_two_hours_before_are_hours_as_they_pass",
        f"{REMINDERS}::test_however_often_the_job_runs",
        f"{REMINDERS}::test_two_workers_at_once",
    ),
    # Mail
    "M01 line breaks": (
        f"{MAIL}::test_no_text_becomes_a_header_or_a_recipient",
        f"{FORMS}::test_a_line_break_in_a_one_line_field",
        f"{SIGNING}::test_m01_",
    ),
    "M02 long and odd": (
        f"{MAIL}::test_a_long_or_foreign_subject",
        f"{MAIL}::test_a_line_that_servers_take_for_their_own",
        f"{MAIL}::test_header_lines_stay_short",
    ),
    "M04 refused, put off, cut": (
        f"{DELIVERY}::test_a_refused_recipient_is_given_up",
        f"{MAIL}::test_a_mail_put_off_for_an_hour",
        f"{DELIVERY}::test_a_connection_that_dies_after_the_mail",
        "web/staff/test_failed_mails::test_a_mail_that_was_refused_is_shown_to_the_staff",
    ),
    "M05 answering machines": (f"{MAIL}::test_an_answering_machine",),
    # Calendar
    "L01 line breaks": (
        f"{CALENDAR}::test_no_text_becomes_a_line_of_its_own",
        f"{CALENDAR}::test_signs_with_a_meaning_are_escaped",
        "services/test_calendar_feeds::test_no_title_breaks_the_feed",
    ),
    "L02 folding": (
        f"{CALENDAR}::test_lines_are_folded_between_characters",
        "services/test_calendar_feeds::test_no_title_breaks_the_feed",
    ),
    "L04 after the change": (
        "services/test_calendar::test_times_are_malmos_with_the_rules_of_the_zone",
        "services/test_calendar::test_the_files_own_rules_give_the_right_moment",
        "services/test_calendar_feeds::test_times_after_a_change_of_the_clocks",
    ),
    # Languages
    "G01 missing text": (
        f"{LANGUAGES}::test_a_text_that_is_missing",
        "web/test_programme::test_a_text_without_english",
        "content/test_packs::test_every_text_is_in_both_languages",
        "test_translations::test_every_sentence_is_translated",
    ),
    "G02 hostile translation": (
        f"{LANGUAGES}::test_no_translation_holds_markup",
        f"{LANGUAGES}::test_what_fills_a_sentence",
        "test_translations::test_translations_carry_the_placeholders",
    ),
    "G04 odd wishes": (f"{LANGUAGES}::test_an_odd_wish_for_a_language",),
    "G05 in the middle of a form": (
        f"{FORMS}::test_the_language_can_change_in_the_middle",
        f"{LANGUAGES}::test_the_language_chosen_in_a_form",
        f"{LANGUAGES}::test_every_answer_to_a_form",
    ),
    # Secrets
    "T01 guesses": (
        f"{LIMITS}::test_guessed_secrets_open_nothing_and_are_slowed_down",
        f"{LIMITS}::test_no_secret_can_be_guessed_at_leisure",
        f"{LIMITS}::test_what_a_right_link_leads_to_opens",
        f"{HEADERS}::test_a_wrong_secret_and_an_unknown_booking",
        f"{HEADERS}::test_the_secret_of_one_thing_opens_no_other",
    ),
    "T02 numbers": (
        f"{HEADERS}::test_a_wrong_secret_and_an_unknown_booking",
        f"{LIMITS}::test_a_booking_has_no_number_that_leads_to_the_next",
    ),
    "T04 elsewhere": (
        f"{HEADERS}::test_a_page_of_ones_own_leads_and_loads_nothing",
        f"{HEADERS}::test_a_secret_leaves_the_address_at_once",
    ),
    "T05 logs": (
        f"{HEADERS}::test_no_secret_and_no_person_is_in_the_log",
        f"{LIMITS}::test_what_is_counted_names_nobody",
    ),
    "T07 scanners": (f"{HEADERS}::test_a_scanner_that_opens_every_link_of_a_mail",),
    "T08 cookies": (
        f"{HEADERS}::test_a_session_stays_good_after_the_key_was_changed",
        f"{HEADERS}::test_a_forged_cookie_is_no_cookie",
        f"{HEADERS}::test_a_signed_cookie_with_odd_contents",
    ),
    "T10 lists": (f"{HEADERS}::test_no_list_of_the_staff_carries_a_secret_of_a_booking",),
    "T11 tickets": (
        f"{TICKETS}::test_what_is_no_ticket_of_ours",
        f"{TICKETS}::test_the_ticket_of_another_event",
        f"{TICKETS}::test_a_guessed_proof_is_no_ticket",
        f"{TICKETS}::test_reading_a_ticket_twice",
        f"{TICKETS}::test_the_code_names_nobody_and_opens_nothing",
    ),
    # Rate
    "R01 one network": (
        f"{LIMITS}::test_five_hundred_addresses_in_a_minute",
        f"{LIMITS}::test_two_hundred_people_behind_the_one_address",
        f"{LIMITS}::test_one_address_is_stopped_before_the_network",
        f"{LIMITS}::test_a_form_counts_once",
        "services/test_allowances::test_a_bot_is_told_from_a_library",
    ),
    "R02 forwarding": (
        f"{LIMITS}::test_a_made_up_forwarding_header",
        f"{LIMITS}::test_of_a_named_proxy_only_what_it_says_itself",
    ),
    "R04 a bot that holds all": (
        "services/test_confirming::test_r04_",
        f"{PROOFS}::test_not_confirmed_in_time_the_page_says_so",
        f"{PROOFS}::test_whoever_has_only_sent_the_form_cannot_confirm_it",
        "web/staff/test_waiting_rooms::test_what_is_held_unconfirmed_is_seen",
    ),
    "R05 hammering": (
        f"{LIMITS}::test_everything_made_for_one_reader_alone",
        f"{LIMITS}::test_what_a_link_has_opened_has_a_limit",
        f"{LIMITS}::test_a_public_page_is_served_from_memory",
        f"{LIMITS}::test_while_search_and_feeds_are_hammered",
    ),
}

NOTHING_TO_HOLD: Final = {
    "F11": "no PDF is made",
    "F20": "staff cannot take a choice away but by cancelling the slot",
    "N07": "no PDF and no CSV with names of people is made",
    "N08": "no address reads JSON: each answers 415",
    "G02": "no text is translated in the browser",
}
"""Parts of rows that touch what does not exist."""


def test_every_row_is_held_by_a_test() -> None:
    wanted = [group + number for group, numbers in IDS.items() for number in numbers.split()]

    assert [row.split()[0] for row in HELD_BY] == wanted
    assert set(NOTHING_TO_HOLD) <= set(wanted)
    assert all(HELD_BY.values())


@cache
def names_in(module: str) -> frozenset[str]:
    tree = ast.parse((ROOT / "tests" / f"{module}.py").read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("row", HELD_BY)
def test_each_of_these_tests_is_there(row: str) -> None:
    for test in HELD_BY[row]:
        module, _, beginning = test.partition("::")
        found = [name for name in names_in(module) if name.startswith(beginning)]
        assert found, f"{module} has no test whose name begins with {beginning}"
