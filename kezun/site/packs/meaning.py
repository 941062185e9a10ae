"""What must hold between the parts of a pack: codes that exist, trees without circles, days in order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.utils.translation import gettext as _

from kezun.floor.simulator.parameters import Parameters
from kezun.org.scope import roles
from kezun.site.packs import schema as shape
from kezun.site.packs.check import Checked
from kezun.site.packs.staff import invent


def day_of(text: str, anchor: dt.date) -> dt.date:
    """`2026-03-01`, or `day-45`: so many days before the anchor. ValueError where there is no such day."""
    if text.startswith("day-"):
        return anchor - dt.timedelta(days=int(text[4:]))
    return dt.date.fromisoformat(text)


def first_assignment(person: shape.PersonEntry) -> shape.AssignmentEntry:
    """The assignment that a person's own row holds."""
    return shape.AssignmentEntry(
        person=person.code,
        unit=person.unit,
        post=person.post or "",
        line=person.line,
        from_=person.from_,
        to=person.to,
    )


def check_meaning(found: Checked, pack: shape.PackFile, folder: str) -> None:
    """Note every reference in pack.yaml that leads nowhere, and everything given twice."""
    if pack.pack != folder:
        found.wrong(
            "pack",
            _("The pack is called «%(p)s», its folder «%(f)s»: give both one name.")
            % {"p": pack.pack, "f": folder},
        )
    for key in ("units", "lines", "posts", "people"):
        _once(found, key, "code", [row.code for row in getattr(pack, key)])
    units = {u.code for u in pack.units}
    for index, unit in enumerate(pack.units):
        _known(found, f"units[{index}].parent", unit.parent, units)
        _zone(found, f"units[{index}].zone", unit.zone)
    _zone(found, "zone", pack.zone)
    _tree(found, pack.units)
    for index, post in enumerate(pack.posts):
        _known(found, f"posts[{index}].role", post.role, set(roles()))
    _check_moves(found, pack, units)
    _check_people(found, pack, units)
    _days(found, pack)


def _check_moves(found: Checked, pack: shape.PackFile, units: set[str]) -> None:
    for index, move in enumerate(pack.moves):
        _known(found, f"moves[{index}].unit", move.unit, units)
        _known(found, f"moves[{index}].parent", move.parent, units)
        if move.unit == move.parent:
            found.wrong(f"moves[{index}].parent", _("A unit cannot stand under itself."))
    lines = {row.code for row in pack.lines}
    for index, line in enumerate(pack.lines):
        _known(found, f"lines[{index}].parent", line.parent, lines)


def _check_people(found: Checked, pack: shape.PackFile, units: set[str]) -> None:
    posts, lines = {p.code for p in pack.posts}, {row.code for row in pack.lines}
    people = {p.code for p in pack.people}
    for key in ("people", "assignments"):
        rows: Iterable[Any] = getattr(pack, key)
        for index, row in enumerate(rows):
            at = f"{key}[{index}]"
            _known(found, f"{at}.unit", row.unit, units)
            _known(found, f"{at}.post", row.post, posts)
            _known(found, f"{at}.line", row.line, lines)
    _check_deputies(found, pack)
    if pack.staff:  # invented people are known by their rule only: check_parts looks at them
        return
    for path, code in people_named(pack):
        _known(found, path, code, people)


def _check_deputies(found: Checked, pack: shape.PackFile) -> None:
    """Whoever is stood in for holds a post; invented people hold theirs by their rule."""
    placed = {a.person for a in pack.assignments} | {p.code for p in pack.people if p.post}
    idle = {p.code for p in pack.people} - placed
    for index, deputy in enumerate(pack.deputies):
        if deputy.for_ in idle:
            found.wrong(
                f"deputies[{index}].for", _("«%s» holds no post to stand in for: give one.") % deputy.for_
            )
        if deputy.person == deputy.for_:
            found.wrong(f"deputies[{index}].person", _("Nobody stands in for themselves: name another."))


def people_named(pack: shape.PackFile) -> Iterable[tuple[str, str]]:
    """(path, staff number) of every place in pack.yaml that refers to a person."""
    for i, row in enumerate(pack.assignments):
        yield f"assignments[{i}].person", row.person
    for i, deputy in enumerate(pack.deputies):
        yield f"deputies[{i}].person", deputy.person
        yield f"deputies[{i}].for", deputy.for_
    for i, group in enumerate(pack.groups):
        for j, member in enumerate(group.members):
            yield f"groups[{i}].members[{j}].person", member.person
    for i, entry in enumerate(pack.demo.sign_ins if pack.demo else ()):
        yield f"demo.sign_ins[{i}].person", entry.person


def _days(found: Checked, pack: shape.PackFile) -> None:
    anchor = dt.date(2000, 1, 1)
    for key in ("units", "moves", "people", "assignments", "deputies"):
        for index, row in enumerate(getattr(pack, key)):
            spoken: list[dt.date] = []
            for name in ("from", "to"):
                text = getattr(row, f"{name}_" if name == "from" else name, None)
                if text is None:
                    continue
                try:
                    spoken.append(day_of(text, anchor))
                except ValueError:
                    found.wrong(f"{key}[{index}].{name}", _("«%s» is not a day of the calendar.") % text)
            if len(spoken) == 2 and spoken[1] < spoken[0]:
                found.wrong(f"{key}[{index}].to", _("The last day lies before the first."))


def _tree(found: Checked, units: tuple[shape.UnitEntry, ...]) -> None:
    parent = {u.code: u.parent for u in units}
    for index, unit in enumerate(units):
        at, steps = unit.parent, 0
        while at is not None and at != unit.code and steps <= len(parent):
            at, steps = parent.get(at), steps + 1
        if at == unit.code:
            found.wrong(f"units[{index}].parent", _("The unit stands under itself: mend the parents."))
    if units and all(u.parent for u in units):
        found.wrong("units", _("No unit is without a parent: one must be the root of the tree."))


def _zone(found: Checked, path: str, zone: str | None) -> None:
    try:
        ZoneInfo("UTC" if zone is None else zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        found.wrong(path, _("«%s» is not a time zone; write for instance Asia/Shanghai.") % zone)


def _known(found: Checked, path: str, code: str | None, known: set[str]) -> None:
    if code is not None and code not in known:
        found.wrong(path, _("There is no «%s» in this pack: add it or mend the code.") % code)


def _once(found: Checked, key: str, name: str, values: list[str]) -> None:
    seen: dict[str, int] = {}
    for index, value in enumerate(values):
        if value in seen:
            line = found.where(f"{key}[{seen[value]}]")[1]
            found.wrong(
                f"{key}[{index}].{name}",
                _("«%(v)s» stands already in line %(n)d: keep one.") % {"v": value, "n": line},
            )
        seen.setdefault(value, index)


def check_parts(
    parts: dict[str, Checked],
    pack: shape.PackFile,
    staff: shape.StaffFile | None,
    calendar: tuple[shape.CalendarEntry, ...],
) -> None:
    """Note what is wrong between pack.yaml and its staff and calendar files."""
    found = parts["pack.yaml"]
    if staff and pack.staff:
        posts = {p.code for p in pack.posts}
        for index, row in enumerate(staff.establishments):
            for post in row.posts:
                _known(parts[pack.staff], f"establishments[{index}].posts.{post}", post, posts)
        if not staff.surnames or not staff.given:
            parts[pack.staff].wrong("surnames", _("Give at least one surname and one given name."))
        elif not any(part.mistakes for part in parts.values()):
            people = {p.code for p in (*pack.people, *invent(staff, pack.units))}
            for path, code in people_named(pack):
                _known(found, path, code, people)
    for index, entry in enumerate(calendar):
        try:
            dt.date.fromisoformat(entry.date)
        except ValueError:
            parts[str(pack.calendar)].wrong(
                f"[{index}].date", _("«%s» is not a day of the calendar.") % entry.date
            )
    names = [entry.username for entry in pack.demo.sign_ins] if pack.demo else []
    _once(found, "demo.sign_ins", "username", names)


def check_simulator(found: Checked, wanted: Parameters, pack: shape.PackFile) -> None:
    """Note what a simulator's figures say that cannot be: hours that do not fit, stories of unknown units."""
    units = {u.code for u in pack.units}
    for index, story in enumerate(wanted.stories):
        _known(found, f"stories[{index}].unit", story.unit, units)
        if story.last > story.first:
            found.wrong(f"stories[{index}].last", _("A story ends fewer days ago than it began."))
    for index, queue in enumerate(wanted.queues):
        at, pattern = f"queues[{index}]", queue.pattern
        if queue.kind not in {u.kind for u in pack.units}:
            found.wrong(f"{at}.kind", _("No unit of this pack is a %s.") % queue.kind)
        if len(pattern.hours) != pattern.closes - pattern.opens:
            found.wrong(
                f"{at}.pattern.hours",
                _("Give one weight for each hour from opening to closing: %d.")
                % (pattern.closes - pattern.opens),
            )
        weights: dict[str, list[float]] = {
            "pattern.hours": list(pattern.hours),
            "businesses": [b.share for b in queue.businesses],
            "classes": [c.share for c in queue.classes],
            "sizes": [s.load for s in queue.sizes],
        }
        for name, values in weights.items():
            if not sum(values):
                found.wrong(f"{at}.{name}", _("At least one must be above 0."))
        if queue.ratings.coverage[0] > queue.ratings.coverage[1]:
            found.wrong(f"{at}.ratings.coverage", _("The lower bound comes first."))
