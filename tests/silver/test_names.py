import pytest
from hypothesis import given
from hypothesis import strategies as st

from tonearm.silver.names import artist_key, credits, key_id, title_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The Beatles", "beatles"),
        ("Beatles, The", "The Beatles"),
        ("Simon & Garfunkel", "Simon and Garfunkel"),
        ("Florence + The Machine", "Florence & the Machine"),
        ("Beyoncé", "BEYONCE"),
        ("Mötley Crüe", "Motley Crue"),
        ("Sigur Rós", "sigur ros"),
        ("Røyksopp", "Royksopp"),
        ("Guns N' Roses", "Guns N’ Roses"),
        ("R.E.M.", "REM"),
        ("Kanye West feat. Jamie Foxx", "Kanye West"),
        ("Santana ft. Rob Thomas", "Santana"),
        ("Rihanna (featuring Drake)", "Rihanna"),
        ("ＡＢＢＡ", "ABBA"),
        ("Кино", "КИНО"),
        ("ﾊﾟﾌｭｰﾑ", "パフューム"),
        ("AC/DC", "AC-DC"),
        ("  Low  ", "Low"),
        ("Beyonce\u0301", "Beyonc\u00e9"),
    ],
)
def test_artists_that_are_one(one: str, other: str) -> None:
    assert artist_key(one) == artist_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Earth, Wind & Fire", "Earth"),
        ("Tyler, The Creator", "Tyler"),
        ("Simon & Garfunkel", "Simon"),
        ("AC/DC", "AC"),
        ("Florence + The Machine", "Florence"),
        ("!!!", "!"),
        ("+/-", "!!!"),
        ("The", ""),
        ("The The", "The"),
        ("かきくけこ", "がぎぐげご"),
        ("ハハ", "パパ"),
        ("Иосиф", "Йосиф"),
        ("한글", "한국"),
        ("Little Feat", "Little"),
        ("क", "कि"),
        ("Sunn O)))", "Sun"),
    ],
)
def test_artists_that_are_two(one: str, other: str) -> None:
    assert artist_key(one) != artist_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Help!", "Help! - Remastered 2009"),
        ("Help!", "Help! - 2009 Remaster"),
        ("Help!", "Help! (2009 Digital Remaster)"),
        ("Help!", "Help! - 2009 - Remaster"),
        ("Help!", "Help! - Mono / Remastered"),
        ("Help!", "Help! [Stereo Mix]"),
        ("Help!", "HELP"),
        ("Heroes - Live", "Heroes (Live)"),
        ("Heroes - Live / Remastered 2017", "Heroes (Live)"),
        ("Umbrella", "Umbrella (feat. JAY-Z)"),
        ("Umbrella", "Umbrella ft. JAY-Z"),
        ("Umbrella", "Umbrella [with JAY-Z]"),
        ("Stay (feat. Mikky Ekko) - Live", "Stay - Live"),
        ("Stay feat. Mikky Ekko - Live", "Stay (Live)"),
        ("Song - Album Version", "Song"),
        ("Song - Explicit", "Song"),
        ("Rock & Roll", "Rock and Roll"),
        ("Don't Stop", "Don’t Stop"),
        ("…", "..."),
        ("Für Elise", "Fur Elise"),
        ("千本桜 - Remastered 2019", "千本桜"),
        ("Heart ❤️", "heart ❤"),
    ],
)
def test_titles_that_are_one(one: str, other: str) -> None:
    assert title_key(one) == title_key(other)


@pytest.mark.parametrize(
    "version",
    [
        "Song (Live)",
        "Song - Acoustic",
        "Song - Demo",
        "Song (Instrumental)",
        "Song (Karaoke Version)",
        "Song - Radio Edit",
        "Song (Someone Remix)",
        "Song - Single Version",
        "Song 2",
        "Song, Part Two",
        "Song (With Me)",
        "Song (2018 Mix)",
    ],
)
def test_other_recordings_stay_apart(version: str) -> None:
    assert title_key(version) != title_key("Song")


@pytest.mark.parametrize("name", ["?", "…", "!!!", "+/-", "***", "()", "-", "💔", "❤️", "سلام", "ありがとう", "(Live)"])
def test_odd_names_have_keys_of_their_own(name: str) -> None:
    others = {"?", "…", "!!!", "+/-", "***", "()", "-", "💔", "❤️", "سلام", "ありがとう", "(Live)"} - {name}
    assert artist_key(name) and title_key(name)
    assert title_key(name) not in {title_key(other) for other in others}


@pytest.mark.parametrize("name", ["Remastered", "1999", "With You", "Featuring", "Stereo", "Mono", "Explicit"])
def test_titles_that_are_nothing_but_an_edition_stay(name: str) -> None:
    assert title_key(name) == name.casefold()


def test_arabic_and_thai_marks_stay() -> None:
    assert title_key("สวัสดี") == "สวัสดี"
    assert title_key("مُحَمَّد") != title_key("محمد")


@given(st.text(min_size=1).filter(str.strip))
def test_no_name_is_without_a_key(name: str) -> None:
    assert artist_key(name) and title_key(name)


@given(st.text())
def test_keys_are_stable_under_case_and_repetition(name: str) -> None:
    assert artist_key(name) == artist_key(name)
    assert title_key(f"  {name} ") == title_key(name)


@given(st.integers(0, 99), st.integers(0, 99))
def test_key_ids_differ_as_keys_do(one: int, other: int) -> None:
    assert (key_id(f"a{one}", "b") == key_id(f"a{other}", "b")) == (one == other)
    assert 0 <= key_id(str(one)) < 2**63


@pytest.mark.parametrize(
    ("artist", "artists", "title", "credited"),
    [
        ("Above & Beyond", None, None, "above; beyond"),
        ("Beyond", "Beyond; Above", None, "above; beyond"),
        ("Main", None, "Song [ft. Guest] - Live", "guest; main"),
        ("Main feat. Guest", None, "Left Behind", "guest; main"),
        ("Florence + the Machine", None, None, "florence; machine"),
        ("Vários Artistas", None, "Song (feat. Guest)", "various artists"),
        ("Black Keys", None, None, "black keys"),
        ("!!!", None, None, "!!!"),
        ("&", None, None, "&"),
    ],
)
def test_credits_are_all_artists_one_by_one(artist: str, artists: str | None, title: str | None, credited: str) -> None:
    assert credits(artist, artists, title) == credited
