"""Phones: a one-time code for a carer's phone, and the phones there are."""

from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from ecm.care.domain import Carer
from ecm.care.service import CARE
from ecm.http.requests import account_of, path_uuid, provider_of
from ecm.phones.domain import Phone
from ecm.phones.service import PHONES, Enrolment
from ecm.web.notices import done
from ecm.web.rendering import Shell, render
from ecm.web.session import read_form
from ecm.words.codes import Code

_TITLE: Final = "Carers’ phones"


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
    return await _show(request, None)


async def post_enrol(request: web.Request) -> web.StreamResponse:
    """Make a code, and show it this once."""
    form = await read_form(request, EnrolForm)
    offered = await request.app[PHONES].offer(account_of(request), provider_of(request), form.carer)
    return await _show(request, offered)


async def post_revocation(request: web.Request) -> web.StreamResponse:
    """Revoke a phone."""
    await request.app[PHONES].revoke(account_of(request), provider_of(request), path_uuid(request, "device"))
    return done(request, "/enrol", "revoked")


async def _show(request: web.Request, offered: Enrolment | None) -> web.StreamResponse:
    provider = provider_of(request)
    phones = sorted(await request.app[PHONES].listed(provider), key=lambda phone: phone.enrolled_at, reverse=True)
    view = EnrolView(await request.app[CARE].carers(provider), phones, offered)
    return await render(request, "enrol.html", Shell(_TITLE), view)
