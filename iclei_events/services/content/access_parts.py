"""What a content pack tells of access: what a slot can give to those who need it, and the facts of the way."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, ValidationInfo, field_validator

from iclei_events.services.content.values import Aid, Flag, Part, Text


class AidsPart(Part):
    """What a slot can give to those who need it; a key that is left out: nobody has thought of it."""

    wheelchair: Aid = None
    hearing_loop: Aid = None
    interpreter: Aid = None
    companion: Aid = None

    @field_validator("interpreter")
    @classmethod
    def _one_for_everybody(cls, value: int | None) -> int | None:
        if value not in {None, 0, 1}:
            raise ValueError("1 where there is one, which is enough for everybody, 0, or on_request")
        return value


class RoutePart(Part):
    """Facts of the way. What is not known is left out."""

    distance_m: Annotated[int, Field(strict=True, ge=0, le=100_000)] | None = None
    steps: Annotated[int, Field(strict=True, ge=0, le=10_000)] | None = None
    steepest_slope_percent: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None
    surface: Text | None = None
    seats_every_m: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    toilet: Literal["none", "at_start", "on_the_way", "accessible"] | None = None
    illustrative: Flag = False
    step_free: Annotated[Flag | None, Field(validate_default=True)] = None

    @field_validator("step_free")
    @classmethod
    def _as_the_steps_say(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value and info.data.get("steps"):
            raise ValueError("false, since the way has steps; steps are those that nobody can go around")
        return value
