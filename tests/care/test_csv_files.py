"""Reading CSV files as people make them: whatever the bytes, rows with reasons or one clear refusal."""

import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecm.care.imports.reading import read_table
from ecm.care.imports.tables import Column, Columns, Table, UnknownColumns, UnreadableFile

COLUMNS = Columns((Column("carer", "", "", True), Column("branch", "", "", True), Column("note", "")))


def read(text: str) -> Table:
    return read_table(text.encode(), COLUMNS)


def test_columns_may_stand_in_any_order_and_case() -> None:
    table = read("Branch, CARER\nL1,W-1\n")
    assert table.rows[0].cells == {"carer": "W-1", "branch": "L1"}
    assert (table.read, table.rejected) == (1, ())


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_lines_are_counted_as_a_person_counts_them(newline: str) -> None:
    lines = ["carer,branch,note", 'W-1,L1,"two', 'lines"', "", ",,", "W-2,L1,x"]
    table = read(newline.join(lines))
    assert [row.line for row in table.rows] == [2, 6]
    assert table.read == 2


def test_a_byte_order_mark_is_no_part_of_the_first_column() -> None:
    table = read_table(codecs.BOM_UTF8 + b"carer,branch\nW-1,L1", COLUMNS)
    assert table.rows[0].cells["carer"] == "W-1"


@pytest.mark.parametrize("start", [b"", codecs.BOM_UTF8])
def test_windows_1252_is_read_and_said(start: bytes) -> None:
    table = read_table(start + "carer,branch,note\r\nW-1,L1,\r\nW-2,L1,é £5 – “so”\r\n".encode("cp1252"), COLUMNS)
    assert [row.cells["note"] for row in table.rows] == ["", "é £5 – “so”"]
    assert any("Windows-1252" in note and "line 3" in note for note in table.notes)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_read_and_said(encoding: str) -> None:
    table = read_table("carer\tbranch\tnote\nW-1\tL1\té\n".encode(encoding), COLUMNS)
    assert table.rows[0].cells == {"carer": "W-1", "branch": "L1", "note": "é"}
    assert any("UTF-16" in note for note in table.notes)


def test_bytes_that_no_encoding_has_are_refused_at_their_place() -> None:
    with pytest.raises(UnreadableFile, match="no text") as refused:
        read_table(b"carer,branch\nW-1,L1\nW-2,\x81\n", COLUMNS)
    assert refused.value.line == 3


@pytest.mark.parametrize("start", [b"PK\x03\x04", b"\xd0\xcf\x11\xe0"])
def test_a_workbook_that_cannot_be_opened_is_named(start: bytes) -> None:
    with pytest.raises(UnreadableFile, match="workbook"):
        read_table(start + b"rest of the workbook", COLUMNS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n\n", "empty"),
        ("\ufeffsep=;\r\n", "empty"),
        ("carer\nW-1\n", "lacks branch"),
        ("carer\tlocation\nW-1\tL1\n", "'location' is not known here. The header lacks branch"),
        ('"carer,branch\nW-1,L1\n', "never closed"),
    ],
)
def test_a_file_without_its_required_columns_is_unreadable(text: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read(text)


def test_repeated_columns_are_rejected_by_name_on_line_1() -> None:
    table = read("carer,branch,carer,\nW-1,L1,W-9,\n")
    assert [(each.line, each.column) for each in table.rejected] == [(1, "carer")]
    assert table.rows[0].cells["carer"] == "W-1"


def test_unknown_columns_are_named_with_what_stands_in_them() -> None:
    with pytest.raises(UnknownColumns, match="'shoe size' is not known here") as refused:
        read("carer,branch,shoe size\nW-1,L1,43\nW-2,L1,44\n")
    assert refused.value.line == 1
    assert [(each.name, each.guess) for each in refused.value.theirs] == [
        ("carer", "carer"),
        ("branch", "branch"),
        ("shoe size", None),
    ]
    assert refused.value.theirs[2].examples == ("43", "44")


def test_a_row_with_cells_too_many_is_rejected_and_one_with_too_few_is_read_as_spreadsheets_leave_them_out() -> None:
    table = read("carer,branch\nW-1\nW-2,L1,\nW-3,L1,extra,,\n")
    assert [(each.line, each.reason) for each in table.rejected] == [
        (4, "The row has 3 cells where the header has 2; a cell with the separator in it must be quoted."),
    ]
    assert [(row.line, row.cells["branch"]) for row in table.rows] == [(2, ""), (3, "L1")]
    assert table.read == 3
    assert any("1 row has fewer cells" in note for note in table.notes)


def test_a_nul_is_rejected_on_its_row() -> None:
    table = read("carer,branch\nW-1,L\0\nW-2,L1\n")
    assert [(each.line, "NUL" in each.reason) for each in table.rejected] == [(2, True)]


def test_quotes_that_do_not_pair_are_rejected_where_they_open() -> None:
    table = read('carer,branch\n"W"1,L1\nW-2,L1\nW-3,"L1\nW-4,L1\n')
    assert [each.line for each in table.rejected] == [2, 4]
    assert "never closed" in table.rejected[1].reason
    assert [row.line for row in table.rows] == [3]


def test_a_cell_beyond_every_measure_is_rejected() -> None:
    table = read(f"carer,branch\n{'x' * 200_000},L1\nW-2,L1\n")
    assert [each.line for each in table.rejected] == [2]
    assert [row.line for row in table.rows] == [3]


@given(
    st.binary(max_size=400) | st.text(max_size=200).map(lambda text: f"carer,branch\n{text}".encode(errors="replace"))
)
@example(b"carer,branch\n\x00,\x00")
@example(b'carer,branch\n"')
@example(b"\xef\xbb\xbf")
def test_any_bytes_give_a_table_or_a_refusal(body: bytes) -> None:
    try:
        table = read_table(body, COLUMNS)
    except UnreadableFile:
        return
    under_header = [each for each in table.rejected if each.line > 1]
    assert len(table.rows) <= table.read <= len(table.rows) + len(under_header)
    assert all(each.reason.isprintable() for each in table.rejected)
