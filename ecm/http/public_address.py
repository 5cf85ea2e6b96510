"""The address under which people and phones reach this service."""

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web

from ecm.words.problems import MALFORMED

_PORTS: Final = {"http": 80, "https": 443}


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

    def is_origin(self, origin: str, request: web.Request) -> bool:
        """Say whether a request's Origin is this service: its scheme, host and port.

        Without a public address nobody knows what a proxy before us does, so host and port count, as the Host says.
        """
        given = _origin(origin)
        if given is None or origin != origin.strip() or len(urlsplit(origin).path) > 0:
            return False
        if self.url is not None:
            return given == _origin(self.url)
        return given == _origin(f"{given[0]}://{request.host}")


def is_web_address(text: str) -> bool:
    """Say whether a text names a place of the web: http or https, a host, and nobody's name."""
    return _origin(text) is not None


def _origin(address: str) -> tuple[str, str, int] | None:
    """Return scheme, host and port of an address of the web; None for anything else, and where somebody signs in."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname or "@" in parts.netloc:
        return None
    return parts.scheme, parts.hostname, _PORTS[parts.scheme] if port is None else port


PUBLIC_ADDRESS: Final = web.AppKey("public_address", PublicAddress)
