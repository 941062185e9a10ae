"""Ways through the product as people take them, from the first page to the file in hand."""

from __future__ import annotations

import io
import re

import pytest
from openpyxl import load_workbook
from playwright.sync_api import expect

from tests.browser import harness

# One worker takes them all, so that one server with one demo bank serves them.
pytestmark = pytest.mark.xdist_group("browser")

JUNE = "period=2026-06"


def crumbs(page):
    return page.locator("nav.k-crumbs li")


def first_row(page):
    return page.locator("table.k-ranked tbody tr, section[aria-labelledby=ranked] tbody tr").first


def follow(page, locator):
    """Click a link and wait until its page stands."""
    href = locator.get_attribute("href")
    locator.click()
    page.wait_for_url(lambda url: url.endswith(href) or href in url)


def test_from_the_bank_down_to_a_person_a_number_its_facts_and_the_file(visit, address):
    page = visit("office", language="en")
    page.goto(f"{address}/?{JUNE}&rank=floor.tickets")
    for depth in range(2, 6):
        follow(page, first_row(page).locator("th a").first)
        expect(crumbs(page)).to_have_count(depth)
    expect(page.get_by_role("heading", name="People compared")).to_be_visible()
    follow(page, first_row(page).locator("th a").first)
    expect(page).to_have_url(re.compile(r"/people/"))
    tile = page.locator("article.k-tile").first
    value = tile.locator(".k-tile-value").inner_text()
    tile.locator("a.k-explain").click()
    drawer = page.locator("#drawer")
    expect(drawer).to_be_visible()
    expect(drawer.locator(".k-explained .k-tile-value")).to_have_text(value)
    expect(drawer.locator("#rows tbody tr").first).to_be_visible()
    shown = drawer.locator(".k-pager span").first.inner_text()
    with page.expect_download() as taken:
        drawer.get_by_role("button", name="Export to Excel").click()
    book = load_workbook(io.BytesIO(taken.value.path().read_bytes()), read_only=True)
    rows = sum(1 for _row in book["facts"].iter_rows()) - 1
    assert rows == int(shown.split("of")[1].replace(",", ""))


def test_the_drawer_shows_the_other_side_and_further_rows_and_closes(visit, address):
    page = visit("outlet", language="en")
    page.goto(f"{address}/?{JUNE}")
    page.locator("article.k-tile", has_text="Answer rate").locator("a.k-explain").click()
    drawer = page.locator("#drawer")
    tabs = drawer.locator("nav.k-tabs a")
    expect(tabs.first).to_have_attribute("aria-current", "true")
    before = drawer.locator(".k-pager span").first.inner_text()
    tabs.nth(1).click()
    expect(tabs.nth(1)).to_have_attribute("aria-current", "true")
    expect(drawer.locator(".k-pager span").first).not_to_have_text(before)
    drawer.get_by_role("link", name="Further").click()
    expect(drawer.locator(".k-pager span").first).to_contain_text("26–50")
    page.keyboard.press("Escape")
    expect(drawer).to_be_hidden()
    assert "/explain/" not in page.url


def test_the_language_is_switched_where_one_stands_and_stays(visit, address):
    page = visit("branch", language="zh")
    page.goto(f"{address}/?{JUNE}&rank=floor.wait_p90")
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")
    page.locator("form.k-language button").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    assert "rank=floor.wait_p90" in page.url
    page.goto(f"{address}/indicators/")
    expect(page.locator("h1")).to_have_text("Indicators")
    page.locator("form.k-language button").first.click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-hans")


def test_arrows_step_through_periods_but_not_while_one_types(visit, address):
    page = visit("branch", language="en")
    page.goto(f"{address}/?{JUNE}")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".k-period summary")).to_contain_text("May 2026")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".k-period summary")).to_contain_text("June 2026")
    page.keyboard.press("/")
    expect(page.locator(".k-search input")).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.type("a")
    expect(page.locator(".k-period summary")).to_contain_text("June 2026")


def test_a_ranking_is_chosen_without_a_button(visit, address):
    page = visit("branch", language="en")
    page.goto(f"{address}/?{JUNE}")
    page.get_by_label("Level").select_option("outlet")
    page.wait_for_url(re.compile("level=outlet"))
    page.get_by_label("Compared by").select_option("floor.wait_p90")
    page.wait_for_url(re.compile("rank=floor.wait_p90"))
    assert "level=outlet" in page.url
    best = page.locator("section[aria-labelledby=ranked] tbody tr th").first.inner_text()
    page.get_by_label("Order").select_option("worst")
    page.wait_for_url(re.compile("order=worst"))
    assert page.locator("section[aria-labelledby=ranked] tbody tr th").first.inner_text() != best


def test_a_chart_turns_into_its_table_and_back(visit, address):
    page = visit("branch", language="en")
    page.goto(f"{address}/indicators/floor.wait_p90/?{JUNE}")
    box = page.locator("section.k-chart-card").first
    expect(box.locator("canvas, svg").first).to_be_visible()
    expect(box.locator("table")).to_be_hidden()
    box.get_by_role("button", name="As a table").click()
    expect(box.locator("table")).to_be_visible()
    assert box.locator("tbody tr").count() == 30
    box.get_by_role("button", name="As a table").click()
    expect(box.locator("table")).to_be_hidden()


def test_a_view_is_saved_found_and_deleted(visit, address):
    page = visit("branch", language="en")
    page.goto(f"{address}/?{JUNE}&rank=floor.wait_p90")
    page.get_by_role("button", name="Save this view").click()
    page.locator("#view-title").fill("Waits in June")
    page.locator("#save-view").get_by_role("button", name="Save").click()
    page.goto(f"{address}/views/")
    page.get_by_role("link", name="Waits in June").click()
    page.wait_for_url(re.compile("rank=floor.wait_p90"))
    page.goto(f"{address}/views/")
    page.on("dialog", lambda dialog: dialog.accept())
    page.get_by_role("button", name="Delete").first.click()
    expect(page.get_by_role("link", name="Waits in June")).to_have_count(0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_on_a_phone_the_menu_opens_leads_on_and_closes(visit, address, language):
    page = visit("outlet", "phone", language)
    page.goto(f"{address}/?{JUNE}")
    link = page.locator('.k-side a[href="/indicators/"]')
    expect(link).not_to_be_in_viewport()
    page.locator("[data-side-toggle][aria-controls=side]").click()
    expect(link).to_be_in_viewport()
    page.keyboard.press("Escape")
    expect(link).not_to_be_in_viewport()
    page.locator("[data-side-toggle][aria-controls=side]").click()
    link.click()
    page.wait_for_url(re.compile("/indicators/"))
    expect(link).not_to_be_in_viewport()


def do_step(page, name, **typed):
    """Open a step in the drawer, fill in its form, send it; gives the page of the case again."""
    page.locator(".c-steps").get_by_role("link", name=name, exact=True).click()
    drawer = page.locator("#drawer")
    expect(drawer.locator("h2")).to_have_text(name)
    for field, value in typed.items():
        control = drawer.locator(f"[name={field}]")
        if control.evaluate("node => node.tagName") == "SELECT":
            control.select_option(value)
        else:
            control.fill(value)
    drawer.locator("button.btn-primary").click()
    expect(page.locator(".k-message-success")).to_contain_text(name)


def test_what_is_printed_fits_its_sheet_with_all_columns(visit, address):
    page = visit("office", language="en")
    page.set_viewport_size({"width": 703, "height": 1000})  # A4 within margins of 12 mm
    page.emulate_media(media="print")
    for path in (f"/?{JUNE}", "/rankings/", "/funnel/", "/rounds/", "/standards/"):
        page.goto(f"{address}{path}")
        page.wait_for_load_state("networkidle")
        assert harness.overflow(page) == 0, path
        expect(page.locator(".k-foot")).to_contain_text("UTC+")
    page.goto(f"{address}/rankings/")
    expect(page.locator("section[aria-labelledby=ranked] thead th").last).to_be_visible()


def test_a_case_from_its_registration_to_its_close(visit, address):
    """An outlet registers, takes by keyboard, proposes; a supervisor verifies; it is answered and closed."""
    page = visit("outlet", language="en")
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto(f"{address}/cases/new/suggestion/")
    page.locator("[name=title]").fill("Reading glasses at the counter")
    page.locator("[name=owner]").fill("CH1212")
    page.locator("[name=source]").select_option(index=1)
    page.locator("[name=topic]").select_option("care")
    page.locator("[name=proposal]").fill("Three strengths, tied to the desk.")
    page.locator("form.n-form button.btn-primary").click()
    page.wait_for_url(re.compile(r"/cases/C\d\d-\d+/"))
    no = re.search(r"C\d\d-\d+", page.url)[0]
    page.goto(f"{address}/work/")
    row = page.locator("tr[data-row]", has_text=no)
    expect(row).to_be_visible()
    for _step in range(60):
        page.keyboard.press("j")
        if row.locator("a:focus").count():
            break
    page.keyboard.press("t")
    expect(page.locator(".k-message-success")).to_contain_text("Take it")
    expect(page).to_have_url(f"{address}/work/")
    page.goto(f"{address}/cases/{no}/")
    page.locator(".c-steps").get_by_role("link", name="Propose the result", exact=True).click()
    page.locator("#drawer button.btn-primary").click()
    expect(page.locator(".invalid-feedback").first).to_be_visible()
    page.goto(f"{address}/cases/{no}/")
    page.watch.clear()  # the refusal was provoked
    do_step(
        page, "Propose the result", result="Bought and laid out", adoption="adopt", reasons="Cheap and kind"
    )
    second = visit("supervisor", language="en")
    second.goto(f"{address}/cases/{no}/")
    do_step(second, "Verify")
    page.goto(f"{address}/cases/{no}/")
    do_step(page, "Give the answer", how="visit", reply="Thank you: they lie on the desk.")
    do_step(page, "Close the case")
    expect(page.locator(".c-head")).to_contain_text("Case closed")
    expect(page.locator(".c-history > li")).to_have_count(6)
