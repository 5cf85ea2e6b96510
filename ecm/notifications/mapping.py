"""Which kind of alert can be which notification, under which regulation, with which gates and duties: data only.

The instrument is always named with the regulation: regulation 18 of SI 2009/3112 (notification of other
incidents) is not regulation 18 of the 2014 Regulations (staffing).
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

CandidateType = Literal["ABUSE_OR_ALLEGATION", "SERIOUS_INJURY", "DEATH", "POLICE", "EVENT_STOPS_SERVICE"]
Duty = Literal["cqc", "safeguarding", "duty_of_candour", "contract", "riddor"]

LEGAL_REFS: Final = MappingProxyType[CandidateType, str](
    {
        "ABUSE_OR_ALLEGATION": "SI 2009/3112 reg 18(2)(e)",
        "SERIOUS_INJURY": "SI 2009/3112 reg 18(2)(a)-(b)",
        "DEATH": "SI 2009/3112 reg 16",
        "POLICE": "SI 2009/3112 reg 18(2)(f)",
        "EVENT_STOPS_SERVICE": "SI 2009/3112 reg 18(2)(g)",
    }
)

LEVELS: Final = MappingProxyType[CandidateType, int](
    {"POLICE": 3, "ABUSE_OR_ALLEGATION": 3, "SERIOUS_INJURY": 4, "DEATH": 4, "EVENT_STOPS_SERVICE": 5}
)

PRECEDENCE: Final[tuple[CandidateType, ...]] = ("DEATH", "SERIOUS_INJURY", "ABUSE_OR_ALLEGATION", "POLICE")
"""One event is one type of notification: the first of these that any alert of the event has."""

GATES: Final = MappingProxyType[CandidateType, tuple[str, ...]](
    {
        "ABUSE_OR_ALLEGATION": (),
        "SERIOUS_INJURY": ("hcp_opinion",),
        "DEATH": ("regulated_activity_link", "circumstances_described"),
        "POLICE": ("bears_on_health_safety_or_welfare",),
        "EVENT_STOPS_SERVICE": ("assessed_needs_cannot_be_met_safely",),
    }
)

DUTIES: Final = MappingProxyType[CandidateType, tuple[Duty, ...]](
    {
        "ABUSE_OR_ALLEGATION": ("cqc", "safeguarding"),
        "SERIOUS_INJURY": ("cqc", "duty_of_candour"),
        "DEATH": ("cqc", "duty_of_candour"),
        "POLICE": ("cqc",),
        "EVENT_STOPS_SERVICE": ("cqc", "contract"),
    }
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What an alert of a kind means by itself.

    `candidate` is the notification it raises at once, `gates` are shown beside those of the type. With
    `opens`, harm recorded later makes it a serious injury, and a safeguarding concern raised later an
    allegation of abuse.
    """

    reason: str
    candidate: CandidateType | None = None
    gates: tuple[str, ...] = ()
    duties: tuple[Duty, ...] = ()
    opens: bool = False
    incident: str | None = None


_OF_CARE = "Care was delivered or is being delivered: a matter for the KPI and the exceptions only."
_POLICE = "An incident was reported to, or is investigated by, the police."
_OUTAGE = "An outage threatens to stop the service running safely."
_STAFFING = "Too few staff threaten to stop the service running safely."

MEANINGS: Final = MappingProxyType[str, Meaning](
    {
        "late_visit": Meaning(_OF_CARE),
        "short_visit": Meaning(_OF_CARE),
        "overrun": Meaning(_OF_CARE),
        "medication_missed": Meaning("A medication error is notified only where it did harm.", opens=True),
        "medication_error": Meaning("A medication error is notified only where it did harm.", opens=True),
        "fall_no_injury": Meaning("A fall without injury is not notified.", opens=True),
        "fall_with_injury": Meaning("A fall with injury was reported.", "SERIOUS_INJURY"),
        "injury": Meaning("An injury was reported.", "SERIOUS_INJURY"),
        "pressure_damage": Meaning(
            "Pressure damage was reported.", "SERIOUS_INJURY", gates=("pressure_category_3_or_above",)
        ),
        "safeguarding_concern": Meaning(
            "A safeguarding concern was raised: an allegation is enough.", "ABUSE_OR_ALLEGATION"
        ),
        "alleged_abuse_by_service_user": Meaning(
            "The client is alleged to have abused somebody: an allegation is enough.", "ABUSE_OR_ALLEGATION"
        ),
        "police_called": Meaning(_POLICE, "POLICE", opens=True),
        "crime": Meaning(_POLICE, "POLICE", opens=True),
        "theft": Meaning(_POLICE, "POLICE", opens=True),
        "no_reply": Meaning(
            "Nobody answered and it is not known where the client is: not a missed visit.",
            gates=("outcome_recorded",),
            duties=("contract",),
            opens=True,
        ),
        "client_absent_known": Meaning("The client was known to be elsewhere."),
        "hospital_admission": Meaning("The client was admitted to hospital.", duties=("contract",), opens=True),
        "death_found": Meaning("The client was found dead.", "DEATH"),
        "death_reported": Meaning("The client's death was reported.", "DEATH"),
        "staff_shortage": Meaning(_STAFFING, "EVENT_STOPS_SERVICE", incident="staffing"),
        "visits_uncovered": Meaning(_STAFFING, "EVENT_STOPS_SERVICE", incident="staffing"),
        "premises_outage": Meaning(_OUTAGE, "EVENT_STOPS_SERVICE", incident="premises"),
        "it_outage": Meaning(_OUTAGE, "EVENT_STOPS_SERVICE", gates=("lasted_longer_than_24_hours",), incident="it"),
        "utility_outage": Meaning(
            _OUTAGE, "EVENT_STOPS_SERVICE", gates=("lasted_longer_than_24_hours",), incident="utility"
        ),
        "carer_injured": Meaning("A carer was injured: notified only if the police are involved.", duties=("riddor",)),
        "lone_worker_sos": Meaning("A carer called for help: notified only if the police are involved."),
        "environment_hazard": Meaning("A hazard in the home was reported.", opens=True),
        "equipment_hazard": Meaning("A hazard from equipment was reported.", opens=True),
    }
)

STAFFING_CAUSES: Final = frozenset(
    {"staffing", "staff_shortage", "no_cover", "no_rostered_cover", "sickness", "mass_sickness", "agency_failure"}
)


def cause_code(cause: str) -> str:
    """Return a cause in the one spelling in which causes are compared: `Mass sickness` is `mass_sickness`."""
    return "_".join(cause.casefold().replace("-", " ").replace("_", " ").split())
