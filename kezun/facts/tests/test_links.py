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
