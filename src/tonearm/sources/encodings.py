"""Which code page a text is in that is not UTF-8: found, or refused, because wrong letters would be kept for good."""

from __future__ import annotations

import re

_WESTERN = "cp1252"
_EASTERN_EUROPE = frozenset({"cp1250", "cp1254", "cp1257"})
_OTHERS = frozenset(
    {"cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp932", "gb18030", "cp949", "big5", "euc_jp", "cp874"}
)
_HIGH, _LONG_RUN = re.compile(rb"[\x80-\xff]"), re.compile(rb"[\x80-\xff]{3,}")
_SIGN_IN_WORD = re.compile(r"(?<=[^\W\d_])[\u0080-\u00bf\u2013-\u2122](?=[^\W\d_])|[³¹¿¶¼¾](?=[^\W\d_])")
_ICELANDIC_OR_TURKISH, _ICELANDIC = re.compile("[þðýÞÐÝ]"), re.compile("[áíúæóÁÍÚÆÓ]")
_MOST_CHAOS, _CHAOS_LEAD, _COHERENCE_LEAD = 0.1, 0.05, 1.2
"""How disorderly the best decoding may be, and how much worse any other must be: in disorder, or in how well its
letters fit a language."""


def code_page(sample: bytes) -> str | None:
    """Python's name of the code page that ``sample`` is written in; None when that cannot be told.

    Western European text has single accented letters among plain ones, and is Windows-1252 unless signs stand within
    its words. For the others charset-normalizer compares how orderly each decoding is.
    """
    high = len(_HIGH.findall(sample))
    in_runs = sum(len(run) for run in _LONG_RUN.findall(sample))
    if in_runs >= high / 4 and high:
        return _most_orderly(sample, _OTHERS)
    return _WESTERN if _is_western(sample) else _most_orderly(sample, _EASTERN_EUROPE)


def _is_western(sample: bytes) -> bool:
    text = sample.decode(_WESTERN, "replace")
    if _SIGN_IN_WORD.search(text) or "\N{REPLACEMENT CHARACTER}" in text:
        return False
    return not _ICELANDIC_OR_TURKISH.search(text) or bool(_ICELANDIC.search(text))


def _most_orderly(sample: bytes, among: frozenset[str]) -> str | None:
    from charset_normalizer import from_bytes

    found = [match for match in from_bytes(sample) if match.encoding in among]
    if not found or found[0].chaos > _MOST_CHAOS:
        return None
    best = found[0]
    for other in found[1:]:
        is_messier = other.chaos >= best.chaos + _CHAOS_LEAD
        is_less_coherent = best.coherence > _COHERENCE_LEAD * other.coherence
        if str(other) != str(best) and not is_messier and not is_less_coherent:
            return None
    return best.encoding
