"""The demo: everything set up in one go, nothing twice, and what was cut off is taken up again."""

import datetime as dt

import click
import pytest
from click.testing import CliRunner
from django.utils import translation

from kezun.facts.models import Batch, CachedAnswer
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.models import Person
from kezun.site import demo, serve
from kezun.site.cli import main
from kezun.site.packs.pack import read

LAST = dt.date(2026, 3, 31)
ACTOR = SystemActor("test")


@pytest.fixture
def home(tmp_path, settings, small):
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_HOME.mkdir()
    settings.KEZUN_PACKS = [small.parent]
    return settings.KEZUN_HOME


def kezun(*arguments):
    return CliRunner().invoke(main, [str(a) for a in arguments])


def start():
    return kezun("demo", "--pack", "small", "--anchor", LAST, "--no-serve", "--port", 8123)


@pytest.mark.django_db(transaction=True)
def test_the_demo_is_set_up_and_a_second_start_does_nothing_twice(home):
    first = start()
    assert first.exit_code == 0, first.output
    for told in ("http://127.0.0.1:8123", "a-demo-password-2026", "boss", "The boss", "new: "):
        assert told in first.output
    done = {(b.fact, b.state, b.new > 100, b.rejected) for b in Batch.objects.all()}
    assert done == {("ticket", "done", True, 0), ("rating", "done", True, 0)}
    entries = TrailEntry.objects.count()
    second = start()
    assert second.exit_code == 0
    assert "organisation as before" in second.output
    assert "new: " not in second.output
    assert TrailEntry.objects.count() == entries
    assert not list(home.glob(".demo-*"))


@pytest.mark.django_db(transaction=True)
def test_a_start_that_was_cut_off_is_taken_up_again(home, monkeypatch):
    bring = demo.bring

    def killed(actor, pack, fact, path, steps):
        if fact == "rating":
            raise KeyboardInterrupt
        bring(actor, pack, fact, path, steps)

    monkeypatch.setattr(demo, "bring", killed)
    assert start().exit_code != 0
    assert [b.fact for b in Batch.objects.filter(state="done")] == ["ticket"]
    monkeypatch.setattr(demo, "bring", bring)
    assert start().exit_code == 0
    assert sorted(b.fact for b in Batch.objects.filter(state="done")) == ["rating", "ticket"]


@pytest.mark.django_db
def test_sign_ins_work_and_are_made_once(home, small):
    pack = read(small)
    demo.load_pack(ACTOR, pack, LAST)
    demo.sign_ins(ACTOR, pack)
    demo.sign_ins(ACTOR, pack)
    boss = Person.objects.get(username="boss")
    assert boss.check_password("a-demo-password-2026")
    assert boss.scope.may("insight.read")
    assert TrailEntry.objects.filter(verb="org.load_sign_ins").count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_first_page_that_fails_does_not_keep_the_demo_from_starting(home, small, monkeypatch, capsys):
    pack = read(small)
    demo.load_pack(ACTOR, pack, LAST)
    demo.sign_ins(ACTOR, pack)
    opened = []

    def page(request):
        opened.append(request.user.username)
        if request.user.username == "boss":
            raise ValueError("broken")

    monkeypatch.setattr(demo, "resolve", lambda path: type("Match", (), {"func": staticmethod(page)}))
    demo.warm(pack, demo.Steps())
    assert opened == ["boss", "teller"]
    assert "2 people" in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_first_pages_are_in_the_cache_before_anybody_comes(home, caplog):
    assert start().exit_code == 0
    assert CachedAnswer.objects.count() > 0
    assert not [record for record in caplog.records if record.name == "kezun.demo"]


@pytest.mark.django_db
def test_the_greeting_speaks_the_language_of_the_reader(small):
    pack = read(small)
    english = "\n".join(demo.welcome(pack, "http://127.0.0.1:1"))
    assert "The boss" in english
    assert "柜员" in english  # no English text given: the Chinese one
    with translation.override("zh-hans"):
        assert "行长" in "\n".join(demo.welcome(pack, "http://127.0.0.1:1"))


@pytest.mark.django_db
def test_a_pack_without_demo_makes_no_sign_ins(home, small):
    text = (small / "pack.yaml").read_text(encoding="utf-8")
    (small / "pack.yaml").write_text(text[: text.index("demo:")], encoding="utf-8")
    pack = read(small)
    demo.sign_ins(ACTOR, pack)
    assert list(demo.welcome(pack, "")) == []
    assert Person.objects.count() == 0


@pytest.mark.django_db
def test_a_pack_without_simulator_has_no_service(home, bend):
    pack = read(bend("pack.yaml", "simulator: simulator.yaml\n", ""))
    with pytest.raises(click.UsageError, match=r"simulator\.yaml"):
        list(demo.service(pack, LAST, demo.Steps()))
    demo.fill(ACTOR, pack, LAST, demo.Steps())
    assert not Batch.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_refused_row_stops_the_demo(home, bend):
    pack = read(bend("profiles/tickets.yaml", "  outcome: {from: outcome}", "  outcome: {value: gone}"))
    demo.load_pack(ACTOR, pack, LAST)
    with pytest.raises(click.ClickException, match="refused"):
        demo.fill(ACTOR, pack, LAST, demo.Steps())


def test_the_anchor_is_fixed_at_the_first_load(home, small):
    pack = read(small)
    assert demo.anchor(pack, LAST) == LAST
    assert demo.anchor(pack, dt.date(2027, 1, 1)) == LAST
    (home / "packs" / "small.json").unlink()
    yesterday = demo.anchor(pack)
    assert dt.date.today() - yesterday <= dt.timedelta(days=2)


def test_places_are_outlets_with_those_who_serve(small):
    found = {p.code: p for p in demo.places(read(small).organisation(LAST))}
    assert set(found) == {"O1", "O2"}
    assert found["O1"].people == ("O1-01", "O1-02", "O1-03", "O1-04")
    assert found["O2"].people == ("O2-02", "O2-03", "O2-04")
    assert found["O1"].above == {"B1", "HQ"}
    assert found["O1"].within("HQ")
    assert not found["O1"].within("O2")


def test_progress_is_shown_to_a_terminal_only(monkeypatch, capsys):
    steps = demo.Steps()
    steps.share("working")(0.5)
    assert capsys.readouterr().out == ""
    monkeypatch.setattr(demo.os, "isatty", lambda handle: True)
    steps.share("working")(0.5)
    assert "working  50%" in capsys.readouterr().out


@pytest.mark.django_db
def test_an_unknown_pack_is_named(home):
    result = kezun("demo", "--pack", "nowhere", "--no-serve")
    assert result.exit_code == 2
    assert "nowhere" in result.output


@pytest.mark.django_db
def test_several_workers_need_postgresql():
    if serve.embedded():
        result = kezun("worker", "--processes", 2)
        assert result.exit_code == 2
        assert "PostgreSQL" in result.output
