"""Typed looks at the mappings of a tree: each mistake is noted with its line, and reading goes on."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation

from kezun.standards.rules.nodes import BOOL, Node, Problem

# So far every sum and product of points and shares is exact in the digits that Decimal keeps.
LARGEST, PLACES = Decimal(1_000_000_000), 9
# So many points a criterion and a whole standard may have: what sheets, and facts in ten-thousandths, hold.
MOST_POINTS, MOST_TOTAL, MOST_WHOLE = 10_000, 200_000, 1_000_000
TRUE = ("true", "yes", "on")


class Reading:
    """Typed looks at one mapping. What is wrong goes to the shared list, and a harmless value comes back."""

    def __init__(self, node: Node, path: str, problems: list[Problem]) -> None:
        self.node, self.path, self.problems = node, path, problems
        self.line = node.line
        self.fields: Mapping[str, Node] = node.fields or {}
        if node.fields is None:
            self.say("not_mapping", node.line)

    def say(self, code: str, line: int | None = None, key: str = "", **params: object) -> None:
        """Note a problem at a key (its line), else at the mapping."""
        at = line or self.node.lines.get(key) or self.line
        where = ".".join(p for p in (self.path, key) if p)
        self.problems.append(Problem(at, where, code, params))

    def only(self, keys: tuple[str, ...]) -> None:
        """Every key must be one of these."""
        for key in self.fields:
            if key not in keys:
                self.say("unknown_key", key=key, name=key, known=", ".join(keys))

    def has(self, key: str) -> bool:
        return key in self.fields and not self.fields[key].empty

    def _there(self, key: str, required: bool) -> Node | None:
        if self.has(key):
            return self.fields[key]
        if required:
            self.say("missing_key", key=key, name=key)
        return None

    def text(self, key: str, *, required: bool = False, default: str = "") -> str:
        node = self._there(key, required)
        if node is None:
            return default
        if node.text is None:
            self.say("not_text", key=key)
            return default
        if required and not node.text.strip():
            self.say("missing_key", key=key, name=key)
        return node.text.strip()

    def choice(self, key: str, known: tuple[str, ...], default: str) -> str:
        value = self.text(key, default=default)
        if value not in known:
            self.say("unknown_value", key=key, value=value, known=", ".join(known))
            return default
        return value

    def decimal(self, key: str, *, required: bool = True, default: Decimal | None = None) -> Decimal | None:
        node = self._there(key, required)
        return default if node is None else self.number(node, key)

    def points(self, key: str, most: int = MOST_POINTS) -> Decimal | None:
        """An amount of points, of either sign."""
        value = self.decimal(key)
        if value is not None and abs(value) > most:
            self.say("number_outside", key=key, value=str(value), most=str(most), places=PLACES)
            return None
        return value

    def number(self, node: Node, key: str) -> Decimal | None:
        """A scalar as an exact number; None, with a problem, where it is none."""
        try:
            value = Decimal(node.text or "")
        except InvalidOperation:
            self.say("not_number", node.line, key, value=node.text or "")
            return None
        if not value.is_finite():
            self.say("not_number", node.line, key, value=node.text or "")
            return None
        digits = value.as_tuple()
        if abs(value) > LARGEST or (isinstance(digits.exponent, int) and digits.exponent < -PLACES):
            self.say(
                "number_outside", node.line, key, value=node.text or "", most=f"{LARGEST:f}", places=PLACES
            )
            return None
        return value

    def whole(
        self, key: str, *, required: bool, default: int = 0, least: int = 0, most: int = MOST_WHOLE
    ) -> int:
        value = self.decimal(key, required=required, default=Decimal(default))
        if value is None:
            return default
        if value != value.to_integral_value() or value < least:
            self.say("not_whole", key=key, value=str(value), least=least)
            return default
        if value > most:
            self.say("whole_outside", key=key, value=str(value), least=least, most=most)
            return default
        return int(value)

    def flag(self, key: str, *, default: bool = False) -> bool:
        node = self._there(key, False)
        if node is None:
            return default
        if node.tag != BOOL:
            self.say("not_flag", key=key, value=node.text or "")
            return default
        return (node.text or "").lower() in TRUE

    def day(self, key: str, *, required: bool) -> date | None:
        node = self._there(key, required)
        if node is None:
            return None
        try:
            return date.fromisoformat(node.text or "")
        except ValueError:
            self.say("not_day", key=key, value=node.text or "")
            return None

    def texts(self, key: str, *, required: bool = False) -> tuple[str, ...]:
        """A list of texts without repetition; one text alone counts as a list of one."""
        node = self._there(key, required)
        if node is None:
            return ()
        if node.text is not None:
            return tuple(word for word in (self.text(key, required=required),) if word)
        found: list[str] = []
        for row in node.rows or ():
            if row.text is None or row.empty or not row.text.strip():
                self.say("not_text", row.line, key)
            elif row.text.strip() in found:
                self.say("twice", row.line, key, value=row.text.strip())
            else:
                found.append(row.text.strip())
        if node.rows is None:
            self.say("not_list", key=key)
        elif required and not node.rows:
            self.say("empty_list", key=key)
        return tuple(found)

    def rows(self, key: str, *, required: bool = False) -> tuple[Node, ...]:
        node = self._there(key, required)
        if node is None:
            return ()
        if node.rows is None:
            self.say("not_list", key=key)
            return ()
        if required and not node.rows:
            self.say("empty_list", key=key)
        return node.rows

    def under(self, key: str, *, required: bool = False) -> Reading | None:
        """The mapping at a key; None where it is absent."""
        node = self._there(key, required)
        return None if node is None else self.at(node, key)

    def at(self, node: Node, key: str) -> Reading:
        return Reading(node, ".".join(p for p in (self.path, key) if p), self.problems)
