"""Reading CSV files as people make them: whatever the bytes, rows with reasons or one clear refusal."""

import codecs

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecm.care.imports.csv_files import Columns, Table, UnreadableFile, read_table

COLUMNS = Columns(required=("carer", "branch"), optional=("note",))


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
def test_windows_1252_is_refused_at_its_byte_and_line(start: bytes) -> None:
    body = start + b"carer,branch\r\nW-1,L1\r\nW-2,L\xe9\r\n"
    with pytest.raises(UnreadableFile, match="UTF-8") as refused:
        read_table(body, COLUMNS)
    assert (refused.value.line, refused.value.byte) == (3, body.index(b"\xe9") + 1)
    assert "line 3" in refused.value.detail
    assert "0xe9" in refused.value.detail


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_named(encoding: str) -> None:
    with pytest.raises(UnreadableFile, match="UTF-16") as refused:
        read_table("carer,branch\nW-1,L1\n".encode(encoding), COLUMNS)
    assert refused.value.byte == 1


def test_a_spreadsheet_is_named() -> None:
    with pytest.raises(UnreadableFile, match="spreadsheet"):
        read_table(b"PK\x03\x04rest of the workbook", COLUMNS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "empty"),
        ("\n\n", "lacks carer, branch"),
        ("carer\nW-1\n", "lacks branch"),
        ("carer;branch\nW-1;L1\n", "semicolons"),
        ("carer\tlocation\nW-1\tL1\n", "tabs"),
        ('"carer,branch\nW-1,L1\n', "never closed"),
    ],
)
def test_a_file_without_its_required_columns_is_unreadable(text: str, said: str) -> None:
    with pytest.raises(UnreadableFile, match=said):
        read(text)


def test_unknown_and_repeated_columns_are_rejected_by_name_on_line_1() -> None:
    table = read("carer,branch,shoe size,carer,\nW-1,L1,43,W-9,\n")
    assert [(each.line, each.column) for each in table.rejected] == [(1, "shoe size"), (1, "carer"), (1, None)]
    assert "carer, branch, note" in table.rejected[0].reason
    assert table.rows[0].cells["carer"] == "W-1"


def test_a_row_with_cells_too_few_or_too_many_is_rejected_and_its_neighbours_are_not() -> None:
    table = read("carer,branch\nW-1\nW-2,L1\nW-3,L1,extra\n")
    assert [(each.line, each.reason) for each in table.rejected] == [
        (2, "The row has 1 cells where the header has 2."),
        (4, "The row has 3 cells where the header has 2."),
    ]
    assert [row.line for row in table.rows] == [3]
    assert table.read == 3


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
