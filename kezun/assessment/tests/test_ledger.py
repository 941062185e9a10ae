"""The ledger of merits and faults: two persons, attribution, honours once a year, facts that follow."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from kezun.assessment import upkeep
from kezun.assessment.actions import ledger
from kezun.assessment.merits import merit_kinds
from kezun.assessment.models import Merit
from kezun.facts.store import snapshot_at
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import StoredFile
from kezun.org.models import Assignment

DAY = dt.date(2026, 3, 10)


@pytest.fixture
def home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture
def manager(home, person_in):
    return person_in("outlet_manager", "O1")


@pytest.fixture
def head(home, person_in):
    return person_in("unit_head", "P1")


def document(number):
    return StoredFile.objects.create(sha256=f"{number:064}", bytes=9, kind="application/pdf", name="证明.pdf")


def enter(actor, unit, **changed):
    told = {"kind": "praise", "level": "锦旗", "occurred_date": DAY, "title": "客户赠送锦旗"}
    return ledger.enter_merit(actor, unit, **(told | changed))


@pytest.mark.django_db
def test_an_entry_counts_after_a_second_person(manager, head, bank):
    merit = enter(manager, bank["O1"])
    assert merit.state == Merit.State.ENTERED
    with pytest.raises(Denied):
        ledger.confirm_merit(manager, merit)
    done = ledger.confirm_merit(head, merit)
    assert (done.state, done.confirmed_by, done.entered_by) == ("confirmed", head, manager)


@pytest.mark.django_db
def test_who_entered_does_not_confirm(head, bank):
    merit = enter(head, bank["O1"])
    with pytest.raises(ValidationError):
        ledger.confirm_merit(head, merit)
    with pytest.raises(IntegrityError), transaction.atomic():
        Merit.objects.filter(pk=merit.pk).update(confirmed_by=head)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "luck"}, "kind"),
        ({"level": "最高"}, "level"),
        ({"occurred_date": dt.date(2999, 1, 1)}, "occurred_date"),
        ({"occurred_date": dt.date(2001, 1, 1)}, "occurred_date"),
        ({"title": "  "}, "title"),
    ],
)
def test_what_is_wrong_is_said_by_field(manager, bank, changed, field):
    with pytest.raises(ValidationError) as error:
        enter(manager, bank["O1"], **changed)
    assert list(error.value.message_dict) == [field]
    assert not Merit.objects.exists()


@pytest.mark.django_db
def test_a_person_must_have_belonged_to_the_unit_on_that_day(manager, person_in, bank):
    teller = person_in("teller", "O1")
    Assignment.objects.filter(person=teller).update(from_date=DAY, to_date=DAY)
    assert enter(manager, bank["O1"], person=teller).person == teller
    with pytest.raises(ValidationError) as error:
        enter(manager, bank["O1"], person=teller, occurred_date=DAY + dt.timedelta(days=1))
    assert "person" in error.value.message_dict


@pytest.mark.django_db
def test_faults_wait_to_be_attributed_and_merits_do_not(manager, head, bank):
    fault = enter(manager, bank["O1"], kind="complaint", level="一般", title="客户投诉")
    assert fault.responsibility == Merit.Responsibility.PENDING
    assert enter(manager, bank["O1"]).responsibility == Merit.Responsibility.RESPONSIBLE
    done = ledger.attribute_merit(head, fault, responsibility="none", reason="经查与网点无关")
    assert (done.responsibility, done.reason) == ("none", "经查与网点无关")
    for wrong in ({"responsibility": "pending", "reason": "x"}, {"responsibility": "none", "reason": " "}):
        with pytest.raises(ValidationError):
            ledger.attribute_merit(head, fault, **wrong)


@pytest.mark.django_db
def test_nobody_decides_about_themselves(manager, head, person_in, bank):
    Assignment.objects.filter(person=head).update(unit=bank["P1"])
    own = ledger.enter_merit(
        person_in("service_office", "HO"),
        bank["P1"],
        kind="praise",
        level="锦旗",
        occurred_date=timezone.localdate(),
        title="表扬",
        person=head,
    )
    with pytest.raises(ValidationError):
        ledger.confirm_merit(head, own)
    with pytest.raises(ValidationError):
        ledger.void_merit(head, own, reason="撤")


@pytest.mark.django_db
def test_an_honour_of_one_level_counts_once_a_year(manager, head, bank):
    honour = {"kind": "honour_external", "level": "省级", "title": "省级青年文明号"}
    ledger.confirm_merit(head, enter(manager, bank["O1"], **honour))
    again = enter(manager, bank["O1"], **honour, occurred_date=DAY + dt.timedelta(days=20))
    with pytest.raises(ValidationError):
        ledger.confirm_merit(head, again)
    last_year = enter(manager, bank["O1"], **honour | {"occurred_date": DAY.replace(year=2025)})
    assert ledger.confirm_merit(head, last_year).state == Merit.State.CONFIRMED
    other_level = enter(manager, bank["O1"], **honour | {"level": "全国"})
    assert ledger.confirm_merit(head, other_level).state == Merit.State.CONFIRMED


@pytest.mark.django_db
def test_an_entry_is_void_with_a_reason_and_stays(manager, head, bank):
    merit = ledger.confirm_merit(head, enter(manager, bank["O1"]))
    with pytest.raises(ValidationError):
        ledger.void_merit(head, merit, reason="")
    assert ledger.void_merit(head, merit, reason="重复登记").state == Merit.State.VOID
    with pytest.raises(ValidationError):
        ledger.confirm_merit(head, merit)
    assert Merit.objects.get().reason == "重复登记"


@pytest.mark.django_db
def test_documents_prove_an_entry_at_most_six(manager, bank):
    merit = enter(manager, bank["O1"])
    for n in range(6):
        file = document(n)
        ledger.prove_merit(manager, merit, file=file)
    ledger.prove_merit(manager, merit, file=file)
    assert merit.files.count() == 6
    with pytest.raises(ValidationError):
        ledger.prove_merit(manager, merit, file=document(7))


@pytest.mark.django_db
def test_scope(manager, head, person_in, bank):
    merit = enter(manager, bank["O1"])
    see = Merit.objects.visible_to
    assert see(manager).get() == see(head).get() == see(person_in("service_office", "HO")).get() == merit
    assert not see(person_in("unit_head", "P2")).exists()
    assert not see(person_in("teller", "O1")).exists()
    with pytest.raises(Exception, match=r".*"):
        enter(manager, bank["O3"])
    assert Merit.objects.count() == 1


@pytest.mark.django_db
def test_entries_become_facts_and_corrections_supersede(manager, head, bank):
    merit = ledger.confirm_merit(head, enter(manager, bank["O1"], kind="complaint", level="重大"))
    upkeep.after_confirmed(0, f"assessment.merit:{merit.pk}")
    merit.refresh_from_db()
    assert merit.facts_at is not None
    assert snapshot_at("merit") == 1
    upkeep.after_confirmed(0, f"assessment.merit:{merit.pk}")
    assert snapshot_at("merit") == 1
    ledger.attribute_merit(head, merit, responsibility="responsible", reason="责任明确")
    upkeep.after_attributed(0, f"assessment.merit:{merit.pk}")
    assert snapshot_at("merit") == 2
    ledger.void_merit(head, merit, reason="误记")
    upkeep.after_voided(0, f"assessment.merit:{merit.pk}")
    assert snapshot_at("merit") == 3


@pytest.mark.django_db
def test_only_named_entries_are_noted_as_published(manager, bank):
    first, second = enter(manager, bank["O1"]), enter(manager, bank["O1"])
    assert ledger.publish_merits(SystemActor("worker"), keys=[str(first.key)]) == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.facts_at is not None
    assert second.facts_at is None


@pytest.mark.django_db
def test_what_was_never_confirmed_is_never_a_fact(manager, head, bank):
    merit = ledger.void_merit(head, enter(manager, bank["O1"]), reason="误记")
    upkeep.after_voided(0, f"assessment.merit:{merit.pk}")
    upkeep.publish_left()
    assert snapshot_at("merit") is None


@pytest.mark.django_db
def test_entries_left_over_are_published_by_the_day(manager, head, bank):
    ledger.confirm_merit(head, enter(manager, bank["O1"]))
    upkeep.publish_left()
    assert Merit.objects.get().facts_at is not None


def test_kinds_have_names_levels_and_a_sign():
    kinds = merit_kinds()
    assert len(kinds) >= 10
    for kind in kinds.values():
        assert kind.sign in "+-"
        assert kind.levels
        assert all(kind.names)
        assert kind.sign == "-" or not kind.attributed
