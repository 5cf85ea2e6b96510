"""The address under which people and phones reach this service."""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from ecm.words.problems import MALFORMED


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """What the operator says of it; `url` None means whatever address a request came to."""

    url: str | None

    def base(self, request: web.Request) -> str:
        """Return what links begin with, without a final slash; raises `malformed` when the Host is no address."""
        if self.url is not None:
            return self.url.rstrip("/")
        try:
            return str(request.url.origin())
        except ValueError:
            raise MALFORMED.because("The Host of the request is not an address.") from None

    def is_https(self, request: web.Request) -> bool:
        """Say whether the browser speaks TLS, to us or to a proxy before us."""
        return request.secure or (self.url is not None and self.url.startswith("https://"))


PUBLIC_ADDRESS: Final = web.AppKey("public_address", PublicAddress)
