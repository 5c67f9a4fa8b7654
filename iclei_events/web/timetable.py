"""The timetable of one day: rooms side by side, a line for each time at which something begins or ends."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from iclei_events.services.listed import ListedRoom, ListedSlot


@dataclass(slots=True)
class Column:
    """A room, or with no room what is online or elsewhere in the city."""

    room: ListedRoom | None
    is_online: bool
    blocks: list[Block] = field(default_factory=list)


@dataclass(slots=True)
class Block:
    """Slots of a column that overlap, from the first beginning to the last end; usually one."""

    slots: list[ListedSlot]
    ends_at: datetime

    @property
    def starts_at(self) -> datetime:
        return self.slots[0].starts_at


@dataclass(frozen=True, slots=True)
class Cell:
    """A field of the table over so many lines and columns; without slots it is empty."""

    slots: Sequence[ListedSlot] = ()
    lines: int = 1
    columns: int = 1
    is_break: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    starts_at: datetime
    cells: list[Cell]


@dataclass(frozen=True, slots=True)
class Timetable:
    columns: list[Column]
    lines: list[Line]


def arrange(slots: Iterable[ListedSlot]) -> Timetable:
    """Lay one day's slots out. A break reaches over all rooms where nothing is on in them meanwhile."""
    ordered = sorted(slots, key=lambda slot: slot.starts_at)
    in_rooms = [slot for slot in ordered if slot.room is not None and not slot.is_break]
    breaks = [
        slot for slot in ordered if slot.is_break and in_rooms and not any(_overlap(slot, other) for other in in_rooms)
    ]
    columns = _columns(slot for slot in ordered if slot not in breaks)
    times = sorted({moment for slot in ordered for moment in (slot.starts_at, slot.ends_at)})
    number = {moment: index for index, moment in enumerate(times)}
    lines = [Line(moment, []) for moment in times[:-1]]
    _fill_in_breaks(lines, breaks, sum(column.room is not None for column in columns), number)
    for column in columns:
        _fill(lines, column.blocks, breaks if column.room is not None else [], number)
    return Timetable(columns, lines)


def _fill_in_breaks(lines: list[Line], breaks: list[ListedSlot], rooms: int, number: dict[datetime, int]) -> None:
    """Put the breaks into the lines; rooms are the first columns."""
    for pause in breaks:
        first, last = number[pause.starts_at], number[pause.ends_at]
        lines[first].cells.append(Cell([pause], lines=last - first, columns=rooms, is_break=True))


def _overlap(one: ListedSlot, other: ListedSlot) -> bool:
    return one is not other and one.starts_at < other.ends_at and other.starts_at < one.ends_at


def _columns(slots: Iterable[ListedSlot]) -> list[Column]:
    """The columns that are used: rooms in the order of their house, then online, then elsewhere."""
    columns: dict[tuple[int, int, int], Column] = {}
    for slot in slots:
        is_online = slot.room is None and slot.activity.mode == "virtual"
        key = (0, slot.room.position, slot.room.id) if slot.room else (1 if is_online else 2, 0, 0)
        column = columns.setdefault(key, Column(slot.room, is_online))
        last = column.blocks[-1] if column.blocks else None
        if last is not None and slot.starts_at < last.ends_at:
            last.slots.append(slot)
            last.ends_at = max(last.ends_at, slot.ends_at)
        else:
            column.blocks.append(Block([slot], slot.ends_at))
    return [columns[key] for key in sorted(columns)]


def _fill(lines: list[Line], blocks: list[Block], breaks: list[ListedSlot], number: dict[datetime, int]) -> None:
    """Put one column's fields into the lines: its blocks, and empty ones where neither block nor break is."""
    covered = {line for pause in breaks for line in range(number[pause.starts_at], number[pause.ends_at])}
    for block in blocks:
        first, last = number[block.starts_at], number[block.ends_at]
        lines[first].cells.append(Cell(block.slots, lines=last - first))
        covered.update(range(first, last))
    for index, line in enumerate(lines):
        if index not in covered:
            line.cells.append(Cell())
