"""One person's visit, from the list of tours to a definite answer: as a browser without script goes its way."""

from __future__ import annotations

import asyncio
import re
from typing import Final
from urllib.parse import urlencode

from tests.bench.rush_client import Answer, Browser, Exchange, History, is_told_later
from tests.bench.rush_people import LIST, LOOKS_SECONDS, WRITES_SECONDS, Departure, Person

TOKEN: Final = re.compile(rb'name="csrf_token"[^>]*value="([^"]+)"')
BOOKING_FORM: Final = b'name="idempotency_key"'
ROOM_FORM: Final = re.compile(rb'<form[^>]*action="[^"]*/waiting-room"')
NOT_YET: Final = re.compile(rb'href="[^"]*/waiting-room"')
ALL_GONE: Final = "Alla platser är tagna".encode()
DEFINITE: Final = frozenset({"confirmed", "waiting", "full"})
AGAIN_SECONDS: Final = 5.0
"""After how long somebody reloads a page that gave no answer."""


class Visit:
    def __init__(self, person: Person, port: int, history: History, opens: float, give_up: float) -> None:
        self._person = person
        self._history = history
        self._browser = Browser(port, person.number, history)
        self._opens = opens
        self._give_up = give_up

    async def make(self) -> None:
        """Come by the clock, look, try, try again elsewhere if there is a second wish; note how it ended."""
        await self._until(self._person.arrives)
        due, end = self._person.arrives, "nothing"
        for wish in self._person.wishes:
            end = await self._try(wish, due)
            if end in {"confirmed", "waiting"}:
                break
            due = await self._after(LOOKS_SECONDS)
        self._history.ends[self._person.number] = end
        self._browser.leave()

    async def _try(self, wish: Departure, due: float) -> str:
        await self._read("list", LIST, due=due, coded=True)
        await self._read("tour", wish.page, due=await self._after(LOOKS_SECONDS), coded=True)
        page = await self._open(wish, await self._after(LOOKS_SECONDS))
        while self._history.now < self._give_up:
            if BOOKING_FORM in page.body:
                end = await self._book(wish, page)
                if end in DEFINITE:
                    return end
                page = await self._read("form", wish.form, due=await self._after(AGAIN_SECONDS), slot=wish.slot)
            elif self._says_gone(page, wish):
                return "full"
            else:
                page = await self._wait(wish, page)
        return "nothing"

    async def _open(self, wish: Departure, due: float) -> Answer:
        """Press the button beside the departure: it leads to the waiting room before the opening, else to the form."""
        if due < self._opens:
            return await self._read("room", wish.room, due=due)
        return await self._read("form", wish.form, due=due, slot=wish.slot)

    async def _book(self, wish: Departure, page: Answer) -> str:
        form = self._person.filled_in(_token(page))
        due = await self._after(WRITES_SECONDS)
        answer = await self._browser.post("post", wish.form, form, due=due, slot=wish.slot)
        if answer.status == 303:
            await self._read("result", answer.header("Location"), due=self._history.now)
        return answer.header("X-Booking-Outcome")

    async def _wait(self, wish: Departure, page: Answer) -> Answer:
        """Go on from a page that is not the form: the waiting room, or what stands before it."""
        if ROOM_FORM.search(page.body):
            form = urlencode({"csrf_token": _token(page)})
            answer = await self._browser.post("ticket", wish.room, form, due=self._history.now)
            return await self._read("room", answer.header("Location") or wish.room, due=self._history.now)
        if refresh := page.header("Refresh"):
            # A browser asks for the same page again; the room knows it by its cookie.
            return await self._read("room", wish.room, due=await self._after(float(refresh)))
        if f'href="{wish.form}"'.encode() in page.body:
            return await self._read("form", wish.form, due=self._history.now, slot=wish.slot)
        if NOT_YET.search(page.body):
            return await self._read("room", wish.room, due=self._history.now)
        return await self._read("form", wish.form, due=await self._after(AGAIN_SECONDS), slot=wish.slot)

    def _says_gone(self, page: Answer, wish: Departure) -> bool:
        if ALL_GONE not in page.body:
            return False
        now = self._history.now
        self._history.told_gone.append(Exchange(self._person.number, "gone", now, now, page.status, "full", wish.slot))
        return True

    async def _read(self, kind: str, path: str, *, due: float, coded: bool = False, slot: str = "") -> Answer:
        """A page; where the server says that many want in, the page that it gives asks again by itself."""
        while True:
            page = await self._browser.get(kind, path, due=due, coded=coded, slot=slot)
            if not is_told_later(page) or self._history.now > self._give_up:
                return page
            due = await self._after(float(page.header("Refresh")))

    async def _after(self, seconds: float) -> float:
        """Let so many seconds pass; returns when they were over by the clock."""
        due = self._history.now + seconds
        await self._until(due)
        return due

    async def _until(self, moment: float) -> None:
        await asyncio.sleep(max(0.0, moment - self._history.now))


def _token(page: Answer) -> str:
    found = TOKEN.search(page.body)
    return found[1].decode() if found else ""
