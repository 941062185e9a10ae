"""A running Kezun with the demo bank, and a Chromium that keeps watch over everything a page does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Playwright, Request

from tools import tree

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb"),
]
SIZES = {"desktop": {"width": 1280, "height": 800}, "phone": {"width": 390, "height": 844}}
LANGUAGES = {"zh": "zh-CN", "en": "en-US"}
LAST_DAY = "2026-06-30"
AXE = tree.ROOT / "node_modules" / "axe-core" / "axe.min.js"
GRAVE = {"serious", "critical"}
READY_SECONDS = 120


def chromium() -> str | None:
    """Where a Chromium is; None where there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def kezun(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run a `kezun` command in a home of its own; fails with what it printed."""
    return python(home, "-m", "kezun.site", *arguments, **more)


def python(home: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree.ROOT,
        env=environment(home) | more,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    return done


def environment(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in {"DATABASE_URL", "PYTEST_CURRENT_TEST"}}
    return kept | {"KEZUN_HOME": str(home), "KEZUN_LOG_LEVEL": "WARNING", "PYTHONUNBUFFERED": "1"}


@contextmanager
def running(home: Path) -> Iterator[str]:
    """The demo bank served from `home` on a free port; gives the address, and ends all processes after."""
    port = free_port()
    log = (home / "server.log").open("w")
    server = subprocess.Popen(
        [sys.executable, "-m", "kezun.site", "demo", "--port", str(port), "--anchor", LAST_DAY],
        cwd=tree.ROOT,
        env=environment(home),
        stdout=log,
        stderr=log,
        start_new_session=True,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(address, server, home / "server.log")
        yield address
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
        log.close()


def wait_for(address: str, server: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + READY_SECONDS
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/account/login/", timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise AssertionError(f"the server did not come up: {log.read_text()[-3000:]}")


@dataclass
class Watch:
    """What a page must not do: ask elsewhere, complain in the console, break a policy, fail at the server."""

    origin: str
    elsewhere: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("request", self._asked)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("response", lambda r: r.status >= 500 and self.broken.append(f"{r.status} {r.url}"))
        page.on("requestfailed", self._failed)

    def _asked(self, request: Request) -> None:
        if not request.url.startswith((self.origin, "data:", "blob:", "about:")):
            self.elsewhere.append(request.url)

    def _said(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")

    def _failed(self, request: Request) -> None:
        left = request.failure == "net::ERR_ABORTED"  # the page was left while it still loaded
        if request.resource_type in {"script", "stylesheet", "font"} and not left:
            self.broken.append(f"did not load: {request.url}")

    def clear(self) -> None:
        """Forget what was seen; for tests that provoke a refusal on purpose."""
        self.elsewhere, self.complaints, self.broken = [], [], []

    def verdict(self) -> list[str]:
        return [
            *(f"asked elsewhere: {url}" for url in self.elsewhere),
            *self.complaints,
            *self.broken,
        ]


def faults(page: Page) -> list[str]:
    """What axe-core finds serious or critical on the page as it is now."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate("() => axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['impact']} {v['id']}: {json.dumps(node['target'])} {node.get('failureSummary', '')[:200]}"
        for v in found["violations"]
        if v["impact"] in GRAVE
        for node in v["nodes"][:3]
    ]


def overflow(page: Page) -> int:
    """How many pixels the page is wider than the screen (0: it fits)."""
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    return max(0, int(page.evaluate(wide)))


@dataclass
class Visitors:
    """Signed-in browsers, one context for each sign-in, size and language, made when first asked for."""

    browser: Browser
    origin: str
    password: str
    states: dict[str, Any] = field(default_factory=dict)
    contexts: list[BrowserContext] = field(default_factory=list)

    def visit(self, name: str | None, size: str = "desktop", language: str = "zh") -> tuple[Page, Watch]:
        """A page signed in as `name` (None: nobody), with its watch."""
        context = self.browser.new_context(
            viewport=SIZES[size],
            locale=LANGUAGES[language],
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            is_mobile=size == "phone",
            has_touch=size == "phone",
            storage_state=self._signed_in(name) if name else None,
        )
        context.set_default_timeout(15_000)
        self.contexts.append(context)
        page = context.new_page()
        watch = Watch(self.origin)
        watch.over(page)
        return page, watch

    def _signed_in(self, name: str) -> Any:
        if name not in self.states:
            context = self.browser.new_context(locale="zh-CN")
            page = context.new_page()
            sign_in(page, self.origin, name, self.password)
            self.states[name] = context.storage_state()
            context.close()
        return self.states[name]

    def leave(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts = []


def sign_in(page: Page, origin: str, name: str, password: str) -> None:
    page.goto(f"{origin}/account/login/")
    page.locator("input[name=login]").fill(name)
    page.locator("input[name=password]").fill(password)
    page.locator("input[name=password]").press("Enter")
    page.wait_for_url(lambda url: "/account/login" not in url)


def launch(playwright: Playwright) -> Browser:
    return playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
