"""A visit as its check-ins alone tell it: what the office typed in, and a cancellation, left out. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from msgspec.structs import replace

from ecm.visits.domain import Stay, Visit


def amended_refs(visits: Iterable[Visit]) -> list[str]:
    """Return the check-ins of stays that somebody amended, whose own times a folded visit does not tell."""
    return sorted({ref for visit in visits for stay in visit.stays if stay.amendments for ref in _refs(stay)})


def refs_of(visit: Visit) -> list[str]:
    """Return the arrivals and departures that a visit rests on, each as `<device>/<check-in>`."""
    return sorted({ref for stay in visit.stays for ref in (stay.in_check_in, stay.out_check_in) if ref is not None})


def tapped(visit: Visit, times: Mapping[str, datetime]) -> Visit:
    """Return a visit as if nothing had been typed in; `times` are those of `amended_refs`."""
    stays = [_tapped(stay, times) if stay.amendments else stay for stay in visit.stays]
    return replace(visit, stays=tuple(stay for stay in stays if stay is not None), cancelled=None)


def _refs(stay: Stay) -> list[str]:
    return [ref for ref in (stay.in_check_in, stay.out_check_in, *stay.repeat_check_ins) if ref is not None]


def _tapped(stay: Stay, times: Mapping[str, datetime]) -> Stay | None:
    """Return a stay with the times of its check-ins, None where it has none.

    A stay that an amendment made of several keeps the first arrival, the last departure, and all else as repeats.
    """
    known = [ref for ref in _refs(stay) if ref in times]
    if not known:
        return None
    in_at = times.get(stay.in_check_in or "")
    out_at = times.get(stay.out_check_in or "")
    if in_at is None and out_at is None:
        first = min(known, key=lambda ref: (times[ref], ref))
        return replace(stay, in_at=times[first], out_at=None, in_check_in=first, amendments=())
    return replace(stay, in_at=in_at, out_at=out_at, amendments=())
