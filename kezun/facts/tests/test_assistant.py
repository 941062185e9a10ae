"""The assistant's page: it proposes, tries, and saves profiles."""

import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import translation

from kezun.facts import actions, profiles
from kezun.facts.models import SavedProfile
from kezun.facts.tests.desk import confirm, page, text_of
from kezun.facts.tests.importing import PROFILE, facts
from kezun.facts.tests.test_proposal import CHINESE
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import run_due

US = SystemActor("test")
pytestmark = pytest.mark.usefixtures("queue_home")


# --- the assistant ------------------------------------------------------------------------------------------
def sent(answer) -> dict:
    """What the form on a page would send."""
    form = answer.context["form"]
    return {name: value for name, value in form.data.items() if value not in (None, "")} | {"fact": "ticket"}


def test_the_assistant_proposes_tries_saves_and_imports(draft, desk, bank):
    batch = draft(CHINESE.encode("gbk"), "排队机.csv")
    answer = page(desk, "facts.assistant", batch)
    text = text_of(answer)
    assert "Tried all 3 rows: 3 can be read." in text
    assert "机构号" in text
    data = sent(answer) | {"name": "queue-gbk", "source": "qm"}
    saved = desk.post(reverse("facts.assistant", args=[batch.pk]), data | {"word": "save"}, follow=True)
    assert "saved/queue-gbk" in text_of(saved)
    row = SavedProfile.objects.get()
    assert (row.name, row.fact, row.version) == ("queue-gbk", "ticket", 1)
    assert profiles.load("saved/queue-gbk").source == "qm"
    assert "saved/queue-gbk" in profiles.addresses("ticket")
    assert "saved/queue-gbk" not in profiles.addresses("rating")
    confirm(desk, batch, "saved/queue-gbk")
    run_due("w")
    assert facts("source, wait_s, outcome")[0] == ("qm", 450, "served")


def test_a_change_is_tried_at_once_without_being_saved(draft, desk, bank):
    batch = draft(CHINESE)
    data = sent(page(desk, "facts.assistant", batch)) | {"name": "x"}
    address = reverse("facts.assistant", args=[batch.pk])
    answer = desk.post(address, data | {"c_wait_s": "业务类型"}, headers={"HX-Request": "true"})
    assert answer.content.lstrip().startswith(b"<form")
    assert "3 would be rejected" in text_of(answer)
    assert re.search(r"2 业务类型 .*not_a_duration", text_of(answer))
    assert not SavedProfile.objects.exists()


def test_a_mapping_with_faults_is_not_saved(draft, desk, bank):
    batch = draft(CHINESE)
    data = sent(page(desk, "facts.assistant", batch)) | {"name": "With Blanks", "word": "save"}
    answer = desk.post(reverse("facts.assistant", args=[batch.pk]), data)
    assert "beginning with a letter or digit" in text_of(answer)
    assert not SavedProfile.objects.exists()


def test_ratings_can_be_chosen(draft, desk, bank):
    batch = draft("评价编号,网点号,评价时间,评价结果\nr1,O1,2026-03-02 09:00:00,非常满意\n", "r.csv")
    assert "1 can be read" in text_of(page(desk, "facts.assistant", batch, fact="rating"))
    assert page(desk, "facts.assistant", batch, fact="nothing").status_code == 200


def test_the_assistant_is_for_drafts_that_can_be_read(draft, desk):
    unreadable = draft(b" \n", "empty.csv")
    answer = desk.get(reverse("facts.assistant", args=[unreadable.pk]), follow=True)
    assert answer.redirect_chain[0][0] == reverse("facts.batch", args=[unreadable.pk])
    batch = draft()
    confirm(desk, batch)
    assert page(desk, "facts.assistant", batch).status_code == 302


def test_odd_settings_of_the_file_do_no_harm(draft, desk, bank):
    batch = draft(CHINESE)
    data = sent(page(desk, "facts.assistant", batch)) | {"name": "x"}
    for change in ({"header": "999999"}, {"header": "x"}, {"delimiter": "ab"}, {"encoding": "klingon"}):
        answer = desk.post(reverse("facts.assistant", args=[batch.pk]), data | change)
        assert answer.status_code in (200, 302), change


# --- saved profiles -----------------------------------------------------------------------------------------
def test_saving_again_makes_a_new_version(bank):
    text = PROFILE.replace("queue", "mine")
    assert actions.save_profile(US, name="mine", text=text).version == 1
    assert actions.save_profile(US, name="mine", text=text.replace("source: q", "source: z")).version == 2
    assert profiles.load("saved/mine").source == "z"


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("mine", PROFILE, "Letters"),
        ("../x", PROFILE.replace("profile: queue", "profile: ../x"), "Letters"),
        ("mine", "profile: [", "line 1"),
        ("mine", PROFILE.replace("fact: ticket", "fact: nothing"), "nothing"),
    ],
)
def test_a_profile_that_is_wrong_is_not_saved(bank, name, text, reason, desk):
    with (
        translation.override("en"),
        pytest.raises((profiles.ProfileError, ValidationError), match=reason),
    ):
        actions.save_profile(US, name=name, text=text)
    assert not SavedProfile.objects.exists()
