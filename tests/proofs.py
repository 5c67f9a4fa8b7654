"""Proofs of work as a browser makes them: the task read from a form, solved, and written as the form sends it."""

from __future__ import annotations

import json
from base64 import b64decode
from datetime import datetime

from altcha import Challenge, Payload, solve_challenge
from flask import Flask

from iclei_events.db import db
from iclei_events.models import ProofRule, Slot
from iclei_events.services import waiting_rooms
from iclei_events.web import turnstile
from tests import scenes
from tests.clients import Page


def solve(task: str) -> str:
    challenge = Challenge.from_dict(json.loads(b64decode(task)))
    solution = solve_challenge(challenge)
    assert solution is not None
    return Payload(challenge, solution).to_base64()


def task_of(form: Page) -> str:
    return str(form.one("[data-challenge]").get("data-challenge"))


def solved(form: Page) -> str:
    """What the form's script would have put into it."""
    return solve(task_of(form))


def switch(app: Flask, slot: Slot, opens_at: datetime, rule: ProofRule = ProofRule.ALWAYS) -> None:
    """As staff do it: ask for a proof at the slot's opening."""
    with app.app_context():
        event_id = scenes.slot_now(slot).activity.event_id
        db.session.rollback()
        waiting_rooms.set_proof(event_id, opens_at, rule, by=scenes.ORGANISER)
        turnstile.forget()
