"""Which keys a JSON file has: how its kind is recognised, whatever its order, indentation and containers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from tonearm.errors import InputError

if TYPE_CHECKING:
    from tonearm.sources.files import InputFile

SAMPLE_BYTES = 1 << 20
"""How far into a file keys are looked for: beyond the head, since lists of other things may come first."""
_STRING = re.compile(rb'"((?:[^"\\]++|\\.)*+)"\s*+(:?)')
_SHOWN_KEYS = 12

_samples: WeakKeyDictionary[InputFile, bytes] = WeakKeyDictionary()


def is_json(file: InputFile) -> bool:
    """Whether the file's text starts as a list or an object."""
    return starts_with(file, b"[") or starts_with(file, b"{")


def starts_with(file: InputFile, byte: bytes) -> bool:
    """Whether the first byte of the file that is neither white space nor an encoding's mark is ``byte``."""
    return file.head.lstrip(b"\xef\xbb\xbf\xff\xfe\0 \t\r\n")[:1] == byte


def is_empty_list(file: InputFile) -> bool:
    """Whether the file is a list without a row, perhaps cut off after its bracket."""
    return is_json(file) and re.fullmatch(r"\[[\[\]\s,]*", file.head_text.lstrip("\ufeff \t\r\n")) is not None


def has_keys(file: InputFile, *keys: str) -> bool:
    """Whether the file is JSON whose objects, taken together, have all ``keys``."""
    if not is_json(file):
        return False
    sample = _sample(file)
    # Most files lack one of the keys altogether, which is seen without splitting them into strings.
    return all(b'"%b"' % key.encode() in sample for key in keys) and set(keys) <= set(_keys(sample))


def looks(file: InputFile) -> str:
    """What the file looks like, in a phrase for people whose file is refused."""
    found = _keys(_sample(file)[: 64 << 10])
    what = "a list" if starts_with(file, b"[") else "an object"
    if not found:
        return f"JSON, {what} without named fields"
    names = ", ".join(key[:40] for key in found[:_SHOWN_KEYS])
    return f"JSON, {what} with the fields {names}{', …' if len(found) > _SHOWN_KEYS else ''}"


def _sample(file: InputFile) -> bytes:
    if file not in _samples:
        try:
            sample = next(file.blocks(SAMPLE_BYTES), b"")
        except InputError:
            sample = file.head
        _samples[file] = sample
    return _samples[file]


def _keys(sample: bytes) -> list[str]:
    """The keys in the order in which they first occur."""
    return [
        key.decode("utf-8", "replace")
        for key in dict.fromkeys(text for text, colon in _STRING.findall(sample) if colon)
    ]


def values_of(file: InputFile, *keys: str) -> set[str]:
    """The different texts, within the sample, of the last of ``keys``, each nested in the one before it."""
    path = rb"\s*:\s*\{\s*".join(b'"%b"' % re.escape(key.encode()) for key in keys)
    found = re.findall(path + rb'\s*:\s*"([^"\\]*)"', _sample(file))
    return {value.decode("utf-8", "replace") for value in found}
