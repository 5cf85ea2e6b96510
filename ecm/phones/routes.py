"""Phones over HTTP: enrolment codes, enrolment, the list of phones, revocation."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from aiohttp import web

from ecm.http.endpoints import Routes
from ecm.http.replies import reply
from ecm.http.requests import account_of, path_uuid, provider_of, read_json
from ecm.phones.domain import Phone
from ecm.phones.service import (
    CODE_EXPIRED,
    CODE_UNKNOWN,
    CODE_USED,
    DEVICE_KNOWN,
    KEY_UNUSABLE,
    PHONES,
    PROOF_WRONG,
    Enrolment,
)
from ecm.words.codes import Code
from ecm.words.problems import INVALID
from ecm.words.roles import OFFICE

ROUTES = Routes("phones")


class EnrolmentMessage(msgspec.Struct, forbid_unknown_fields=True):
    """The carer whose phone is to be enrolled."""

    carer: Code


class NewDeviceMessage(msgspec.Struct, forbid_unknown_fields=True):
    """A phone that enrols: its code, its own id, its public key as a JWK, and the proof that it holds the private one.

    `proof` is a compact JWS of type `enrolment+jwt` by that key over `{"code": ..., "device": ...}`.
    """

    code: Annotated[str, msgspec.Meta(max_length=100)]
    device: UUID
    public_key: dict[str, Any]
    proof: Annotated[str, msgspec.Meta(max_length=4096)]


class DeviceEnrolled(msgspec.Struct):
    """Whose phone this now is."""

    device: UUID
    provider: UUID
    carer: str


class DeviceShown(msgspec.Struct):
    """A phone on the provider's list."""

    device: UUID
    carer: str
    enrolled_at: datetime
    revoked_at: datetime | None


class DeviceList(msgspec.Struct):
    """Phones in order of carer and time."""

    devices: list[DeviceShown]


@ROUTES.route(
    "POST",
    "/v1/enrolments",
    "Offer a one-time code for a carer's phone",
    roles=OFFICE,
    body=EnrolmentMessage,
    replies={201: Enrolment},
    problems=(INVALID,),
)
async def post_enrolment(request: web.Request) -> web.Response:
    """Make a code that enrols one phone within 24 hours."""
    wanted = await read_json(request, EnrolmentMessage)
    offered = await request.app[PHONES].offer(account_of(request), provider_of(request), wanted.carer)
    return reply(offered, 201)


@ROUTES.route(
    "POST",
    "/v1/devices",
    "Enrol a phone with its one-time code",
    body=NewDeviceMessage,
    replies={200: DeviceEnrolled, 201: DeviceEnrolled},
    problems=(CODE_UNKNOWN, CODE_USED, CODE_EXPIRED, PROOF_WRONG, KEY_UNUSABLE, DEVICE_KNOWN),
)
async def post_device(request: web.Request) -> web.Response:
    """Enrol the phone that sends this; the code stands for the sign-in."""
    wanted = await read_json(request, NewDeviceMessage)
    enrolled = await request.app[PHONES].enrol(wanted.code, wanted.device, wanted.public_key, wanted.proof)
    message = DeviceEnrolled(enrolled.phone.device_id, enrolled.phone.provider, enrolled.phone.carer)
    return reply(message, 201 if enrolled.is_new else 200)


@ROUTES.route("GET", "/v1/devices", "List the phones of the provider", roles=OFFICE, replies={200: DeviceList})
async def get_devices(request: web.Request) -> web.Response:
    """List the provider's phones, the revoked ones too."""
    found = await request.app[PHONES].listed(provider_of(request))
    return reply(DeviceList([_shown(phone) for phone in found]))


@ROUTES.route(
    "POST",
    "/v1/devices/{device}/revocation",
    "Revoke a phone",
    roles=OFFICE,
    replies={200: DeviceShown},
)
async def post_revocation(request: web.Request) -> web.Response:
    """Refuse whatever the phone signs from now on; again is the same."""
    device_id = path_uuid(request, "device")
    return reply(_shown(await request.app[PHONES].revoke(account_of(request), provider_of(request), device_id)))


def _shown(phone: Phone) -> DeviceShown:
    return DeviceShown(phone.device_id, phone.carer, phone.enrolled_at, phone.revoked_at)
