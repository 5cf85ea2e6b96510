"""Bands, tolerance, the cap per visit, and the rate: each takes minutes and leaves minutes, or pence."""

from bisect import bisect_right

from reports.contracts import Band, Contract, ContractError, Tolerance
from reports.trace import Step, became, minutes_text
from reports.worksheet import Worksheet


def band_of(bands: tuple[Band, ...], minutes: int) -> Band:
    """The band that `minutes` fall in; the last band also holds everything above it."""
    if not bands or minutes < 0:
        raise ContractError(f"no band holds {minutes} minutes")
    return bands[bisect_right(bands, minutes, key=_lower_end) - 1]


def _lower_end(band: Band) -> int:
    return band.minutes_from


def apply_bands(contract: Contract, sheet: Worksheet) -> None:
    """Replace the minutes by what their band becomes, above them only if the contract says that it may.

    Ombudsman, Norfolk, 19 009 101: rounding up that nobody declared was paid for care that nobody gave.
    """
    band = band_of(contract.bands or (), sheet.minutes)
    before, after = sheet.minutes, band.becomes
    where = f"in the band {band.minutes_from}–{band.minutes_to}"
    if before > band.minutes_to:
        where = f"above the last band, {band.minutes_from}–{band.minutes_to},"
        sheet.flag("above_last_band")
    because = f"{minutes_text(before)} fell {where} and {became(before, after)}"
    than = "than delivered" if before == sheet.counted else "than before the bands"
    if after > before and not contract.bands_above_delivered:
        after = before
        because += f", but this contract lets no band exceed what was delivered, so it stays {before}"
    elif after > before:
        because += f", {after - before} more {than}"
        sheet.flag(f"banded_above_actual:{after - sheet.counted}")
    elif after < before:
        because += f", {before - after} fewer {than}"
    if after == 0 and before > 0:
        sheet.flag("too_short")
    sheet.banded = after
    sheet.apply("bands", after, f"{because}.")


def apply_tolerance(tolerance: Tolerance, commissioned: int, sheet: Worksheet) -> None:
    """Minutes close enough to the commissioned minutes become them, both ends of the tolerance included."""
    before = sheet.minutes
    near = commissioned - tolerance.under_minutes <= before <= commissioned + tolerance.over_minutes
    if not near or before in {commissioned, 0}:
        return
    because = (
        f"{minutes_text(before)} fell within {tolerance.under_minutes} under and "
        f"{tolerance.over_minutes} over the {commissioned} commissioned, and became {commissioned}."
    )
    sheet.apply("tolerance", commissioned, because)


def apply_visit_cap(commissioned: int, sheet: Worksheet) -> None:
    """Pay at most the commissioned minutes of this visit; list delivered minutes beyond them as excess."""
    sheet.excess = max(0, sheet.counted - commissioned)
    listed = f" The excess, {minutes_text(sheet.excess)} delivered beyond them, is listed." if sheet.excess else ""
    if sheet.minutes > commissioned:
        sheet.flag("capped")
        because = f"At most the {commissioned} commissioned are paid, so {sheet.minutes} became {commissioned}."
        sheet.apply("cap per visit", commissioned, because + listed)


def apply_rate(rate_pence_per_hour: int, sheet: Worksheet) -> None:
    """Price the paid minutes in whole pence; half a penny rounds up, once for each line."""
    pence, rest = divmod(sheet.minutes * rate_pence_per_hour, 60)
    rounded = pence + 1 if rest * 2 >= 60 else pence
    how = ", rounded to the nearest penny, halves up" if rest else ""
    because = f"{minutes_text(sheet.minutes)} at {rate_pence_per_hour} pence an hour come to {rounded} pence{how}."
    sheet.amount_pence = rounded
    sheet.steps.append(Step("rate", sheet.minutes, rounded, because))
