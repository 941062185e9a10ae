"""Every page that the registry knows, found by following links as five kinds of people would."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
import yaml
from django.urls import Resolver404, get_resolver, resolve
from playwright.sync_api import Error

from kezun.kernel.page import PAGES
from tests.browser.harness import faults, overflow
from tools import tree

# One worker takes them all, so that one server with one demo bank serves them.
pytestmark = pytest.mark.xdist_group("browser")

PEOPLE = ["office", "branch", "teller", "auditor", "sysadmin", "secadmin"]
TIMES, ENOUGH = 2, 2
SIZES = ("desktop", "phone")
get_resolver().url_patterns  # noqa: B018 loads every room's pages
TOLD = yaml.safe_load(tree.text(Path("tests/permissions.yaml")))
NOT_LINKED = set(TOLD.get("not_linked") or {}) | set(TOLD["public"])
FORMS = {name for name, told in TOLD["pages"].items() if told.get("method") == "POST"}
seen: dict[str, set[str]] = defaultdict(set)


def name_of(path: str) -> str | None:
    """The page that answers a path; None for what is not ours (files, exports, sign-out)."""
    try:
        return resolve(path).url_name
    except Resolver404:
        return None


def links(page, here: str) -> list[str]:
    """Links that open a page here: no downloads, no anchors."""
    found = page.eval_on_selector_all(
        "a[href]", "nodes => nodes.filter(n => !n.hasAttribute('download')).map(n => n.getAttribute('href'))"
    )
    return [urljoin(here, href) for href in dict.fromkeys(found) if not href.startswith(("#", "mailto:"))]


def parts(page, here: str) -> list[str]:
    """What a page fetches piece by piece (`hx-get`), or offers to download."""
    script = """nodes => nodes.map(n => n.getAttribute('hx-get') || n.getAttribute('href')).filter(h => h)"""
    found = page.eval_on_selector_all("[hx-get], a[download][href]", script)
    return [urljoin(here, href) for href in dict.fromkeys(found)]


def look_at(page, url: str, size: str, closely: bool = True) -> list[str]:
    """Open a page and say what is wrong with it; not closely: only whether it opens."""
    try:
        answer = page.goto(url)
    except Error as error:
        if "Download is starting" in error.message:
            return []
        raise
    page.wait_for_load_state("load")
    if answer is None or answer.status >= 400:
        return [f"{url}: {answer.status if answer else 'no answer'}"]
    if not closely:
        return []
    wrong = []
    if not page.title().strip():
        wrong.append(f"{url}: no title")
    if page.locator("h1").count() != 1:
        wrong.append(f"{url}: {page.locator('h1').count()} headings of the first order")
    if size == "phone" and overflow(page):
        wrong.append(f"{url}: {overflow(page)} pixels wider than the phone")
    return wrong + [f"{url}: {line}" for line in faults(page)]


@dataclass
class Walk:
    """One person's way through the pages, from link to link, each page at most twice."""

    name: str
    address: str
    pages: dict[str, Any]
    visited: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    asked: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)

    def new(self, url: str) -> str | None:
        """The name of the page at `url`, where it is ours and not yet looked at often enough."""
        name = name_of(urlsplit(url).path) if url.startswith(self.address) else None
        if name not in PAGES or url in self.asked or self.visited[name] >= TIMES:
            return None
        self.asked.add(url)
        self.visited[name] += 1
        return name

    def go(self) -> None:
        waiting = [f"{self.address}/"]
        while waiting:
            url = waiting.pop(0)
            if (name := self.new(url)) is None:
                continue
            known = len(seen[name]) >= ENOUGH or self.visited[name] > 1
            for size in SIZES[:1] if known else SIZES:
                self.wrong += look_at(self.pages[size], url, size, closely=not known)
            seen[name].add(self.name)
            waiting += links(self.pages["desktop"], url)
            for part in parts(self.pages["desktop"], url):
                self.fetch(part)

    def __post_init__(self) -> None:
        for page in self.pages.values():
            page.on("response", self.answered)

    def answered(self, response: Any) -> None:
        """What a page fetches by itself was reached too, however fast the answer takes its place."""
        if response.request.resource_type not in ("xhr", "fetch") or response.status >= 400:
            return
        name = name_of(urlsplit(response.url).path) if response.url.startswith(self.address) else None
        if name in PAGES:
            seen[name].add(self.name)

    def fetch(self, url: str) -> None:
        if (name := self.new(url)) is None:
            return
        status = self.pages["desktop"].request.get(url).status
        seen[name].add(self.name)
        if status >= 400:
            self.wrong.append(f"{url}: {status}")


def test_every_page_behaves_and_is_reached(visit, address):
    """No request elsewhere, no word in the console, nothing grave for accessibility, on screen and phone.

    Together the people of the demo reach every page; what no link leads to is named with its reason in
    tests/permissions.yaml.
    """
    wrong = []
    for name in PEOPLE:
        walk = Walk(name, address, {size: visit(name, size) for size in SIZES})
        walk.go()
        assert walk.visited, f"{name}: the first page led nowhere"
        wrong += [f"{name}: {line}" for line in walk.wrong]
    assert not wrong, "\n".join(wrong)
    missed = set(PAGES) - set(seen) - NOT_LINKED - FORMS
    assert not missed
    assert not NOT_LINKED - set(PAGES)


def test_sign_in_page_behaves(visit, address):
    for size in SIZES:
        for language in ("zh", "en"):
            assert not look_at(visit(None, size, language), f"{address}/account/login/", size)
