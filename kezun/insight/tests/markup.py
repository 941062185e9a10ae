"""A page taken apart: elements with their attributes, ancestors and words, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "input", "br", "hr", "img", "source", "wbr", "col"}
LABELLED = {"input", "select", "textarea"}
UNSEEN = {"hidden", "submit", "button"}


@dataclass
class Element:
    """One element: tag, attributes, what it stands in, and all words inside it."""

    tag: str
    attrs: dict[str, str]
    parent: Element | None
    words: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def inside(self, tag: str) -> bool:
        above = self.parent
        while above is not None:
            if above.tag == tag:
                return True
            above = above.parent
        return False

    def has(self, css: str) -> bool:
        return css in self.attrs.get("class", "").split()


class Markup(HTMLParser):
    """A response read strictly: what closes must be open.

    `all("article", "k-tile")`, `within(element, "a")`, `faults()`.
    """

    def __init__(self, response) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.open: list[Element] = []
        self.feed(response.content.decode())
        self.close()
        self.unclosed = [e.tag for e in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {k: v or "" for k, v in attrs}, self.open[-1] if self.open else None)
        self.elements.append(made)
        if tag not in VOID:
            self.open.append(made)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {k: v or "" for k, v in attrs}, self.open[-1] if self.open else None)
        self.elements.append(made)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1].tag == tag:
            self.open.pop()
        else:
            raise AssertionError(f"</{tag}> closes nothing, inside {[e.tag for e in self.open][-3:]}")

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element.words.append(data)

    def all(self, tag: str, css: str = "") -> list[Element]:
        return [e for e in self.elements if e.tag == tag and (not css or e.has(css))]

    def within(self, above: Element, tag: str, css: str = "") -> list[Element]:
        def under(element: Element) -> bool:
            at = element.parent
            while at is not None and at is not above:
                at = at.parent
            return at is above

        return [e for e in self.all(tag, css) if under(e)]

    def faults(self) -> list[str]:
        """What a strict policy or a reader of screens would stumble over."""
        found = [f"not closed: {tag}" for tag in self.unclosed]
        ids = Counter(e.attrs["id"] for e in self.elements if "id" in e.attrs)
        found += [f"id twice: {name}" for name, n in ids.items() if n > 1]
        labels = {e.attrs.get("for") for e in self.all("label")}
        for e in self.elements:
            found += [f"<{e.tag} {name}>" for name in e.attrs if name == "style" or name.startswith("on")]
            if e.tag == "style":
                found.append("inline style")
            if e.tag == "script" and "src" not in e.attrs and e.attrs.get("type") != "application/json":
                found.append("inline script")
            if e.tag in LABELLED and e.attrs.get("type") not in UNSEEN:
                named = e.inside("label") or e.attrs.get("aria-label") or e.attrs.get("aria-labelledby")
                if not named and e.attrs.get("id") not in labels:
                    found.append(f"no label: {e.tag} {e.attrs.get('name')}")
            if e.tag in ("a", "button") and not (e.text or e.attrs.get("aria-label")):
                found.append(f"no words: {e.tag} {e.attrs}")
            if e.tag == "svg" and "aria-hidden" not in e.attrs and "aria-label" not in e.attrs:
                found.append("a picture without words")
            if e.tag == "th" and "scope" not in e.attrs:
                found.append(f"a heading of no scope: {e.text}")
            if e.tag == "form" and e.attrs.get("method", "").lower() == "post" and not self._token(e):
                found.append(f"a form without a token: {e.attrs.get('action')}")
        return found

    def _token(self, form: Element) -> bool:
        return any(i.attrs.get("name") == "csrfmiddlewaretoken" for i in self.within(form, "input"))
