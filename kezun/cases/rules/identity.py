"""Identity numbers: how a resident's and a legal person's unified code are written, to the check sign.

Resident identity number: GB 11643-1999 (six digits of the area, eight of the birth date, three in order, a
check sign by ISO 7064 MOD 11-2). Unified social credit code: GB 32100-2015 (eighteen signs of 31, the last
a check sign modulo 31 with weights that are powers of three). Other papers have no sign to be checked.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
WEIGHTS_OF_RESIDENT = tuple(pow(2, 17 - place, 11) for place in range(17))
WEIGHTS_OF_UNIFIED = tuple(pow(3, place, 31) for place in range(17))
LAST_OF_RESIDENT = "10X98765432"
LENGTH, LEAST, MOST = 18, 5, 17
RESIDENT = re.compile(r"[1-9]\d{16}[\dX]")
UNIFIED = re.compile(rf"[{SIGNS}]{{18}}")
OTHER = re.compile(rf"[A-Z0-9]{{{LEAST},{MOST}}}")
# so many digits are a number of one of the two with some lost or doubled; no other paper has them
NEARLY = re.compile(r"\d{13,}X?")
EARLIEST_BIRTH = dt.date(1900, 1, 1)


def plain(text: str) -> str:
    """A number as it is kept: narrow signs, capitals, without the spaces and hyphens that people write."""
    return re.sub(r"[\s\-\u00b7.]", "", unicodedata.normalize("NFKC", text)).upper()


def resident_check(body: str) -> str:
    """The last sign of a resident identity number for its first 17 digits."""
    total = sum(int(digit) * weight for digit, weight in zip(body[:17], WEIGHTS_OF_RESIDENT, strict=True))
    return LAST_OF_RESIDENT[total % 11]


def unified_check(body: str) -> str:
    """The last sign of a unified social credit code for its first 17 signs."""
    pairs = zip(body[:17], WEIGHTS_OF_UNIFIED, strict=True)
    return SIGNS[-sum(SIGNS.index(sign) * weight for sign, weight in pairs) % 31]


def born(number: str) -> dt.date | None:
    """The birth date in a resident identity number; None where there is no such day."""
    try:
        return dt.date(int(number[6:10]), int(number[10:12]), int(number[12:14]))
    except ValueError:
        return None


def fault(text: str, today: dt.date) -> str:
    """What is wrong with an identity number: length, signs, birth, check; "" where nothing is.

    Eighteen signs are a resident's number or a unified code, whichever they fit; digits of nearly that length
    are one of them miswritten. Shorter ones are papers of another kind (a passport, a permit).
    """
    number = plain(text)
    if len(number) != LENGTH:
        if NEARLY.fullmatch(number) or len(number) > LENGTH:
            return "length"
        return "" if OTHER.fullmatch(number) else "signs"
    return _of_resident(number, today) if _resident(number) else _of_unified(number)


def _resident(number: str) -> bool:
    """Whether it is written as a resident's number is, with a day where the birth date stands."""
    return RESIDENT.fullmatch(number) is not None and (number[0] != "9" or born(number) is not None)


def _of_resident(number: str, today: dt.date) -> str:
    if resident_check(number) != number[-1]:
        unified = UNIFIED.fullmatch(number) is not None and unified_check(number) == number[-1]
        return "" if unified else "check"
    day = born(number)
    return "" if day is not None and EARLIEST_BIRTH <= day <= today else "birth"


def _of_unified(number: str) -> str:
    if not UNIFIED.fullmatch(number):
        return "signs"
    return "" if unified_check(number) == number[-1] else "check"
