"""The carers' phones: enrolment with a one-time code, the list of phones, revocation."""
