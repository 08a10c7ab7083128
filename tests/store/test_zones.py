from __future__ import annotations

import pytest
import tzlocal

from tonearm.errors import UnknownName, UsageError
from tonearm.store.zones import find_zone, system_zone


@pytest.mark.parametrize(
    ("text", "zone"),
    [
        ("Europe/Berlin", "Europe/Berlin"),
        ("europe/berlin", "Europe/Berlin"),
        (" America/New York ", "America/New_York"),
        ("Asia/Calcutta", "Asia/Calcutta"),
        ("US/pacific", "US/Pacific"),
        ("utc", "UTC"),
    ],
)
def test_names_and_aliases(text: str, zone: str) -> None:
    assert find_zone(text) == zone


@pytest.mark.parametrize(("text", "near"), [("Europe/Berln", "Europe/Berlin"), ("Asia/Calcuta", "Asia/Calcutta")])
def test_a_misspelt_zone_is_named_with_the_nearest(text: str, near: str) -> None:
    with pytest.raises(UnknownName, match=near):
        find_zone(text)


@pytest.mark.parametrize(
    ("text", "offered"),
    [
        ("UTC+10", "Australia/Brisbane, Australia/Sydney or Etc/GMT-10, which is always UTC\\+10"),
        ("gmt-3", "America/Sao_Paulo, .* or Etc/GMT\\+3, which is always UTC-3"),
        ("+05:30", "Asia/Kolkata$"),
        ("UTC+99", "no place is UTC\\+99 from UTC"),
    ],
)
def test_for_an_offset_places_are_offered(text: str, offered: str) -> None:
    with pytest.raises(UsageError, match=offered):
        find_zone(text)


@pytest.mark.parametrize("text", ["", "../../etc/passwd", "/etc/localtime", "xyzzy", "localtime", "\0"])
def test_what_is_no_zone_is_refused(text: str) -> None:
    with pytest.raises(UnknownName):
        find_zone(text)


@pytest.mark.parametrize(("name", "zone"), [("Asia/Kolkata", "Asia/Kolkata"), ("local", "UTC"), (None, "UTC")])
def test_the_machine_s_zone(monkeypatch: pytest.MonkeyPatch, name: str | None, zone: str) -> None:
    monkeypatch.setattr(tzlocal, "get_localzone_name", lambda: name)
    assert system_zone() == zone
