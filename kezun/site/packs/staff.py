"""Invented people for a demo bank, by rule: always the same ones for the same pack."""

from __future__ import annotations

import hashlib

from kezun.site.packs.schema import Establishment, PersonEntry, StaffFile, UnitEntry


def invent(staff: StaffFile, units: tuple[UnitEntry, ...]) -> tuple[PersonEntry, ...]:
    """People of every unit by its establishment: staff number = unit code, `-`, two digits from 01.

    Names come from the pack's lists, drawn by seed and unit, so that adding a unit renames nobody elsewhere.
    """
    made: list[PersonEntry] = []
    for unit in units:
        rule = establishment(staff, unit)
        if rule is None:
            continue
        posts = [post for post, count in rule.posts.items() for _i in range(count)]
        made += [
            PersonEntry(
                code=f"{unit.code}-{number:02d}",
                name=_name(staff, f"{unit.code}/{number}"),
                unit=unit.code,
                phone=_phone(staff, f"{unit.code}/{number}"),
                post=post,
            )
            for number, post in enumerate(posts, start=1)
        ]
    return tuple(made)


def establishment(staff: StaffFile, unit: UnitEntry) -> Establishment | None:
    """The first rule that fits the unit, or None: nobody works there."""
    return next(
        (
            row
            for row in staff.establishments
            if row.kind == unit.kind
            and (row.unit is None or row.unit == unit.code)
            and (row.tag is None or row.tag in unit.tags)
        ),
        None,
    )


def _phone(staff: StaffFile, key: str) -> str:
    """Eleven digits that look like a mobile number and are nobody's: none begins with 129."""
    digest = hashlib.sha256(f"{staff.seed}/{key}/phone".encode()).digest()
    return f"129{int.from_bytes(digest[:8], 'big') % 10**8:08}"


def _name(staff: StaffFile, key: str) -> str:
    digest = hashlib.sha256(f"{staff.seed}/{key}".encode()).digest()
    surname, given = int.from_bytes(digest[:4], "big"), int.from_bytes(digest[4:8], "big")
    return staff.surnames[surname % len(staff.surnames)] + staff.given[given % len(staff.given)]
