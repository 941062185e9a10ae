"""From facts to the pages of their records."""

import pytest

from kezun.facts import links


def test_a_room_says_once_where_its_facts_lead(monkeypatch):
    monkeypatch.setattr(links, "LINKS", {})
    assert links.address_of("visit", {"source_id": "V1"}) == ""

    @links.link("visit")
    def of_visit(row):
        return f"/visits/{row['source_id']}/"

    assert links.address_of("visit", {"source_id": "V1"}) == "/visits/V1/"
    with pytest.raises(RuntimeError):
        links.link("visit")(of_visit)


def test_codes_are_read_in_words(monkeypatch):
    monkeypatch.setattr(links, "WORDS", {})
    assert links.in_words("visit", "state", "done") == "done"

    @links.worded(("visit", "state"), ("visit_event", "state"))
    def state(code):
        return {"done": "finished"}.get(code, code)

    assert links.in_words("visit", "state", "done") == "finished"
    assert links.in_words("visit_event", "state", "new") == "new"
    with pytest.raises(RuntimeError):
        links.worded(("visit", "state"))(state)
