"""Appeals: in the window, with grounds, heard by others, level by level; no run is ever edited."""

import datetime as dt
import io

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from kezun.assessment import running
from kezun.assessment.actions import appeals, runs
from kezun.assessment.hearing import level_name
from kezun.assessment.models import Appeal, Round, Run, Score
from kezun.assessment.tests import world
from kezun.kernel.models import StoredFile, TrailEntry

GROUNDS = "三月十日评价器断网，评价未能上传，附维修单。"
REASONS = "维修单属实，同意补录后重新计算。"


@pytest.fixture
def score(own_home, bank):
    """The outlet O1 judged over March; the round is open to appeal."""
    scheme = world.installed(
        world.scheme_text(appeal={"window_days": 10, "levels": ["考核办公室", "领导小组"]})
    )
    with world.together():
        for outlet, bad in (("O1", 9), ("O2", 4)):
            world.served(outlet, "2026-03-10", 60)
            world.rated(outlet, "2026-03-10", 60 - bad, bad)
    run = running.run(world.US, scheme, "2026-03", kind=Run.Kind.PROVISIONAL, opens=True)
    runs.show_run(world.US, run)
    until = timezone.localdate() + dt.timedelta(days=10)
    Round.objects.filter(pk=run.round_id).update(state="appeal", appeal_until_date=until)
    return Score.objects.select_related("run__round").get(run=run, unit=bank["O1"])


@pytest.fixture
def manager(score, person_in):
    return person_in("outlet_manager", "O1")


@pytest.fixture
def head(score, person_in):
    return person_in("unit_head", "P1")


@pytest.fixture
def appeal(score, manager):
    return appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS)


def refused(appeal, by):
    return appeals.decide_appeal(by, appeal, upheld=False, decision="维修单日期与断网日期不符，不予支持。")


@pytest.mark.django_db
def test_an_appeal_upheld_names_its_remedy_and_edits_nothing(appeal, head, score):
    before = score.lines
    done = appeals.decide_appeal(
        head,
        appeal,
        upheld=True,
        decision=REASONS,
        remedy="data",
        remedy_ref="补录单 17",
        doc_no="裁〔2026〕3号",
    )
    assert (done.state, done.remedy, done.remedy_ref, done.decided_by) == (
        "upheld",
        "data",
        "补录单 17",
        head,
    )
    score.refresh_from_db()
    assert score.lines == before


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "told"),
    [({"grounds": "不服"}, "grounds"), ({"rule": "nothing"}, "rule")],
)
def test_grounds_and_a_line_are_needed(score, manager, changed, told):
    given = {"rule": "csat", "grounds": GROUNDS} | changed
    with pytest.raises(ValidationError) as error:
        appeals.file_appeal(manager, score, **given)
    assert told in error.value.message_dict
    assert not Appeal.objects.exists()


@pytest.mark.django_db
def test_outside_the_window_nothing_is_filed(score, manager):
    Round.objects.update(appeal_until_date=timezone.localdate() - dt.timedelta(days=1))
    score.run.round.refresh_from_db()
    with pytest.raises(ValidationError):
        appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS)
    Round.objects.update(state="final", appeal_until_date=None)
    score.run.round.refresh_from_db()
    with pytest.raises(ValidationError):
        appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS)


@pytest.mark.django_db
def test_the_last_day_of_the_window_counts(score, manager):
    Round.objects.update(appeal_until_date=timezone.localdate())
    score.run.round.refresh_from_db()
    assert appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS).state == "filed"


@pytest.mark.django_db
def test_a_line_is_appealed_once_unless_withdrawn(appeal, score, manager, head):
    with pytest.raises(ValidationError):
        appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS)
    assert appeals.file_appeal(manager, score, rule="answered", grounds=GROUNDS).level == 0
    with pytest.raises(ValidationError):
        appeals.withdraw_appeal(person_other(score), appeal)
    assert appeals.withdraw_appeal(manager, appeal).state == "withdrawn"
    assert appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS).state == "filed"


def person_other(score):
    """Another manager of the same outlet."""
    from kezun.org.models import Assignment, Person, Post

    other = Person.objects.create(code="other", name="另一位", home_unit=score.unit)
    Assignment.objects.create(person=other, unit=score.unit, post=Post.objects.get(code="outlet_manager"))
    return other


@pytest.mark.django_db
def test_who_filed_does_not_decide(score, head):
    own = appeals.file_appeal(head, score, rule="csat", grounds=GROUNDS)
    with pytest.raises(ValidationError):
        appeals.decide_appeal(head, own, upheld=True, decision=REASONS, remedy="data")
    with pytest.raises(IntegrityError), transaction.atomic():
        Appeal.objects.filter(pk=own.pk).update(decided_by=head)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"upheld": True, "decision": "好", "remedy": "data"}, "decision"),
        ({"upheld": True, "decision": REASONS}, "remedy"),
        ({"upheld": True, "decision": REASONS, "remedy": "mercy"}, "remedy"),
    ],
)
def test_a_decision_needs_reasons_and_a_remedy(appeal, head, told, field):
    with pytest.raises(ValidationError) as error:
        appeals.decide_appeal(head, appeal, **told)
    assert field in error.value.message_dict
    appeal.refresh_from_db()
    assert appeal.state == "filed"


@pytest.mark.django_db
def test_a_decided_appeal_is_decided(appeal, head, manager):
    refused(appeal, head)
    with pytest.raises(ValidationError):
        refused(appeal, head)
    with pytest.raises(ValidationError):
        appeals.withdraw_appeal(manager, appeal)


@pytest.mark.django_db
def test_refused_it_goes_level_by_level(appeal, head, manager, person_in):
    office = person_in("service_office", "HO")
    with pytest.raises(ValidationError):
        appeals.escalate_appeal(manager, appeal, grounds=GROUNDS)
    refused(appeal, head)
    with pytest.raises(ValidationError):
        appeals.escalate_appeal(manager, appeal, grounds="不服")
    further = appeals.escalate_appeal(manager, appeal, grounds=GROUNDS)
    assert (further.level, further.before) == (1, appeal)
    assert level_name(further) == "领导小组"
    with pytest.raises(ValidationError):
        appeals.escalate_appeal(manager, appeal, grounds=GROUNDS)
    with pytest.raises(ValidationError):
        refused(further, head)
    refused(further, office)
    with pytest.raises(ValidationError):
        appeals.escalate_appeal(manager, further, grounds=GROUNDS)


@pytest.mark.django_db
def test_a_level_that_the_scheme_does_not_name_has_its_number(appeal):
    appeal.level = 5
    assert level_name(appeal) == "6"


@pytest.mark.django_db
def test_documents_while_it_is_open_at_most_six(appeal, manager, head):
    for n in range(6):
        file = StoredFile.objects.create(sha256=f"{n:064}", bytes=1, kind="pdf", name="单.pdf")
        appeals.prove_appeal(manager, appeal, file=file)
    appeals.prove_appeal(manager, appeal, file=file)
    assert appeal.files.count() == 6
    more = StoredFile.objects.create(sha256="a" * 64, bytes=1, kind="pdf", name="单.pdf")
    with pytest.raises(ValidationError):
        appeals.prove_appeal(manager, appeal, file=more)
    refused(appeal, head)
    with pytest.raises(ValidationError):
        appeals.prove_appeal(manager, appeal, file=file)


@pytest.mark.django_db
def test_grounds_and_reasons_stay_out_of_the_trail(appeal, head):
    refused(appeal, head)
    told = "".join(TrailEntry.objects.filter(verb__contains="appeal").values_list("detail", flat=True))
    assert "评价器" not in told
    assert "维修单" not in told


@pytest.mark.django_db
def test_who_sees_an_appeal(appeal, manager, head, person_in):
    see = Appeal.objects.visible_to
    assert see(manager).exists()
    assert see(head).exists()
    assert see(world.US).exists()
    for role, unit in (("unit_head", "P2"), ("outlet_manager", "O2"), ("teller", "O1")):
        assert not see(person_in(role, unit)).exists(), (role, unit)


@pytest.mark.django_db
def test_the_pages_from_filing_to_the_decision(score, manager, head, client):
    client.force_login(manager)
    shown = client.get(f"/appeals/new/?score={score.pk}&rule=csat").content.decode()
    assert "满意率" in shown
    assert "考核办公室 → 领导小组" in shown
    short = client.post(f"/appeals/new/?score={score.pk}&rule=csat", {"grounds": "短"})
    assert short.status_code == 422
    file = io.BytesIO(b"%PDF-1.4\n%%EOF\n")
    file.name = "维修单.pdf"
    client.post(f"/appeals/new/?score={score.pk}&rule=csat", {"grounds": GROUNDS, "file": file})
    made = Appeal.objects.get()
    assert made.files.count() == 1
    page = client.get(f"/appeals/{made.pk}/").content.decode()
    assert "维修单.pdf" in page
    assert f"/appeals/{made.pk}/decide/" not in page
    assert client.get(f"/appeals/{made.pk}/files/{made.files.get().pk}/").content.startswith(b"%PDF")
    client.force_login(head)
    assert client.post(f"/appeals/{made.pk}/decide/", {"upheld": "yes", "decision": "短"}).status_code == 422
    client.post(f"/appeals/{made.pk}/decide/", {"upheld": "no", "decision": REASONS})
    made.refresh_from_db()
    assert made.state == "refused"
    client.force_login(manager)
    assert "领导小组" in client.get(f"/appeals/{made.pk}/").content.decode()
    client.post(f"/appeals/{made.pk}/further/", {"grounds": GROUNDS})
    assert Appeal.objects.count() == 2
    client.post(f"/appeals/{Appeal.objects.latest('pk').pk}/withdraw/")
    assert Appeal.objects.latest("pk").state == "withdrawn"
    assert client.get("/appeals/?state=refused").content.decode().count("k-tag-bad") == 1


@pytest.mark.django_db
@pytest.mark.parametrize("query", ["score=x&rule=csat", "score=1&rule=none", "score=999999&rule=csat", ""])
def test_no_such_line(score, manager, client, query):
    client.force_login(manager)
    assert client.get(f"/appeals/new/?{query}").status_code == 404


@pytest.mark.django_db
def test_the_list_is_cheap(appeal, head, client, django_assert_max_num_queries):
    client.force_login(head)
    with django_assert_max_num_queries(9):
        assert client.get("/appeals/").status_code == 200
