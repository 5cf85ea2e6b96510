"""What was signed, decided or written down cannot be changed through the service, by rights and not by good manners."""

import asyncpg
import pytest

WRITTEN_ONCE = (
    "check_ins",
    "check_in_conflicts",
    "log_entries",
    "amendments",
    "amendment_withdrawals",
    "acknowledgements",
    "audit_events",
    "service_events",
)


@pytest.mark.parametrize("role", ["ecm_service", "ecm_intake"])
async def test_promise_4_no_role_that_serves_can_rewrite_what_was_signed(superuser: asyncpg.Connection, role: str):
    for table in WRITTEN_ONCE:
        assert not await superuser.fetchval("SELECT has_any_column_privilege($1, $2, 'UPDATE')", role, table)
        assert not await superuser.fetchval("SELECT has_table_privilege($1, $2, 'DELETE, TRUNCATE')", role, table)
    for what in ("UPDATE", "INSERT"):
        may = await superuser.fetchval("SELECT has_any_column_privilege($1, 'check_in_locations', $2)", role, what)
        assert may == (what == "INSERT" and role == "ecm_intake")
