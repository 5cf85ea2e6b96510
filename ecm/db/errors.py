"""What can go wrong with the database, in the service's own words rather than the driver's."""

import asyncpg

_KINDS: dict[type[asyncpg.PostgresError], str] = {
    asyncpg.UniqueViolationError: "unique",
    asyncpg.ForeignKeyViolationError: "foreign_key",
    asyncpg.CheckViolationError: "check",
    asyncpg.ExclusionViolationError: "exclusion",
    asyncpg.NotNullViolationError: "not_null",
}
_UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.PostgresSystemError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InternalClientError,
    TimeoutError,
)
_CONFLICTS = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
_TIMEOUTS = (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)


class DatabaseError(Exception):
    """Any failure that the gate to the database has recognised."""


class ConstraintViolated(DatabaseError):
    """A row broke a named constraint; the services turn the name into an answer.

    `name` is the constraint as the migrations spell it (``check_ins_pkey``), or for NOT NULL, which
    PostgreSQL reports by column, ``<table>.<column>``. `kind` is one of unique, foreign_key, check,
    exclusion and not_null. `detail` is the server's sentence with the values: keep it out of logs and
    answers.
    """

    def __init__(self, name: str, kind: str, detail: str | None = None) -> None:
        super().__init__(f"{kind} constraint {name} is violated")
        self.name = name
        self.kind = kind
        self.detail = detail


class DatabaseUnavailable(DatabaseError):
    """The server cannot be reached, is starting or shutting down, takes no writes, or the connection broke.

    `outcome_unknown` is true when the connection broke while COMMIT was under way, or its synchronous standbys
    did not confirm it: the work may have been done, and only a repeatable (idempotent) caller may try again.
    """

    def __init__(self, message: str, *, outcome_unknown: bool = False) -> None:
        super().__init__(message)
        self.outcome_unknown = outcome_unknown


class TransactionConflicted(DatabaseError):
    """The transaction lost against another (serialization failure or deadlock) and did nothing."""


class StatementTimedOut(DatabaseError):
    """A statement or a wait for a lock took longer than allowed; the transaction did nothing."""


class UnsafeDatabase(DatabaseError):
    """The server or the role would break a promise of the service, which therefore refuses to serve.

    `reasons` are sentences for the operator, one a fault.
    """

    def __init__(self, reasons: tuple[str, ...]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = reasons


class MigrationRefused(DatabaseError):
    """The migrations on disk and those applied disagree, or a file is misnamed."""


class ServerFailed(DatabaseError):
    """The embedded server did not start or stop; the message ends with the last lines of its log."""


def translated(error: Exception, *, outcome_unknown: bool, connection_lost: bool) -> DatabaseError | None:
    """Give the domain error that a driver's `error` means, or None when it is nobody's business but a bug.

    `connection_lost` says that the connection is closed by now, which turns the driver's complaints
    (InterfaceError) and the system's (OSError) into unavailability. InternalClientError is what the driver says
    when the server's farewell came between two statements, TimeoutError when it said nothing. A server that
    refuses to write is a standby, or the primary no longer: another one has to be found.
    """
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return _constraint_violated(error)
    if isinstance(error, _CONFLICTS):
        return TransactionConflicted(str(error))
    if isinstance(error, _TIMEOUTS):
        return StatementTimedOut(str(error))
    lost = connection_lost and isinstance(error, asyncpg.InterfaceError | OSError)
    if lost or isinstance(error, _UNAVAILABLE):
        return DatabaseUnavailable(f"{type(error).__name__}: {error}", outcome_unknown=outcome_unknown)
    return None


def _constraint_violated(error: asyncpg.IntegrityConstraintViolationError) -> ConstraintViolated:
    kind = next((kind for known, kind in _KINDS.items() if isinstance(error, known)), "integrity")
    name = error.constraint_name or f"{error.table_name}.{error.column_name}"
    return ConstraintViolated(name, kind, error.detail)
