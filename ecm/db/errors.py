"""What can go wrong with the database, in the service's own words rather than the driver's."""


class DatabaseError(Exception):
    """Any failure that the gate to the database has recognised."""


class ConstraintViolated(DatabaseError):
    """A row broke a named constraint; the services turn the name into an answer.

    `name` is the constraint as the migrations spell it (``check_ins_pkey``), or for NOT NULL, which
    PostgreSQL reports by column, ``<table>.<column>``. `kind` is one of unique, foreign_key, check, exclusion, not_null.
    """

    def __init__(self, name: str, kind: str, detail: str | None = None) -> None:
        super().__init__(f"{kind} constraint {name} is violated")
        self.name = name
        self.kind = kind
        self.detail = detail


class DatabaseUnavailable(DatabaseError):
    """The server cannot be reached, is starting, is shutting down, or the connection broke.

    `outcome_unknown` is true when the connection broke while COMMIT was under way: the work may
    have been done.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown


class TransactionConflicted(DatabaseError):
    """The transaction lost against another (serialization failure or deadlock) and did nothing."""


class StatementTimedOut(DatabaseError):
    """A statement ran longer than its timeout, or waited too long for a lock; the transaction did nothing."""


class UnsafeDatabase(DatabaseError):
    """The server or the role would break a promise of the service, which therefore refuses to serve.

    `reasons` are sentences for the operator, one a fault.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__("; ".join(reasons))
        self.reasons = reasons


class MigrationRefused(DatabaseError):
    """The migrations on disk and those applied disagree, or a file is misnamed."""


class ServerFailed(DatabaseError):
    """The embedded server did not start or stop; the message ends with the last lines of its log."""
