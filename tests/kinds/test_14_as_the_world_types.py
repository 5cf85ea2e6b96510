"""Kind 14, the world as it types: files as spreadsheets and other systems save them go in at the first try."""

import asyncio
import io
import json
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

import openpyxl
import pytest
from aiohttp import FormData
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.arranging import Arranged, at
from tests.web.browsing import Browser, Page
from tests.web.conftest import browser, client, clock, office  # noqa: F401 - fixtures

NOVEMBER = date(2026, 11, 25)
# As a British Excel saves "CSV (Comma delimited)": Windows-1252, CRLF, the region's dates, and a comma behind each line
# for a column that was used once.
BRITISH_EXCEL = (
    b"visit,client,start,minutes,carers,\r\n"
    b"V-1,C-1,25/11/2026 08:00,30,W-001,\r\n"
    b"V-2,C-2,25/11/2026 12:30,45,W-001;W-002,\r\n"
    b"V-3,C-1,13/12/2026 19:00,30.0,,\r\n"
)


@pytest.fixture
async def town(office: Browser) -> Browser:  # noqa: F811
    arranged = office.arranged
    for carer in ("W-001", "W-002"):
        await arranged.carer(carer)
    for code in ("C-1", "C-2", "0012", "3-1"):
        await arranged.client(code)
    return office


def form(content: bytes, name: str = "roster.csv", **fields: str) -> FormData:
    made = FormData()
    for field, value in {"kind": "roster", **fields}.items():
        made.add_field(field, value)
    made.add_field("file", io.BytesIO(content), filename=name, content_type="application/octet-stream")
    return made


async def check(who: Browser, content: bytes, name: str = "roster.csv", **fields: str) -> Page:
    return await who.send("/imports", form(content, name, **fields))


async def press(who: Browser, page: Page, button: str) -> Page:
    """Send a form of a page as a browser does: its hidden fields, and of each choice the one that is made."""
    forms = re.findall(r"<form[^>]*>.*?</form>", page.source, re.DOTALL)
    (source,) = [each for each in forms if button in each]
    made = FormData()
    for name, value in re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', source):
        made.add_field(name, value, content_type="text/plain")
    for name, options in re.findall(r'<select [^>]*name="([^"]+)"[^>]*>(.*?)</select>', source, re.DOTALL):
        chosen = re.search(r'value="([^"]*)" selected', options)
        made.add_field(name, chosen[1] if chosen else "", content_type="text/plain")
    return await who.send("/imports", made)


async def post(who: Browser, path: str, body: bytes, content_type: str = "text/csv") -> tuple[int, dict[str, Any]]:
    headers = {"Origin": who.origin, "Content-Type": content_type}
    async with who.client.post(path, data=body, headers=headers, cookies=who.cookie) as answer:
        return answer.status, await answer.json()


async def dry(who: Browser, body: bytes | str, kind: str = "roster", query: str = "") -> dict[str, Any]:
    content = body.encode() if isinstance(body, str) else body
    status, report = await post(who, f"/v1/imports/{kind}?dry_run=true{query}", content)
    assert status == 200, report
    return report


async def planned(arranged: Arranged) -> dict[str, tuple[datetime, int, list[str]]]:
    rows = await arranged.rows("planned_visits")
    return {row["visit"]: (row["start_at"], row["minutes"], row["carers"]) for row in rows}


EXPECTED = {
    "V-1": (at("08:00", NOVEMBER), 30, ["W-001"]),
    "V-2": (at("12:30", NOVEMBER), 45, ["W-001", "W-002"]),
    "V-3": (at("19:00", date(2026, 12, 13)), 30, []),
}


async def test_a_roster_saved_by_a_british_excel_goes_in_at_the_first_try(town: Browser):
    checked = await check(town, BRITISH_EXCEL)
    assert checked.status == 200
    assert "3 read 3 new 0 changed 0 unchanged 0 rejected" in checked.words
    assert "Dates were read as day/month/year." in checked.words
    stored = await press(town, checked, "Store it")
    assert "The file is stored (roster): 3 new, 0 changed." in stored.words
    assert await planned(town.arranged) == EXPECTED


@dataclass(frozen=True)
class Saved:
    """How a program writes a table down."""

    encoding: str
    separator: str
    newline: str
    day: str
    clock: str
    minutes: str
    says_separator: bool
    trailing: int
    blank_lines: bool
    quotes_all: bool
    shuffled: int

    def text(self, rows: Sequence[Sequence[str]]) -> str:
        lines = [f"sep={self.separator}"] if self.says_separator else []
        for number, row in enumerate(rows):
            cells = [*row[self.shuffled :], *row[: self.shuffled], *[""] * self.trailing]
            quoted = [f'"{cell}"' if self.quotes_all or self.separator in cell else cell for cell in cells]
            lines += [self.separator.join(quoted), *([""] if self.blank_lines and number else [])]
        return self.newline.join(lines) + self.newline

    def rows(self) -> list[list[str]]:
        def start(day: date, hour: int, minute: int) -> str:
            return f"{day.strftime(self.day)} {time(hour, minute).strftime(self.clock)}"

        return [
            ["visit", "Client", "start", "MINUTES", "carers", "cancelled"],
            ["V-1", "C-1", start(NOVEMBER, 8, 0), self.minutes.format(30), "W-001", ""],
            ["V-2", "C-2", start(NOVEMBER, 12, 30), self.minutes.format(45), "W-001;W-002", ""],
            ["V-3", "C-1", start(date(2026, 12, 13), 19, 0), self.minutes.format(30), "", "Client refused"],
        ]

    def body(self) -> bytes:
        return self.text(self.rows()).encode(self.encoding)


SAVED = st.builds(
    Saved,
    encoding=st.sampled_from(["cp1252", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"]),
    separator=st.sampled_from([",", ";", "\t"]),
    newline=st.sampled_from(["\r\n", "\n", "\r"]),
    day=st.sampled_from(["%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%d-%b-%Y", "%d.%m.%Y", "%d %B %Y", "%a %d/%m/%Y"]),
    clock=st.sampled_from(["%H:%M", "%H:%M:%S", "%I:%M %p"]),
    minutes=st.sampled_from(["{}", "{}.0", "{} mins", "0:{}", "00:{}:00"]),
    says_separator=st.booleans(),
    trailing=st.integers(0, 3),
    blank_lines=st.booleans(),
    quotes_all=st.booleans(),
    shuffled=st.integers(0, 5),
)


async def test_however_a_program_saves_a_roster_the_same_is_read(town: Browser):
    drawn: list[Saved] = []

    @settings(max_examples=60)
    @given(SAVED)
    def draw(saved: Saved) -> None:
        drawn.append(saved)

    await asyncio.to_thread(draw)
    status, _ = await post(town, "/v1/imports/roster", drawn[0].body())
    assert status == 200
    for saved in drawn:
        report = await dry(town, saved.body())
        assert (report["unchanged"], report["rejected"], report["new"]) == (3, [], 0), saved


AMBIGUOUS = [
    ("25/11/2026 08:00", "11/26/2026 08:00", False, "contradict"),
    ("03/04/2026 08:00", "05/06/2026 08:00", True, "day/month/year"),
    ("03/04/2026 08:00", "04/26/2026 08:00", True, "month/day/year"),
    ("2026-11-25T08:00", "26/11/2026 08:00", True, "day/month/year"),
]


@pytest.mark.parametrize(("one", "other", "is_read", "said"), AMBIGUOUS)
async def test_only_dates_that_contradict_each_other_are_refused(
    town: Browser, one: str, other: str, is_read: bool, said: str
):
    page = await check(town, f"visit,client,start,minutes,carers\nV-1,C-1,{one},30,\nV-2,C-1,{other},30,\n".encode())
    assert (page.status, said in page.words) == (200 if is_read else 422, True)


async def test_all_three_mistakes_of_a_row_are_told_each_with_its_column(town: Browser):
    report = await dry(town, "visit,client,start,minutes,carers\nV 1,C-9,32/11/2026 08:00,half,W-009\nV-2,C-1,x,30,\n")
    assert [(each["line"], each["column"]) for each in report["rejected"]] == [
        (2, "carers"),
        (2, "client"),
        (2, "minutes"),
        (2, "start"),
        (2, "visit"),
        (3, "start"),
    ]
    assert (report["rejected_rows"], report["rejected_total"]) == (2, 6)


CLIENTS = "client,branch,council,latitude,longitude,easting,northing\n"
HERTFORD = "51.80,-0.08,,"
LOOKS_LIKE = [
    ("12", "0012"),
    ("00012", "0012"),
    ("12.0", "0012"),
    ("03-Jan", "3-1"),
    ("01-Mar", "3-1"),
    ("Jan-03", "3-1"),
    ("3/1", "3-1"),
    ("03-01", "3-1"),
    ("c-1", "C-1"),
    ("C1", "C-1"),
    ("C-01", "C-1"),
    ("c.1", "C-1"),
    ("C-l", "C-1"),
]


@pytest.mark.parametrize(("code", "stored"), LOOKS_LIKE)
async def test_a_new_client_that_looks_like_a_stored_one_is_warned_of_and_not_refused(
    town: Browser, code: str, stored: str
):
    page = await town.send("/imports", form(f"{CLIENTS}{code},L1,E10000015,{HERTFORD}\n".encode(), kind="clients"))
    assert page.status == 200
    assert f"{code} is new, and looks like {stored}." in page.words
    assert "Store it" in page.words


async def test_a_code_that_looks_like_no_other_is_not_warned_of(town: Browser):
    rows = "".join(f"{code},L1,E10000015,{HERTFORD}\n" for code in ("C-3", "C-11", "X-1", "0013", "3-2", "C-1"))
    assert (await dry(town, CLIENTS + rows, "clients"))["warnings"] == []


async def test_codes_of_one_file_that_look_alike_are_warned_of_for_carers_and_visits_too(town: Browser):
    assert (await dry(town, "carer,branch\nw-001,L1\nN-7,L1\nn7,L1\n", "carers"))["warnings_total"] == 2
    roster = "visit,client,start,minutes,carers\nV-1,C-1,25/11/2026 08:00,30,\nv1,C-1,25/11/2026 12:00,30,\n"
    (warned,) = (await dry(town, roster))["warnings"]
    assert (warned["line"], "V-1" in warned["reason"]) == (3, True)


async def test_a_code_that_refers_to_nothing_names_the_one_it_looks_like(town: Browser):
    report = await dry(town, "visit,client,start,minutes,carers\nV-1,12,25/11/2026 08:00,30,w-1\n")
    assert {each["column"]: each["reason"] for each in report["rejected"]} == {
        "client": "There is no client 12; it looks like 0012.",
        "carers": "There is no carer w-1; it looks like W-001.",
    }


SWAPPED = [
    ("213000", "532600", True),  # Hertford, the wrong way round
    ("532600", "213000", False),
    ("308000", "623000", True),  # Norwich, the wrong way round
    ("623000", "308000", False),
    ("384000", "398000", False),  # Manchester
    ("359000", "173000", False),  # Bristol
    ("425000", "564000", False),  # Newcastle
    ("564000", "425000", True),
]


@pytest.mark.parametrize(("easting", "northing", "warned"), SWAPPED)
async def test_eastings_and_northings_the_wrong_way_round_are_warned_of(
    town: Browser, easting: str, northing: str, warned: bool
):
    report = await dry(town, f"{CLIENTS}C-3,L1,E10000015,,,{easting},{northing}\n", "clients")
    said = [*report["warnings"], *report["rejected"]]
    assert [("swapped" in each["reason"], each["column"]) for each in said] == ([(True, "easting")] if warned else [])


@pytest.mark.parametrize(
    "text", ["visit,client,start,minutes,carers\n", "visit,client,start,minutes,carers,,\r\n,,,,\r\n"]
)
async def test_a_file_of_nothing_but_its_header_says_that_it_holds_no_rows(town: Browser, text: str):
    page = await check(town, text.encode())
    assert "The file holds no rows" in page.words
    assert "stored already" not in page.words


async def test_a_file_above_8_mib_is_told_what_people_can_do(town: Browser):
    page = await check(town, b"x" * (8 * 1024 * 1024 + 1))
    assert page.status == 413
    assert "Split it into several files" in page.words
    assert "API" not in page.words


def workbook(rows: Sequence[Sequence[object]], before: Sequence[Sequence[object]] = ()) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "notes"
    for row in before:
        sheet.append(list(row))
    sheet = made.create_sheet("export")
    for row in rows:
        sheet.append(list(row))
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def moment(hour: int, minute: int = 0, day: date = NOVEMBER) -> datetime:
    return datetime.combine(day, time(hour, minute))


OURS: list[list[object]] = [
    ["visit", "client", "start", "minutes", "carers"],
    ["V-1", "C-1", moment(8), 30, "W-001"],
    ["V-2", "C-2", moment(12, 30), 45.0, "W-001;W-002"],
    ["V-3", "C-1", "13/12/2026 19:00", time(0, 30), None],
]
THEIRS: list[list[object]] = [
    ["Roster export 25 November"],
    [],
    ["Booking Ref", "Service User", "Date", "Planned Start", "Planned End", "Staff Codes", "Postcode"],
    ["V-1", "C-1", NOVEMBER, time(8, 0), time(8, 30), "W-001", "SG14 1AA"],
    ["V-2", "C-2", NOVEMBER, time(12, 30), time(13, 15), "W-001,W-002", ""],
    ["V-3", "C-1", date(2026, 12, 13), time(19, 0), time(19, 30), None, ""],
]
MEANING = {
    "columns": {
        "Booking Ref": "visit",
        "Service User": "client",
        "Date": "start_date",
        "Planned Start": "start_time",
        "Planned End": "end",
        "Staff Codes": "carers",
        "Postcode": None,
    }
}


def as_csv(rows: Sequence[Sequence[object]]) -> bytes:
    def cell(value: object) -> str:
        if isinstance(value, date):
            return value.strftime("%d/%m/%Y")
        text = value.strftime("%H:%M") if isinstance(value, time) else str(value or "")
        return f'"{text}"' if "," in text else text

    return "\r\n".join(",".join(map(cell, row)) for row in rows).encode("cp1252")


async def test_a_workbook_goes_in_with_its_dates_and_times_as_cells(town: Browser):
    checked = await check(town, workbook(OURS, [["read me"]]), "roster.xlsx")
    assert "3 read 3 new 0 changed 0 unchanged 0 rejected" in checked.words
    assert "'export' was read" in checked.words
    await press(town, checked, "Store it")
    assert await planned(town.arranged) == EXPECTED


async def test_midnight_is_a_time_of_day_in_a_workbook(town: Browser):
    rows: list[list[object]] = [*OURS[:2], ["V-4", "C-1", moment(0), 30, None]]
    assert (await dry(town, workbook(rows)))["rejected"] == []


SYSTEMS = [
    (["VisitID", "ClientRef", "StartDateTime", "DurationMins", "EmployeeCode"], ["visit", "client", "start"]),
    (["Appointment No", "Customer No", "Visit Date", "Start Time", "Length", "Worker"], ["start_date", "start_time"]),
    (["Roster Id", "SU Ref", "Date", "From", "To", "Staff"], ["start_date", "start_time", "end"]),
    (["Call", "Person Id", "Scheduled Start", "Scheduled End", "Care Worker"], ["start", "end"]),
]


@pytest.mark.parametrize(("names", "among"), SYSTEMS)
async def test_the_page_guesses_what_the_columns_of_a_system_mean(town: Browser, names: list[str], among: list[str]):
    texts = {"start": "25/11/2026 08:00", "end": "25/11/2026 08:30", "date": "25/11/2026", "time": "08:00", "num": "30"}
    kinds = {
        "StartDateTime": "start", "Scheduled Start": "start", "Scheduled End": "end", "Visit Date": "date",
        "Date": "date", "Start Time": "time", "From": "time", "To": "time", "DurationMins": "num", "Length": "num",
    }  # fmt: skip
    row = [texts[kinds[name]] if name in kinds else "C-1" for name in names]
    row[0], row[-1] = "V-1", "W-001"
    if "To" in names:
        row[names.index("To")] = "08:30"
    asked = await check(town, f"{','.join(names)}\n{','.join(row)}\n".encode())
    guessed = re.findall(r'value="([^"]+)" selected', asked.source)
    assert set(among) <= set(guessed)
    checked = await press(town, asked, "Keep this, and check the file")
    assert "1 read 1 new" in checked.words


@pytest.mark.parametrize("make", [as_csv, workbook], ids=["csv", "xlsx"])
async def test_another_systems_columns_are_asked_for_once_and_then_known(town: Browser, make: Any):
    asked = await check(town, make(THEIRS))
    assert "Which of their columns is which of ours?" in asked.words
    checked = await press(town, asked, "Keep this, and check the file")
    assert "3 read 3 new 0 changed 0 unchanged 0 rejected" in checked.words, checked.words
    await press(town, checked, "Store it")
    assert await planned(town.arranged) == EXPECTED
    again = await check(town, make(THEIRS))
    assert "Which of their columns" in (await press(town, again, "They mean something else")).words
    assert "3 read 0 new 0 changed 3 unchanged 0 rejected" in again.words


async def test_the_api_takes_a_mapping_with_the_file_or_a_kept_one(town: Browser):
    status, problem = await post(town, "/v1/imports/roster?dry_run=true", as_csv(THEIRS))
    assert (status, problem["type"]) == (400, "/problems/unknown-columns")
    assert {each["name"] for each in problem["columns"]} == set(MEANING["columns"])
    headers = {"Origin": town.origin}
    address = "/v1/imports/roster"
    query = {"dry_run": "true", "mapping": json.dumps(MEANING)}
    async with town.client.post(
        address, params=query, data=as_csv(THEIRS), headers=headers, cookies=town.cookie
    ) as answer:
        assert (await answer.json())["new"] == 3
    async with town.client.put(
        "/v1/import-mappings/roster", json=MEANING, headers=headers, cookies=town.cookie
    ) as answer:
        assert answer.status == 200
    assert (await dry(town, as_csv(THEIRS)))["new"] == 3
    # A file with our own names is read by them, whatever was kept.
    assert (await dry(town, BRITISH_EXCEL))["new"] == 3


async def test_a_kept_order_of_dates_counts_where_the_file_does_not_show_it(town: Browser):
    headers = {"Origin": town.origin}
    meaning = {"columns": {"Begins": "start"}, "dates": "month/day/year"}
    async with town.client.put(
        "/v1/import-mappings/roster", json=meaning, headers=headers, cookies=town.cookie
    ) as answer:
        assert answer.status == 200
    await post(town, "/v1/imports/roster", b"visit,client,begins,minutes,carers\nV-1,C-1,03/04/2026 08:00,30,\n")
    assert (await planned(town.arranged))["V-1"][0] == at("08:00", date(2026, 3, 4))


def bomb(part: bytes, declared: int | None = None) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("xl/worksheets/sheet1.xml", part)
    body = packed.getvalue()
    if declared is None:
        return body
    true = len(part).to_bytes(4, "little")
    return body.replace(true, declared.to_bytes(4, "little"))


def corner(place: str) -> bytes:
    """A workbook of ours whose last cell is said to stand at `place`."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(workbook(OURS))) as old, zipfile.ZipFile(packed, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content.replace(b'r="C4"', f'r="{place}"'.encode()))
    return packed.getvalue()


BOMBS = [
    bomb(b"<a>" + b" " * 120_000_000),
    bomb(b"<a>" + b" " * 120_000_000, declared=1_000),
    corner("XFD4"),
    corner("C1048576"),
    corner("IV100000"),
    corner("ZZZ9999999"),
    b"PK\x03\x04" + b"\0" * 100,
    workbook(OURS)[:-200],
]


@pytest.mark.parametrize("body", BOMBS, ids=range(len(BOMBS)))
async def test_a_workbook_that_would_unfold_beyond_bounds_is_refused_before_it_is_opened(town: Browser, body: bytes):
    status, problem = await post(town, "/v1/imports/roster?dry_run=true", body)
    assert (status, problem["type"]) == (400, "/problems/unreadable-file")
    assert "orkbook" in problem["detail"]


async def test_a_dry_run_names_what_changes_before_and_after(town: Browser):
    await post(town, "/v1/imports/roster", BRITISH_EXCEL)
    moved = BRITISH_EXCEL.replace(b"25/11/2026 08:00,30,W-001", b"25/11/2026 09:00,30,W-002")
    page = await check(town, moved)
    assert "V-1 start 2026-11-25 08:00 2026-11-25 09:00" in page.words
    assert "V-1 carers W-001 W-002" in page.words


async def test_a_cut_list_says_so_and_is_reachable_whole(town: Browser):
    body = b"visit,client,start,minutes,carers\n" + b"".join(b"V-%d,C-9,x,30,\n" % number for number in range(1_500))
    page = await check(town, body)
    assert "1,500 rejected" in page.words
    assert "1,000 of 3,000 are shown" in page.words
    whole = await press(town, page, "Download the whole list")
    assert whole.source.count("\r\n") == 3_001
    assert whole.headers["Content-Disposition"].startswith("attachment")
    behind = await dry(town, body, query="&skip=2900")
    assert (len(behind["rejected"]), behind["rejected_total"]) == (100, 3_000)


@pytest.mark.parametrize("format_", ["csv", "xlsx"])
@pytest.mark.parametrize("kind", ["carers", "clients", "commissions", "roster", "uprns"])
async def test_a_template_is_a_file_that_its_own_import_reads(
    town: Browser,
    client: Any,  # noqa: F811 - the fixture
    kind: str,
    format_: str,
):
    who = town if kind != "uprns" else await Browser(client, town.arranged).signed_in_as("operator")
    async with client.get(f"/v1/import-templates/{kind}?format={format_}", cookies=who.cookie) as answer:
        assert answer.status == 200
        body = await answer.read()
    if format_ == "xlsx":
        sheets = openpyxl.load_workbook(io.BytesIO(body)).worksheets
        assert [sheet.title for sheet in sheets] == [kind, "what the columns mean"]
        assert {cell.number_format for cells in sheets[0].iter_rows() for cell in cells} == {"@"}
    report = await dry(who, body, kind)
    assert report["read"] == 1
    # What is refused refers to something that is not there yet; nothing is refused for how it is written.
    assert all("There is no" in each["reason"] or "has no" in each["reason"] for each in report["rejected"])


async def test_the_page_explains_each_column_and_gives_a_template(town: Browser):
    page = await town.see("/imports")
    assert 'href="/v1/import-templates/roster?format=xlsx"' in page.source
    assert "The codes of the carers who go, with semicolons between" in page.words


async def test_the_history_names_each_file_and_undoing_puts_back_what_nothing_later_touched(town: Browser):
    await press(town, await check(town, BRITISH_EXCEL, "november.csv"), "Store it")
    moved = BRITISH_EXCEL.replace(b"08:00", b"09:00").replace(b"12:30", b"13:00")
    await press(town, await check(town, moved + b"V-4,C-1,26/11/2026 08:00,30,,\r\n", "second.csv"), "Store it")
    await post(town, "/v1/imports/roster", moved.replace(b"13:00", b"14:00"))
    page = await town.see("/imports/history")
    assert "november.csv" in page.words
    assert "1 new, 2 changed, 1 unchanged" in page.words
    history = await (await town.client.get("/v1/imports", cookies=town.cookie)).json()
    (second,) = [each["import"] for each in history["imports"] if each["file_name"] == "second.csv"]
    would = await town.send(f"/imports/{second}/undoing", {"action": "check"})
    assert "1 put back as before, 1 new visits taken off as planned in error, 1 left as they are." in would.words
    assert "V-2 it was changed again since" in would.words
    assert (await planned(town.arranged))["V-1"][0] == at("09:00", NOVEMBER)
    await town.send(f"/imports/{second}/undoing", {"action": "undo"})
    assert (await planned(town.arranged))["V-1"][0] == at("08:00", NOVEMBER)
    assert (await planned(town.arranged))["V-2"][0] == at("14:00", NOVEMBER)
    rows = {row["visit"]: row["cancelled"] for row in await town.arranged.rows("planned_visits")}
    assert rows == {"V-1": None, "V-2": None, "V-3": None, "V-4": "planned_in_error"}
    assert (await town.send(f"/imports/{second}/undoing", {"action": "undo"})).status == 409


async def test_the_history_keeps_no_name_address_or_place(town: Browser):
    rows = "client,branch,council,name,address,postcode,latitude,longitude\nC-7,L1,E10000015,Ada Invented,1 High St,"
    await post(town, "/v1/imports/clients", f"{rows}SG14 1AA,51.8012,-0.0812\n".encode())
    kept = str([dict(row) for row in await town.arranged.rows("import_changes")])
    assert "C-7" in kept
    assert not any(word in kept for word in ("Ada", "High St", "SG14", "51.8012"))
