"""Problems as RFC 9457 tells them: a stable type for machines and a plain sentence for people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class ProblemType:
    """A kind of refusal: `slug` is stable for ever and becomes the type `/problems/<slug>`."""

    slug: str
    status: int
    title: str

    def because(
        self, detail: str, *, headers: Mapping[str, str] | None = None, members: Mapping[str, Any] | None = None
    ) -> "Problem":
        """Return the problem to raise, with one sentence for the person and any further members."""
        return Problem(self, detail, headers=headers or {}, members=members or {})


class Problem(Exception):
    """Raised anywhere below a route; `ecm.http.replies` turns it into `application/problem+json`."""

    def __init__(
        self, kind: ProblemType, detail: str, *, headers: Mapping[str, str], members: Mapping[str, Any]
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = headers
        self.members = members


MALFORMED = ProblemType("malformed", 400, "The request cannot be read")
NOT_SIGNED_IN = ProblemType("not-signed-in", 401, "Who you are is not known")
NOT_ALLOWED = ProblemType("not-allowed", 403, "Your role does not allow this")
NOT_FOUND = ProblemType("not-found", 404, "There is no such thing here")
METHOD_NOT_ALLOWED = ProblemType("method-not-allowed", 405, "This address does not take that method")
CONFLICT = ProblemType("conflict", 409, "This contradicts what is stored")
TOO_LARGE = ProblemType("too-large", 413, "The request is too large")
WRONG_MEDIA_TYPE = ProblemType("wrong-media-type", 415, "The request is not in a form this address reads")
INVALID = ProblemType("invalid", 422, "The request can be read but not accepted")
TOO_MANY = ProblemType("too-many", 429, "Too many requests of this kind")
REFUSED_BY_HTTP = ProblemType("bad-request", 400, "The request breaks the rules of HTTP")
INTERNAL = ProblemType("internal", 500, "The service made a mistake")
UNAVAILABLE = ProblemType("unavailable", 503, "The service cannot do this just now")

RETRY_AFTER_SECONDS: Final = 2


def unavailable(detail: str) -> Problem:
    """Return the problem that tells whoever asks, a phone with its check-ins above all, to keep them and come back."""
    return UNAVAILABLE.because(detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
