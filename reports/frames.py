"""Frames at the edge, typed rows inside: reads `calls` and `commissioned`, and writes lines, column by column."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec
import numpy as np
import pandas as pd

from reports.lines import Line
from reports.rows import Call, FrameError, Slot

Row = TypeVar("Row", bound=msgspec.Struct)
Reader = Callable[[pd.DataFrame, str], list[object | None]]


def read_calls(frame: pd.DataFrame) -> list[Call]:
    """The rows of the `calls` frame; raises FrameError naming the column that is missing or wrong."""
    return _rows(frame, Call, _CALL_READERS)


def read_slots(frame: pd.DataFrame) -> list[Slot]:
    """The rows of the `commissioned` frame; raises FrameError naming the column that is missing or wrong."""
    return _rows(frame, Slot, _SLOT_READERS)


def _rows(frame: pd.DataFrame, kind: type[Row], readers: Mapping[str, Reader]) -> list[Row]:
    missing = [name for name in readers if name not in frame.columns]
    if missing:
        raise FrameError(f"the frame lacks {', '.join(missing)}")
    columns = [readers[name](frame, name) for name in kind.__struct_fields__]
    return [kind(*values) for values in zip(*columns, strict=True)]


def _cells(frame: pd.DataFrame, name: str) -> list[object | None]:
    series = frame[name]
    values: list[object | None] = series.tolist()
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        values = list(pd.DatetimeIndex(series).tz_convert(UTC).to_pydatetime())
    if not series.hasnans:
        return values
    return [None if absent else value for value, absent in zip(values, series.isna().tolist(), strict=True)]


def _maybe(read: Callable[[object], object]) -> Reader:
    def column(frame: pd.DataFrame, name: str) -> list[object | None]:
        try:
            return [None if value is None else read(value) for value in _cells(frame, name)]
        except (TypeError, ValueError) as error:
            raise FrameError(f"{name}: {error}") from error

    return column


def _always(read: Callable[[object], object]) -> Reader:
    optional = _maybe(read)

    def column(frame: pd.DataFrame, name: str) -> list[object | None]:
        values = optional(frame, name)
        if None in values:
            raise FrameError(f"{name}: a value is missing")
        return values

    return column


def _whole(value: object) -> int:
    if not isinstance(value, (int, float, np.integer)) or int(value) != value or value < 0:
        raise ValueError(f"{value!r} is not a whole number from 0")
    return int(value)


def _real(value: object) -> float:
    if not isinstance(value, (int, float, np.integer)):
        raise TypeError(f"{value!r} is not a number")
    return float(value)


def _instant(value: object) -> datetime:
    if isinstance(value, pd.Timestamp):
        value = value.to_pydatetime(warn=False)
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError(f"{value!r} is not an aware instant")
    return value.astimezone(UTC)


def _day(value: object) -> date:
    if isinstance(value, datetime):
        return value.date()
    if not isinstance(value, date):
        raise TypeError(f"{value!r} is not a day")
    return value


def _text_tuple(value: object) -> tuple[str, ...]:
    if not isinstance(value, (tuple, list)):
        raise TypeError(f"{value!r} is not a tuple of texts")
    return tuple(sorted(str(item) for item in value))


def _text_tuples(frame: pd.DataFrame, name: str) -> list[object | None]:
    return [() if value is None else value for value in _maybe(_text_tuple)(frame, name)]


_CALL_READERS: Mapping[str, Reader] = {
    "provider": _always(str),
    "council": _always(str),
    "client": _always(str),
    "commission": _maybe(str),
    "slot": _maybe(_whole),
    "visit": _maybe(str),
    "day": _always(_day),
    "planned_start": _maybe(_instant),
    "planned_minutes": _maybe(_whole),
    "carer": _maybe(str),
    "position": _always(_whole),
    "in_at": _maybe(_instant),
    "out_at": _maybe(_instant),
    "delivered_seconds": _maybe(_whole),
    "overlap_seconds": _maybe(_whole),
    "outcome": _always(str),
    "in_check_in": _maybe(str),
    "out_check_in": _maybe(str),
    "in_grade": _maybe(str),
    "out_grade": _maybe(str),
    "in_distance_m": _maybe(_real),
    "out_distance_m": _maybe(_real),
    "amendments": _text_tuples,
    "exceptions": _text_tuples,
}
_SLOT_READERS: Mapping[str, Reader] = {
    "council": _always(str),
    "provider": _always(str),
    "client": _always(str),
    "commission": _always(str),
    "contract": _always(str),
    "contract_version": _always(_whole),
    "slot": _always(_whole),
    "day": _always(_day),
    "start": _maybe(_instant),
    "minutes": _always(_whole),
    "carers": _always(_whole),
}
CALL_COLUMNS = tuple(_CALL_READERS)
SLOT_COLUMNS = tuple(_SLOT_READERS)

_WHOLE = (
    "slot",
    "position",
    "planned_minutes",
    "commissioned_minutes",
    "delivered_seconds",
    "delivered_minutes",
    "banded_minutes",
    "paid_minutes",
    "excess_minutes",
    "amount_pence",
    "contract_version",
)
_INSTANTS = ("planned_start", "in_at", "out_at")
_OBJECTS = ("day", "flags", "exceptions", "amendments", "trace")


def frame_of(lines: Sequence[Line]) -> pd.DataFrame:
    """The lines as a frame: nullable whole numbers, UTC instants, and tuples where a line has tuples."""
    return pd.DataFrame(
        {name: _column(name)([getattr(line, name) for line in lines]) for name in Line.__struct_fields__}
    )


def _column(name: str) -> Callable[[list[Any]], "pd.Series[Any]"]:
    dtype = "str"
    if name in _WHOLE:
        dtype = "Int64"
    elif name in _INSTANTS:
        dtype = "datetime64[us, UTC]"
    elif name in _OBJECTS:
        dtype = "object"
    elif name.endswith("_distance_m"):
        dtype = "float64"
    return lambda values: pd.Series(values, dtype=dtype)
