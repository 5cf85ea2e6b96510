"""Each table has one writer, and its readers are known: a room that wants more asks the owner's service."""

import re
from collections import defaultdict
from pathlib import Path

_ECM = Path(__file__).parent.parent.parent / "ecm"
_WRITES = re.compile(r"\b(?:INSERT\s+INTO|UPDATE|DELETE\s+FROM)\s+(\w+)")
_READS = re.compile(r"\b(?:FROM|JOIN|USING)\s+(\w+)")

# Table: the room that writes it, and the other rooms that read it. A new reader is a new tie between two rooms: ask
# whether the owner's service should answer instead.
TABLES: dict[str, tuple[str, set[str]]] = {
    "accounts": ("accounts", set()),
    "acknowledgements": ("visits", set()),
    "alert_facts": ("alerts", {"notifications"}),
    "alerts": ("alerts", {"notifications"}),
    "amendment_withdrawals": ("visits", set()),
    "amendments": ("visits", {"care"}),
    "api_tokens": ("accounts", set()),
    "audit_events": ("audit", set()),
    "branches": ("care", {"alerts"}),
    "candidates": ("notifications", set()),
    "carers": ("care", {"alerts", "intake", "visits"}),
    "check_in_conflicts": ("intake", set()),
    "check_in_homes": ("intake", {"visits"}),
    "check_in_locations": ("intake", set()),
    "check_ins": ("intake", {"audit", "visits"}),
    "claims": ("visits", set()),
    "client_identities": ("care", set()),
    "clients": ("care", {"alerts", "intake", "notifications", "visits"}),
    "commissions": ("care", {"notifications", "payments", "visits"}),
    "contracts": ("care", {"payments"}),
    "contradictions": ("visits", {"payments"}),
    "councils": ("care", {"payments"}),
    "devices": ("phones", {"audit"}),
    "enrolments": ("phones", set()),
    "fences": ("care", {"intake"}),
    "fold_requests": ("intake", {"alerts"}),
    "import_changes": ("care", set()),
    "import_mappings": ("care", set()),
    "imports": ("care", set()),
    "log_entries": ("audit", set()),
    "log_heads": ("audit", set()),
    "planned_visit_versions": ("care", set()),
    "planned_visits": ("care", {"intake", "visits"}),
    "provider_keys": ("care", {"intake"}),
    "providers": ("care", {"alerts", "intake", "payments"}),
    "reference_versions": ("db", set()),
    "refusals": ("intake", set()),
    "rehearsal_clock": ("process", set()),
    "schema_migrations": ("db", set()),
    "service_events": ("audit", set()),
    "sessions": ("accounts", set()),
    "signature_failures": ("audit", set()),
    "tags": ("care", {"intake"}),
    "uprns": ("care", set()),
    "visits": ("visits", {"alerts", "care", "notifications", "payments"}),
}


def _rooms_by_table(pattern: re.Pattern[str]) -> dict[str, set[str]]:
    """Which rooms' query files name a table in this way."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for path in _ECM.rglob("*.sql"):
        if path.parent.name == "migrations" or path.name == "schema.sql":
            continue
        room = path.relative_to(_ECM).parts[0]
        for table in pattern.findall(re.sub(r"--.*", "", path.read_text(encoding="utf-8"))):
            found[table].add(room)
    return found


def test_the_list_names_every_table():
    schema = (_ECM / "db" / "schema.sql").read_text(encoding="utf-8")
    assert set(re.findall(r"CREATE TABLE public\.(\w+)", schema)) == set(TABLES)


def test_each_table_has_one_writer():
    written = _rooms_by_table(_WRITES)
    assert {table: written[table] for table in TABLES} == {table: {writer} for table, (writer, _) in TABLES.items()}


def test_each_tables_readers_are_known():
    read = _rooms_by_table(_READS)
    assert {table: read[table] - {writer} for table, (writer, _) in TABLES.items()} == {
        table: readers for table, (_, readers) in TABLES.items()
    }


def test_no_python_file_holds_sql():
    statement = re.compile(r"[\"'](?:SELECT|INSERT INTO|UPDATE|DELETE FROM)\s", re.IGNORECASE)
    found = [str(path.relative_to(_ECM)) for path in _ECM.rglob("*.py") if statement.search(path.read_text("utf-8"))]
    assert found == []
