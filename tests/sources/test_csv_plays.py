from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.sources.conftest import Read, Write
from tonearm.errors import InputError, UnknownKind, UsageError
from tonearm.settings import Settings
from tonearm.sources import Context, source_of
from tonearm.sources.csv_plays import PlaysCsv
from tonearm.sources.files import InputFile
from tonearm.sources.inputs import input_files

AT = datetime(2020, 11, 20, 9, 35, tzinfo=UTC)
UTS = int(AT.timestamp())
HISTORIES = Path("../shared/data/histories")

FORMS = {
    "lastfm-to-csv": 'Björk,Homogenic,Jóga,"20 Nov 2020 09:35"\nBjörk,,Hunter,20 Nov 2020 09:31\n',
    "ghan": "uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
    f'"{UTS}","20 Nov 2020, 09:35","Björk","","Homogenic","","Jóga",""\n',
    "utc_time": 'utc_time,artist,album,track\n"20 Nov 2020, 09:35",Björk,Homogenic,Jóga\n',
    "uts last": f"artist,album,track,uts\nBjörk,Homogenic,Jóga,{UTS}\n",
    "R with an index": '"","date","artist","track","album"\n"1","2020-11-20 09:35:00","Björk","Jóga","Homogenic"\n',
    "R with a short header": '"date","artist","track","album"\n"1","2020-11-20 09:35:00","Björk","Jóga","Homogenic"\n',
    "semicolons": "Artist Name;Track Name;Album;Scrobbled At\nBjörk;Jóga;Homogenic;2020-11-20T09:35:00Z\n",
    "tabs": f"artist\talbum\ttitle\ttimestamp\nBjörk\tHomogenic\tJóga\t{UTS}000\n",
    "libre.fm": f"{UTS}\tJóga\tBjörk\tHomogenic\t\t\t\n" * 2,
    "Excel": f"sep=;\nArtist;Track;Album;Date\nBjörk;Jóga;Homogenic;{UTS}\n",
    "a preamble": f"My plays\nexported today\n\nArtist,Track,Album,Time\nBjörk,Jóga,Homogenic,{UTS}\n",
    "a delimiter at each end": f"artist,track,album,uts\nBjörk,Jóga,Homogenic,{UTS},\n",
    "a date divided by its comma": "artist,track,album,date\nBjörk,Jóga,Homogenic,20 Nov 2020, 09:35\n",
    "German": "Interpret;Titel;Album;Datum\nBjörk;Jóga;Homogenic;20.11.2020 09:35\n",
    "Spanish": "Artista,Canción,Álbum,Fecha\nBjörk,Jóga,Homogenic,2020-11-20 09:35:00\n",
    "Spanish without accents": "Artista,Cancion,Album,Fecha\nBjörk,Jóga,Homogenic,2020-11-20 09:35:00\n",
    "French": "Artiste,Titre,Album,Date et heure\nBjörk,Jóga,Homogenic,2020-11-20 09:35\n",
    "Portuguese": "Artista,Música,Álbum,Data\nBjörk,Jóga,Homogenic,2020-11-20 09:35\n",
    "Italian": "Artista,Brano,Album,Data\nBjörk,Jóga,Homogenic,2020-11-20 09:35\n",
    "Russian": "Исполнитель,Трек,Альбом,Дата\nBjörk,Jóga,Homogenic,2020-11-20 09:35\n",
    "Japanese": "アーティスト,曲名,アルバム,再生日時\nBjörk,Jóga,Homogenic,2020/11/20 09:35\n",
    "Polish": "Wykonawca,Utwór,Album,Data\nBjörk,Jóga,Homogenic,2020-11-20 09:35\n",
    "Dutch": "Artiest,Nummer,Album,Datum\nBjörk,Jóga,Homogenic,20-11-2020 09:35\n",
    "Chinese": "歌手,歌曲,专辑,时间\nBjörk,Jóga,Homogenic,2020-11-20 09:35\n",
    "CRLF and a mark": f"\ufeffartist,album,track,uts\r\nBjörk,Homogenic,Jóga,{UTS}\r\n",
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_the_forms_in_which_people_have_it(read: Read, content: str) -> None:
    found = read("history.csv", content)
    row = found.rows[0]
    assert found.kind == "lastfm_csv"
    assert (row["artist_name"], row["album_name"], row["track_name"]) == ("Björk", "Homogenic", "Jóga")
    assert (row["reported_at"], row["reason"]) == (AT, None)


def test_utf_16(read: Read) -> None:
    assert read("history.csv", FORMS["uts last"].encode("utf-16")).kept[0]["artist_name"] == "Björk"


def test_the_reading_is_said_and_minutes_are_known_as_such(read: Read) -> None:
    headerless = read("a.csv", FORMS["lastfm-to-csv"])
    assert headerless.phrase == "no header; columns by content: artist, album, track, date '20 Nov 2020 09:35'"
    assert [row["precision_s"] for row in headerless.rows] == [60.0, 60.0]
    named = read("a.csv", FORMS["uts last"])
    assert named.phrase == "columns by header: artist as artist, album as album, track as track, uts as start"
    assert named.rows[0]["precision_s"] == 1.0


def test_mbids(read: Read) -> None:
    header = "artist,artist_mbid,album,album_mbid,track,track_mbid,timestamp,datetime\n"
    row = read("a.csv", header + f"Björk,a-id,Homogenic,b-id,Jóga,t-id,{UTS},2020-11-20 09:35:00\n").rows[0]
    assert (row["artist_mbid"], row["release_mbid"], row["recording_mbid"]) == ("a-id", "b-id", "t-id")


def test_order_without_header_follows_what_the_columns_hold(read: Read) -> None:
    rows = "".join(f"Björk,Track {i},Homogenic,20 Nov 2020 09:{i:02}\n" for i in range(40))
    assert read("a.csv", rows).rows[3]["track_name"] == "Track 3"


def test_rows_without_a_usable_date_say_why(read: Read) -> None:
    found = read("a.csv", f"artist,album,track,uts\nA,B,C,\nA,B,C,0\nA,B,C,soon\nA,B,C,{UTS}\n")
    assert found.reasons == [
        "no date (now playing)",
        "dated 1970: now playing or a clock not set",
        "date 'soon' is not understood",
    ]
    assert [row["row"] for row in found.kept] == [4]


def test_damaged_rows_are_rejected_alone(read: Read) -> None:
    good = f"A,B,C,{UTS}\n"
    rows = ["A,B,C,D,E\n", "A\n", f"A\0,B,C,{UTS}\n", f'"A,B,C,{UTS}\n', f"A,B,{'x' * 2000},{UTS}\n"]
    found = read("a.csv", "artist,album,track,uts\n" + good + good.join(rows) + good, most=1024)
    assert len(found.kept) == 6
    assert found.reasons == [
        "has 5 fields where 4 are expected",
        "has 1 fields where 4 are expected",
        "artist_name contains a NUL character",
        "a quote is opened and not closed",
        "the row is longer than 1 KB",
    ]
    assert found.rows[1]["raw"] == "A,B,C,D,E"


def test_quoted_line_ends_and_delimiters_belong_to_the_field(read: Read) -> None:
    found = read("a.csv", f'artist,album,track,uts\n"A\nB","C, D","""E""",{UTS}\n')
    row = found.kept[0]
    assert (row["artist_name"], row["album_name"], row["track_name"]) == ("A\nB", "C, D", '"E"')


def test_an_unclosed_quote_on_the_last_line(read: Read) -> None:
    found = read("a.csv", f'artist,album,track,uts\nA,B,C,{UTS}\nA,B,"C,{UTS}')
    assert (len(found.kept), found.reasons) == (1, ["a quote is opened and not closed"])


def test_a_line_without_end_is_not_held_in_memory(file_of: Write) -> None:
    import tracemalloc

    content = f"artist,album,track,uts\nA,B,C,{UTS}\n".encode() + b"x" * 80_000_000 + f"\nA,B,C,{UTS}\n".encode()
    file = file_of("a.csv", content)
    tracemalloc.start()
    rows = [row for table in source_of(file).read(file, Context()) for row in table.to_pylist()]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [row["reason"] for row in rows] == [None, "the row is longer than 1,024 KB", None]
    assert peak < 20_000_000


def test_a_quoted_record_is_no_longer_than_a_line_may_be(read: Read) -> None:
    lines = "".join(f"line {n} {'x' * 200}\n" for n in range(20))
    found = read("a.csv", f'artist,track,uts\nA,"{lines}",{UTS}\nA,B,{UTS}\n', most=1024)
    assert found.reasons[0] == "a quote is opened and not closed"
    assert [row["track_name"] for row in found.kept] == ["B"]


def test_a_line_of_thousands_of_columns_is_no_table(read: Read) -> None:
    with pytest.raises(UnknownKind):
        read("a.csv", "a," * 30_000 + "\n")


def test_a_header_that_lacks_a_column_says_which(read: Read) -> None:
    with pytest.raises(UnknownKind, match=r"no column for date; the header is: artist, track, mood; needed are"):
        read("a.csv", "artist,track,mood\nBjörk,Jóga,calm\n")
    with pytest.raises(UnknownKind, match="has no header, and its content does not show which column is what"):
        read("a.csv", "a,b,c\n1,2,3\n")
    with pytest.raises(UnknownKind, match="no column for date"):
        read("a.csv", "artist,track,mood\nBjörk,Jóga,calm\n", kind="lastfm_csv")


NO_PLAYS = {
    "a playlist": ("Track Name,Artist Name,Added At\nJóga,Björk,2021-01-03T18:59:00Z\n", "when a track was added"),
    "saved songs in German": (
        "Titel,Interpret,Hinzugefügt am\nJóga,Björk,2021-01-03 18:59\n",
        "when a track was added",
    ),
    "a library": ("Name,Artist,Plays,Last Played\nJóga,Björk,5,2023-01-09 10:00\n", "a library with play counts"),
    "a chart": ("date,rank,song,artist\n2020-11-20 10:00,1,Jóga,Björk\n", "a chart or a list of top tracks"),
    "top tracks": ("artist,track,playcount,date\nBjörk,Jóga,12,2020-11-20 10:00\n", "a list of top tracks"),
    "concerts": ("artist,date,venue,song\nBjörk,2020-11-20 20:00,Harpa,Jóga\n", "a list of concerts"),
    "a date of unknown meaning": (
        "artist,track,refreshed\nBjörk,Jóga,2020-11-20 20:00\n",
        "column 'refreshed' does not",
    ),
}


@pytest.mark.parametrize(("content", "why"), NO_PLAYS.values(), ids=NO_PLAYS)
def test_tables_that_hold_no_plays_are_refused(read: Read, content: str, why: str) -> None:
    with pytest.raises(UnknownKind, match=why):
        read("a.csv", content)


def test_an_exact_instant_beside_a_play_count_is_a_play(read: Read) -> None:
    assert read("a.csv", f"artist,track,uts,playcount\nBjörk,Jóga,{UTS},12\n").kept[0]["reported_at"] == AT


def test_a_name_that_says_end_is_the_end(read: Read) -> None:
    row = read("a.csv", "artist,track,ended_at,ms_played\nBjörk,Jóga,2020-11-20 09:35:00,60000\n").kept[0]
    assert (row["instant_is"], row["reported_at"], row["listened_s"]) == ("end", AT, 60.0)
    row = read("a.csv", "artist,track,ts,ms_played\nBjörk,Jóga,2020-11-20 09:35:00,60000\n").kept[0]
    assert row["instant_is"] == "end"


def test_columns_can_be_named(read: Read) -> None:
    rows = "x;Jóga;Homogenic;Björk;2020-11-20 09:35\n" * 3
    with pytest.raises(UnknownKind, match="--columns artist=1"):
        read("a.csv", rows)
    columns = (("artist", "4"), ("track", "2"), ("album", "3"), ("date", "5"))
    row = read("a.csv", rows, columns=columns, kind="lastfm_csv").kept[0]
    assert (row["artist_name"], row["track_name"], row["album_name"]) == ("Björk", "Jóga", "Homogenic")
    with pytest.raises(UsageError, match="there is no column '9'"):
        read("a.csv", rows, columns=(("artist", "9"),), kind="lastfm_csv")
    with pytest.raises(UsageError, match="no column for track and date"):
        read("a.csv", rows, columns=(("artist", "4"),), kind="lastfm_csv")


def test_without_header_what_repeats_is_what(read: Read) -> None:
    rows = "".join(f"2020-11-20 09:{i:02}:00,Track {i},Album {i // 5},Artist {i // 10}\n" for i in range(40))
    row = read("a.csv", rows).rows[7]
    assert (row["artist_name"], row["album_name"], row["track_name"]) == ("Artist 0", "Album 1", "Track 7")
    alike = "".join(f"2020-11-20 09:{i:02}:00,Track {i},Album {i},Artist {i // 10}\n" for i in range(40))
    with pytest.raises(UnknownKind, match="--columns"):
        read("a.csv", alike)


def test_day_or_month_first_is_settled_over_the_whole_file(read: Read) -> None:
    header, rows = "artist,track,date\n", [f"A,T{i},03/{i:02}/2021 10:00\n" for i in range(1, 13)]
    with pytest.raises(UnknownKind, match="no date in it shows which of the two is the day"):
        read("a.csv", header + "".join(rows))
    last = read("a.csv", header + "".join(rows * 100) + "A,T,03/13/2021 10:00\n").kept
    assert len(last) == 1201
    assert {row["reported_at"].month for row in last} == {3}
    first = read("a.csv", header + "".join(rows) + "A,T,13/03/2021 10:00\n").kept
    assert (len(first), first[4]["reported_at"].month) == (13, 5)
    with pytest.raises(UnknownKind, match="some have the day first, others the month"):
        read("a.csv", header + "A,T,13/03/2021 10:00\nA,T,03/13/2021 10:00\n")
    said = read("a.csv", header + "".join(rows), is_day_first=True).kept
    assert [row["reported_at"].month for row in said] == list(range(1, 13))


def test_local_times_stay_local(read: Read) -> None:
    content = "artist,track,date\nA,T,2021-05-18 18:36:00\nA,T,2021-05-18T18:36:00Z\nA,T,soon\n"
    local = read("a.csv", content, is_local=True)
    assert [(row["local_at"], row["reported_at"]) for row in local.kept] == [
        (datetime(2021, 5, 18, 18, 36), None),
        (None, datetime(2021, 5, 18, 18, 36, tzinfo=UTC)),
    ]
    assert local.reasons == ["date 'soon' is not understood"]


CODE_PAGES = {
    "cp1251": "Кино,Группа крови\nКино,Звезда по имени Солнце\nАквариум,Город золотой\n",
    "cp1252": "Björk,Jóga\nSigur Rós,Ágætis byrjun\nDie Ärzte,Männer sind Schweine\n",
    "cp1253": "Βασίλης Παπακωνσταντίνου,Χαιρετίσματα\nΧάρις Αλεξίου,Όλα σε θυμίζουν\n",
    "cp932": "椎名林檎,歌舞伎町の女王\n宇多田ヒカル,光\nサカナクション,新宝島\nくるり,ばらの花\nスピッツ,ロビンソン\n",
    "utf-16": "Björk,Jóga\n椎名林檎,光\n",
}


@pytest.mark.parametrize(("encoding", "names"), CODE_PAGES.items(), ids=CODE_PAGES)
def test_code_pages(read: Read, encoding: str, names: str) -> None:
    content = "artist,track,uts\n" + names.replace("\n", f",{UTS}\n")
    found = read("a.csv", content.encode(encoding)).kept
    assert [f"{row['artist_name']},{row['track_name']}" for row in found] == names.splitlines()


def test_letters_of_an_unknown_code_page_are_refused_until_it_is_named(read: Read) -> None:
    content = f"artist,track,uts\nDuman,Seni Kendime Sakladım,{UTS}\nŞebnem Ferah,Sil Baştan,{UTS}\n".encode("cp1254")
    with pytest.raises(InputError, match="--encoding"):
        read("a.csv", content)
    assert read("a.csv", content, encoding="cp1254").kept[1]["artist_name"] == "Şebnem Ferah"


def test_letters_after_the_head_count_too(read: Read) -> None:
    plain = f"A,B,{UTS}\n" * 10_000
    content = ("artist,track,uts\n" + plain + CODE_PAGES["cp1251"].replace("\n", f",{UTS}\n")).encode("cp1251")
    assert read("a.csv", content).kept[-1]["artist_name"] == "Аквариум"


def test_rejected_rows_keep_nothing_of_unknown_columns(read: Read) -> None:
    content = f"artist,track,uts,ip_address\nA,T,soon,10.0.0.1\nA,T,{UTS},10.0.0.1,x,y\n"
    found = read("a.csv", content)
    assert [row["raw"] for row in found.rows] == ["A,T,soon", ""]


SEPARATED = st.lists(
    st.sampled_from(
        [
            f"Björk,Jóga,{UTS}",
            "Björk,Hunter,",
            "",
            "  ",
            "# a comment",
            "Björk",
            "a,b,c,d,e",
            'Björk,"Jóga, live",1',
            "\t",
        ]
    ),
    min_size=1,
    max_size=30,
)


@given(SEPARATED, st.sampled_from(["\n", "\r\n"]))
@settings(max_examples=60, deadline=None)
def test_every_record_is_counted(lines: list[str], end: str) -> None:
    """Against a count that does not parse: lines that are not blank."""
    content = f"artist,track,uts{end}Björk,Jóga,{UTS}{end}" + end.join(lines)
    file = InputFile("a.csv", lambda: BytesIO(content.encode()), 1 << 30)
    read = sum(len(table) for table in PlaysCsv().read(file, Context()))
    assert read == 1 + sum(bool(line) for line in lines)


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n\xff\0\0", b"<html></html>", b"only words"])
def test_other_files_are_nobody_s(read: Read, content: str) -> None:
    with pytest.raises(UnknownKind):
        read("a.bin", content)


@pytest.mark.parametrize(
    ("name", "rows", "rejected", "reason"),
    [
        ("lastfm_to_csv_headerless.csv", 60_950, 303, "no date (now playing)"),
        ("lastfm_with_header.csv", 17_503, 643, "dated 1970: now playing or a clock not set"),
    ],
)
def test_real_histories(name: str, rows: int, rejected: int, reason: str) -> None:
    if not (HISTORIES / name).exists():
        pytest.skip("the real histories are not here")
    (file,) = input_files([HISTORIES / name], Settings(home=Path("unused")))
    tables = list(source_of(file).read(file, Context()))  # type: ignore[arg-type]
    reasons = [r for table in tables for r in table["reason"].drop_null().to_pylist()]
    assert sum(len(table) for table in tables) == rows
    assert reasons == [reason] * rejected
