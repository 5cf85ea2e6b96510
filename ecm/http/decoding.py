"""JSON from outside, read as the message type it should be."""

from typing import TypeVar

import msgspec

from ecm.words.problems import MALFORMED

S = TypeVar("S")


def decode_json(body: bytes, shape: type[S]) -> S:
    """Read JSON as the message type `shape`; raises the `malformed` problem saying what is wrong where."""
    try:
        return msgspec.json.decode(body, type=shape)
    except msgspec.ValidationError as error:
        raise MALFORMED.because(f"The message does not have the expected form: {error}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MALFORMED.because(f"The body is not JSON in UTF-8: {error}.") from None
    except RecursionError:
        raise MALFORMED.because("The body is nested too deeply.") from None
