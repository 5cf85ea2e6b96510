"""Codes in the words of home care, for people who read the pages. An unknown code is shown readable as it is."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

STATUSES: Final = MappingProxyType(
    {
        "due": "Due",
        "late": "Late",
        "in_progress": "In progress",
        "end_unknown": "Came; end not known",
        "presumed_missed": "Presumed missed",
        "missed": "Missed",
        "done": "Done",
        "done_late": "Done, late",
        "cancelled": "Cancelled",
    }
)
GRADES: Final = MappingProxyType(
    {
        "proven": "Proven: a tag that cannot be copied was tapped",
        "corroborated": "Corroborated: tag or card of this client, and the phone was there",
        "located": "Located: the phone was at the address",
        "tagged": "Tagged: tag or card of this client, location not known",
        "uncertain": "Uncertain: the location does not settle it",
        "declared": "Declared: entered by hand with a reason",
        "contradicted": "Contradicted: the evidence speaks against it",
    }
)
DOUBTS: Final = MappingProxyType(
    {
        "outside_fence": "The phone was outside the fence around the address.",
        "location_indeterminate": "The fix is too vague to say whether the phone was inside the fence.",
        "location_withheld": "The location was taken and not shown.",
        "no_fence": "The client's address has no fence.",
        "mock_location": "The phone said that its location was simulated.",
        "stale_fix": "The fix was more than two minutes old.",
        "coarse_fix": "The fix was vaguer than 100 metres.",
        "no_accuracy": "The phone did not say how accurate the fix was.",
        "tag_unknown": "The tag or card is not known.",
        "tag_signature_bad": "The link of the tag or card is not signed by the provider.",
        "tag_other_client": "The tag or card belongs to another client.",
        "tag_replay": "The tap of the tag had been used before.",
        "manual_reason": "The carer gave a reason instead of, or beside, evidence.",
        "unknown_client": "The client is not known to the provider.",
        "unknown_carer": "The carer is not known to the provider.",
        "carer_not_device_owner": "The phone belongs to another carer.",
        "clock_skew": "The phone's clock was wrong; the time was estimated.",
        "sequence_gap": "Check-ins of this phone before this one have not arrived.",
        "chain_broken": "This check-in does not follow from the phone's one before.",
        "late_upload": "The check-in was sent long after it was made.",
        "attached_by_office": "The phone named no client that there is; the office said whose home this was.",
        "client_from_tag": "The phone named a client that there is not; the tag or card told whose home this was.",
        "disclosure_not_signed": "A location came along that the phone had not signed; it was not kept.",
        "location_in_clear": "The location was not sealed as it should be, and was not used.",
        "memo_cut": "The memo was longer than 500 characters; it is cut here and whole in the signed message.",
        "no_evidence": "There was neither location nor tag nor reason.",
        "short_salt": "The location is sealed so weakly that it might be guessed back after it was deleted.",
        "unreadable_accuracy_basis": "What the phone means by accuracy is not known; the vaguest was taken.",
        "unreadable_body": "Nothing in the message could be read.",
        "unreadable_carer": "The carer’s code could not be read; the one whose phone it is was taken.",
        "unreadable_client": "The client’s code could not be read.",
        "unreadable_direction": "Whether it was an arrival or a departure could not be read.",
        "unreadable_evidence": "Some of the evidence could not be read.",
        "unreadable_fix": "The location could not be used: there was no true position in it.",
        "unreadable_fix_age": "How old the fix was could not be read.",
        "unreadable_id": "The check-in’s own id could not be read; it was given one.",
        "unreadable_memo": "The memo could not be read, or only in part.",
        "unreadable_mock": "Whether the location was simulated could not be read.",
        "unreadable_previous": "Which check-in came before could not be read.",
        "unreadable_reason": "The reason could not be read.",
        "unreadable_sequence": "The check-in’s number could not be read.",
        "unreadable_time": "The time could not be read.",
        "unreadable_version": "The message is of a version that is not known; it was read as far as possible.",
        "unreadable_visit": "The visit that the phone named could not be read.",
    }
)
EXCEPTIONS: Final = MappingProxyType(
    {
        "no_in": "No check-in on arrival",
        "no_out": "No check-out on leaving",
        "times_reversed": "Left before arriving",
        "second_carer_missing": "A carer is missing",
        "unknown_carer": "Carer not known",
        "unknown_client": "Client not known",
        "unscheduled": "Not on the roster",
        "duplicate": "Checked in or out more than once",
        "outside_fence": "Outside the fence",
        "location_indeterminate": "Location not clear",
        "location_withheld": "Location withheld",
        "mock_location": "Simulated location",
        "carer_not_device_owner": "Another carer's phone",
        "clock_skew": "Phone clock was wrong",
        "tag_unknown": "Unknown tag or card",
        "tag_signature_bad": "Tag or card not genuine",
        "tag_other_client": "Another client's tag or card",
        "tag_replay": "Tap used before",
        "manual": "Entered by hand",
        "too_short": "Shorter than half the plan",
        "too_long": "Much longer than planned",
        "late": "Arrived late",
        "early": "Arrived early",
        "carer_replaced": "A carer not on the roster came",
        "perfect_times": "Entered by hand exactly as planned",
        "paused": "Left and came back",
        "handed_over": "One carer took over from another",
        "looking_on": "More carers than the visit needs",
        "shared_stay": "One stay for two visits",
        "cancelled_but_attended": "Cancelled, but a carer came",
        "amended_against_check_in": "Typed time differs from the check-in",
        "overlapping_stays": "Twice at one client at one time",
        "two_homes_at_once": "In two homes at one time",
        "phone_in_two_homes": "The phone was in two homes at one time",
        "double_planned": "Planned for two visits at one time",
        "sequence_reversed": "The phone's counter and clock disagree about what came first",
        "attached_by_office": "The office said whose call it was",
        "client_from_tag": "The tag told whose home it was",
        "disclosure_not_signed": "A location that was not signed",
        "location_in_clear": "Location not sealed",
        "memo_cut": "Memo cut",
        "no_evidence": "No evidence at all",
        "short_salt": "Location weakly sealed",
        "unreadable_accuracy_basis": "Meaning of accuracy not known",
        "unreadable_body": "Message could not be read",
        "unreadable_carer": "Carer’s code could not be read",
        "unreadable_client": "Client’s code could not be read",
        "unreadable_direction": "Arrival or departure could not be read",
        "unreadable_evidence": "Evidence could not be read",
        "unreadable_fix": "Location could not be used",
        "unreadable_fix_age": "Age of the fix could not be read",
        "unreadable_id": "Check-in had no id",
        "unreadable_memo": "Memo could not be read",
        "unreadable_mock": "Simulated or not could not be read",
        "unreadable_previous": "Check-in before could not be read",
        "unreadable_reason": "Reason could not be read",
        "unreadable_sequence": "Check-in’s number could not be read",
        "unreadable_time": "Time could not be read",
        "unreadable_version": "Message of another version",
        "unreadable_visit": "Visit’s code could not be read",
    }
)
ADVICE: Final = MappingProxyType(
    {
        "paused": "Ask the carer why if it is not known; the time away is not counted.",
        "handed_over": "Check that the second carer was meant to take over; the time of both counts once.",
        "looking_on": "If this carer was there to learn or to supervise, say so; if it should count, plan it.",
        "shared_stay": "Check that both visits were carried out; the time was shared between them, none of it twice.",
        "cancelled_but_attended": "Find out which is true. If care was given, take the cancellation off the roster.",
        "amended_against_check_in": "Check the typed time. If the check-in is right, withdraw the amendment.",
        "overlapping_stays": "Find out which of the two is true, and amend the times of the other.",
        "two_homes_at_once": "Ask the carer where they were, and amend the visit whose times are wrong.",
        "phone_in_two_homes": "Find out who had the phone. Another carer must not check in with it.",
        "double_planned": "Give one of the two visits to another carer, or to another time.",
        "sequence_reversed": "Ask the carer which came first, and whether the phone's clock was changed.",
    }
)
REASONS: Final = MappingProxyType(
    {
        "NO_IN": "The carer did not check in",
        "NO_OUT": "The carer did not check out",
        "NO_CALLS": "The carer checked neither in nor out",
        "DEVICE_FAULT": "The phone was faulty",
        "NO_SIGNAL_OFFLINE": "No signal",
        "TAG_MISSING_OR_DAMAGED": "Tag or card missing or damaged",
        "CLIENT_REFUSED_TAG_OR_LOCATION": "The client refused the tag or location",
        "WRONG_CLIENT_SELECTED": "The wrong client was chosen",
        "CARER_REPLACED": "Another carer went",
        "CARER_LATE": "The carer was late",
        "CARER_EARLY": "The carer was early",
        "CLIENT_ASKED_TIME": "The client asked for another time",
        "CLIENT_EMERGENCY": "An emergency of the client",
        "EXTENDED_NEED": "The client needed more time",
        "SCHEDULE_ERROR": "The roster was wrong",
        "WEATHER_TRAVEL": "Weather or travel",
        "ALTERNATE_LOCATION": "The visit was somewhere else",
        "OTHER_WITH_MEMO": "Another reason (say which)",
    }
)
OUTCOMES: Final = MappingProxyType(
    {
        "missed_provider": "Missed by the provider",
        "no_reply": "No reply",
        "not_rostered": "Not on the roster",
        "planned": "Not begun yet",
        "in_progress": "In progress",
        "second_carer_missing": "Second carer missing",
        "cancelled_in_notice": "Cancelled in good time",
        "cancelled_short_notice": "Cancelled at short notice",
        "planned_in_error": "Planned in error",
    }
)
CANDIDATE_TYPES: Final = MappingProxyType(
    {
        "ABUSE_OR_ALLEGATION": "Abuse, or an allegation of abuse",
        "SERIOUS_INJURY": "Serious injury",
        "DEATH": "Death of a person using the service",
        "POLICE": "Incident reported to the police",
        "EVENT_STOPS_SERVICE": "Event that stops, or may stop, the service",
    }
)
GATES: Final = MappingProxyType(
    {
        "hcp_opinion": "the opinion of a health care professional",
        "regulated_activity_link": "whether the death is linked to how the regulated activity was carried on",
        "circumstances_described": "the circumstances of the death",
        "bears_on_health_safety_or_welfare": "that it bears on the health, safety or welfare of a client",
        "assessed_needs_cannot_be_met_safely": "that assessed needs cannot be met safely",
        "harm_or_concern_or_second_adult": "harm, a safeguarding concern, or a second adult affected",
        "pressure_category_3_or_above": "that the pressure damage is of category 3 or above",
        "lasted_longer_than_24_hours": "that it lasted longer than 24 hours",
        "outcome_recorded": "what came of it",
    }
)
SOURCES: Final = MappingProxyType(
    {
        "alert:watcher": "Alert raised because nobody checked in",
        "alert:office": "Alert raised by the office",
        "alert:phone": "Alert signed by a carer’s phone",
        "fact:welfare_contact": "Welfare contact",
        "fact:harm": "Harm",
        "fact:safeguarding_raised": "Safeguarding concern raised",
        "fact:hcp_opinion": "Opinion of a health care professional",
        "fact:cause": "Cause found",
    }
)
HOMELESS: Final = MappingProxyType(
    {
        "no_client": "It names no client.",
        "unknown_client": "There is no client of this code.",
        "unreadable_direction": "Whether the carer came or left could not be read.",
        "unreadable_time": "Its time could not be read.",
        "impossible_time": "No visit can have been at its time.",
    }
)
DIRECTIONS: Final = MappingProxyType({"in": "Arrived", "out": "Left", "unknown": "Arrived or left"})
REFUSALS: Final = MappingProxyType(
    {
        "bad_signature": "The signature is not that of the phone which the message names.",
        "revoked_device": "The phone is revoked.",
        "too_large": "The message is far too long.",
        "unreadable": "It is no signed check-in at all.",
        "unstorable": "The database could not hold it.",
        "wrong_type": "It is a message of another kind.",
    }
)
REMEDIES: Final = MappingProxyType(
    {
        "bad_signature": "Ring the carer and type the times into the visit. If it goes on, enrol the phone again, and "
        "revoke it if it may be lost or copied.",
        "revoked_device": "If the carer still has the phone, enrol it again, and type the times into the visit. If it "
        "is lost or stolen, somebody uses it: tell whoever looks after the carers’ safety.",
        "too_large": "Ring the carer, type the times into the visit, and have the app brought up to date.",
        "unreadable": "Ring the carer, type the times into the visit, and have the app brought up to date.",
        "unstorable": "Type the times into the visit, and tell whoever runs this service.",
        "wrong_type": "Have the app brought up to date, and ask the carer what was to be sent.",
    }
)
EVIDENCE: Final = MappingProxyType({"gps": "location", "nfc": "NFC tag", "qr": "QR card", "manual": "by hand"})
ROLES: Final = MappingProxyType(
    {
        "coordinator": "Coordinator",
        "registered_manager": "Registered manager",
        "council_officer": "Council officer",
        "operator": "Operator",
    }
)


FLAGS: Final = MappingProxyType(
    {
        **EXCEPTIONS,
        "under_half": "Less than half was delivered",
        "unscheduled": "Not commissioned",
        "above_last_band": "Longer than the last band",
        "capped": "More than can be paid",
        "amended": "Amended",
        "wrong_contract_dates": "Not bought on this day",
        "made_good_late": "Made good after it was missed",
        "grade_not_paid": "Evidence not paid",
        "presence_not_shown": "Presence not shown",
        "impossible_times": "Left before arriving",
        "no_times": "No times",
        "unknown_outcome": "No rule for this outcome",
        "carer_was_late": "The carer was late",
        "no_planned_start": "Had no planned time",
    }
)


def flag_words(flag: str) -> str:
    """Return the words for a flag of a line; some carry a number of minutes, as in `banded_above_actual:6`."""
    kind, _, number = flag.partition(":")
    if kind == "banded_above_actual":
        return f"Banded {number} min above what was delivered"
    return words(kind, FLAGS) + (f" ({number})" if number else "")


def words(code: str | None, names: Mapping[str, str]) -> str:
    """Return the words for a code, or the code itself made readable; nothing for None."""
    if code is None:
        return ""
    return names.get(code) or code.replace("_", " ").capitalize()
