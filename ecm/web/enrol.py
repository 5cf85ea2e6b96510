"""Phones: a one-time code for a carer's phone, and the phones there are."""

from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from ecm.care.domain import Carer
from ecm.care.service import CARE
from ecm.http.requests import account_of, path_uuid, provider_of, read_query
from ecm.phones.domain import Phone
from ecm.phones.service import PHONES, Enrolment
from ecm.web.rendering import Shell, render
from ecm.web.session import read_form, see_other
from ecm.words.codes import Code

_TITLE: Final = "Carers’ phones"
_DONE: Final = {"revoked": "The phone is revoked: whatever it signs from now on is refused."}


class EnrolQuery(msgspec.Struct):
    """What was just done."""

    done: str | None = None


class EnrolForm(msgspec.Struct):
    """For whom to make a code."""

    carer: Code


@dataclass(frozen=True, slots=True)
class EnrolView:
    """The carers, the phones with the newest first, and the code just made, which is shown this once."""

    carers: list[Carer]
    phones: list[Phone]
    offered: Enrolment | None


async def get_enrol(request: web.Request) -> web.StreamResponse:
    """Show carers and phones."""
    return await _show(request, None, _DONE.get(read_query(request, EnrolQuery).done or ""))


async def post_enrol(request: web.Request) -> web.StreamResponse:
    """Make a code, and show it this once."""
    form = await read_form(request, EnrolForm)
    offered = await request.app[PHONES].offer(account_of(request), provider_of(request), form.carer)
    return await _show(request, offered, None)


async def post_revocation(request: web.Request) -> web.StreamResponse:
    """Revoke a phone."""
    await request.app[PHONES].revoke(account_of(request), provider_of(request), path_uuid(request, "device"))
    return see_other("/enrol?done=revoked")


async def _show(request: web.Request, offered: Enrolment | None, notice: str | None) -> web.StreamResponse:
    provider = provider_of(request)
    phones = sorted(await request.app[PHONES].listed(provider), key=lambda phone: phone.enrolled_at, reverse=True)
    view = EnrolView(await request.app[CARE].carers(provider), phones, offered)
    return await render(request, "enrol.html", Shell(_TITLE, notice), view)
