from xml.etree import ElementTree as ET

from tests.benchmarks.report import Measure, Row, entries, picture, table


def rows() -> list[Row]:
    limit = Row("no-op", "limit", measures=[Measure(90, 90, p99=2.0), Measure(110, 110, p99=2.0)])
    measures = [Measure(30, 30, p99=8.0), Measure(50, 50, p99=6.0), Measure(41, 41, p99=7.0)]
    return [limit, Row("single <1>", "path", "no-op", 0.4, measures), Row("never measured", "path", "no-op")]


def test_each_number_has_its_median_its_spread_and_its_ratio_to_the_limit() -> None:
    found = {entry.name: entry for entry in entries(rows())}
    rate, tail = found["single <1>: check-ins"], found["single <1>: p99"]
    assert (rate.median, rate.min, rate.max, rate.limit, rate.ratio) == (41, 30, 50, 100, 0.41)
    assert (tail.median, tail.limit, tail.ratio) == (7.0, 2.0, 3.5)
    assert found["no-op: check-ins"].ratio is None
    assert len(found) == 4


def test_the_table_has_a_line_for_each_measured_row() -> None:
    lines = table(rows(), 3).splitlines()
    assert lines[0].count(";") == 2
    assert len({line.count("|") for line in lines[2:]}) == 1
    assert "41 (30–50)" in lines[-1]
    assert "0.41 of no-op | ≥ 0.40" in lines[-1]


def test_the_picture_is_a_well_formed_drawing_of_each_ratio() -> None:
    drawing = ET.fromstring(picture(rows()))  # noqa: S314 – our own
    words = [element.text for element in drawing.iter("{http://www.w3.org/2000/svg}text")]
    assert "single <1>" in words
    assert "0.41" in words
