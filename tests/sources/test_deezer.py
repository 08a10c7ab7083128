from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime
from html import escape

import pytest

from tests.sources.conftest import Read
from tonearm.errors import UnknownKind

AT = datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
HEADER = ["Song Title", "Artist", "ISRC", "Album Title", "IP Address", "Listening Time", "Platform Name", "Date"]


def workbook(*rows: list[object], sheet: str = "10_listeningHistory", prologue: str = "") -> bytes:
    """As Deezer's: texts are shared, numbers are not."""
    texts: list[str] = []

    def cell(at: str, value: object) -> str:
        if isinstance(value, int | float):
            return f'<c r="{at}"><v>{value}</v></c>'
        texts.append(str(value))
        return f'<c r="{at}" t="s"><v>{len(texts) - 1}</v></c>'

    lines = "".join(
        f'<row r="{n}">'
        + "".join(cell(f"{'ABCDEFGH'[i]}{n}", v) for i, v in enumerate(row) if v is not None)
        + "</row>"
        for n, row in enumerate([HEADER, *rows], 1)
    )
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml", f'<workbook><sheets><sheet name="{sheet}" sheetId="1" r:id="rId1"/></sheets></workbook>'
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            '<Relationships><Relationship Id="rId1" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        shared = "".join(f"<si><t>{escape(text)}</t></si>" for text in texts)
        archive.writestr("xl/sharedStrings.xml", f"{prologue}<sst>{shared}</sst>")
        archive.writestr("xl/worksheets/sheet1.xml", f"<worksheet><sheetData>{lines}</sheetData></worksheet>")
    return made.getvalue()


def row(date: object = "2023-11-14 22:13:20", heard: object = 187) -> list[object]:
    return ["Jóga & more", "Björk", "GB1", "Homogenic", "203.0.113.9", heard, "private-device", date]


def test_the_sheet_of_listens(read: Read) -> None:
    found = read("deezer-data_1.xlsx", workbook(row(), row(45244.92592592593, "200"), row("soon"), row(None)))
    assert found.kind == "deezer_xlsx"
    assert found.reasons == ["date 'soon' is not understood", "no date"]
    first, second = found.kept
    assert (first["artist_name"], first["track_name"], first["album_name"]) == ("Björk", "Jóga & more", "Homogenic")
    assert (first["reported_at"], first["listened_s"]) == (AT, 187.0)
    assert (second["reported_at"], second["listened_s"]) == (AT, 200.0)
    for private in ("203.0.113.9", "private-device"):
        assert private not in json.dumps(found.rows, default=str)


def test_another_workbook_is_refused(read: Read) -> None:
    with pytest.raises(UnknownKind, match="without Deezer's sheet 10_listeningHistory; it has Sheet1"):
        read("a.xlsx", workbook(row(), sheet="Sheet1"))


def test_no_entities_are_declared_in_a_workbook(read: Read) -> None:
    bomb = workbook(row(), prologue='<!DOCTYPE sst [<!ENTITY a "aaaa">]>')
    assert "it has a document type" in read("a.xlsx", bomb).reasons[0]


def test_a_damaged_sheet_is_reported(read: Read) -> None:
    content = bytearray(workbook(*[row() for _ in range(3000)]))
    at = content.rindex(b"xl/worksheets/sheet1.xml", 0, content.rindex(b"PK\x01\x02"))
    content[at + 4000 : at + 4100] = bytes(100)
    found = read("a.xlsx", bytes(content))
    assert "the file is unreadable from row" in found.reasons[-1]


def test_a_workbook_cut_and_mended_by_hand_is_refused(read: Read) -> None:
    content = workbook(row())
    with pytest.raises(UnknownKind, match="cannot be read"):
        read("a.xlsx", content[:30] + content[60:])
