"""The assistant: from names and values to a mapping, from its form to a profile that reads the file."""

import gzip
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts import profiles
from kezun.facts.forms import MappingForm, first_data
from kezun.facts.preview import preview
from kezun.facts.proposal import formats_for, knowledge, likeness, map_for, plain, propose, propose_best
from kezun.facts.readers import Unreadable
from kezun.facts.sample import SAMPLE_BYTES, beginning, take_sample
from kezun.facts.tests.importing import HEADER, bring, facts, line, put
from kezun.facts.types import FACT_TYPES
from kezun.kernel.actor import SystemActor

US = SystemActor("test")
CHINESE = (
    "机构号,日期,排队号,业务类型,客户类别,窗口,柜员号,取号时间,等候时长,办理时长,状态\n"
    "O1,2026/03/02,A001,现金,普通,1,-,09:00:01,00:07:30,00:03:00,办结\n"
    "O1,2026/03/02,A002,现金,贵宾,2,-,09:05:00,00:01:00,,弃号\n"
    "O2,2026/03/02,A001,理财,普通,1,-,09:07:00,00:02:00,00:09:00,办结\n"
)


def proposed(path, fact="ticket"):
    return propose(take_sample(path), fact)


def form_for(path, fact="ticket", **changes):
    sample = take_sample(path)
    data = first_data(propose(sample, fact), sample, "proposed") | changes
    return MappingForm(data, sample=sample, fact=fact)


@pytest.fixture(autouse=True)
def _english(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    with translation.override("en"):
        yield


# --- names and values ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ("Wait Time (s)", "waittimes"),
        ("等候 时长", "等候时长"),
        ("call-id", "callid"),
        ("（机构号）", "机构号"),
    ],
)
def test_names_are_compared_without_case_and_signs(given, wanted):
    assert plain(given) == wanted


def test_an_exact_name_beats_a_longer_one_and_a_strange_one_is_nothing():
    words = knowledge()["words"]["wait_s"]
    assert likeness("等候时长", words) > likeness("等候时长(秒)", words) > 0
    assert likeness("weather", words) == 0


@given(st.text(max_size=30), st.sampled_from(sorted(knowledge()["words"])))
def test_likeness_lies_between_nothing_and_one(name, column):
    assert 0 <= likeness(name, knowledge()["words"][column]) <= 1


def test_the_catalog_speaks_of_columns_and_choices_that_exist():
    columns = {c.name: c for fact in FACT_TYPES.values() for c in fact.all_columns}
    assert set(knowledge()["words"]) - {"key", "date"} <= set(columns)
    for name, values in knowledge()["values"].items():
        allowed = {
            c for f in FACT_TYPES.values() for col in f.columns if col.name == name for c in col.choices
        }
        assert not allowed or set(values) <= allowed
    for fact, constants in knowledge()["constants"].items():
        assert all(v in FACT_TYPES[fact].column(n).choices for n, v in constants.items())


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("moment", ["2026-03-02 09:00:00"], "%Y-%m-%d %H:%M:%S"),
        ("moment", ["2026/3/2 9:00"], "%Y/%m/%d %H:%M"),
        ("moment", ["20260302090000"], "%Y%m%d%H%M%S"),
        ("moment", ["2026年3月2日 09:00:00"], "%Y年%m月%d日 %H:%M:%S"),
        ("moment", ["13/03/2026 09:00:00", "02/03/2026 10:00:00"], "%d/%m/%Y %H:%M:%S"),
        ("moment", ["03/13/2026 09:00:00"], "%m/%d/%Y %H:%M:%S"),
        ("date", ["20260302"], "%Y%m%d"),
        ("date", ["990201"], "%y%m%d"),
        ("date", ["02.03.2026"], "%d.%m.%Y"),
        ("time", ["9:05:07"], "%H:%M:%S"),
        ("time", ["090507"], "%H%M%S"),
        ("time", ["9:05"], "%H:%M"),
    ],
)
def test_the_usual_styles_of_date_and_time_are_known(kind, values, wanted):
    assert formats_for(kind, values)[0] == wanted


@pytest.mark.parametrize(
    "values", [[], ["yesterday"], ["2026-02-30 09:00:00"], ["12"], ["2026-03-02 09:00:00", "?"]]
)
def test_what_is_no_moment_has_no_format(values):
    assert formats_for("moment", values) == []


def test_values_are_mapped_as_far_as_they_are_known():
    outcome = FACT_TYPES["ticket"].column("outcome")
    assert map_for(outcome, ["办结", "HANG", "strange", "void"]) == {
        **{"办结": "served", "HANG": "abandoned", "void": "void"}
    }
    assert map_for(FACT_TYPES["rating"].column("score"), ["非常满意", "5"])["非常满意"] == "5"


# --- whole files --------------------------------------------------------------------------------------------
def test_a_chinese_queue_export_is_understood(bank, tmp_path):
    found = proposed(put(tmp_path / "f.csv", CHINESE.encode("gbk")))
    assert (found.unit, found.person) == ("机构号", "柜员号")
    moment = found.columns["occurred_at"]
    assert (moment.column, moment.time, moment.format) == ("日期", "取号时间", "%Y/%m/%d")
    places = {name: guess.column for name, guess in found.columns.items() if guess.column}
    assert places["wait_s"] == "等候时长"
    assert places["service_s"] == "办理时长"
    assert places["business"] == "业务类型"
    assert places["class"] == "客户类别"
    assert places["counter"] == "窗口"
    assert found.columns["outcome"].map == {"办结": "served", "弃号": "abandoned"}
    assert found.columns["channel"].constant == "counter"
    assert found.key == ["机构号", "日期", "排队号"], "the ticket's number alone comes twice"


def test_the_proposal_reads_the_file_it_was_made_from(bank, tmp_path):
    path = put(tmp_path / "f.csv", CHINESE.encode("gbk"))
    form = form_for(path)
    assert form.is_valid(), form.errors
    found = preview(US, path, form.profile())
    assert (found.rows, found.rejected, found.whole) == (3, 0, True)
    done = bring(path, form.profile())
    assert (done.new, done.rejected) == (3, 0)
    assert facts("wait_s, service_s, outcome, hour") == [
        (450, 180, "served", 9),
        (60, None, "abandoned", 9),
        (120, 540, "served", 9),
    ]


def test_an_english_export_with_one_column_for_the_moment(bank, tmp_path, person_in):
    teller = person_in("teller", "O1").code
    text = "Ticket No;Branch;Agent;Taken At;Status;Waiting Time (ms)\n" + "".join(
        f"{n};O1;{teller};2026-03-02 09:{n:02d}:00;Served;{n}000\n" for n in range(20)
    )
    path = put(tmp_path / "f.csv", text)
    found = proposed(path)
    assert (found.key, found.unit, found.person) == (["Ticket No"], "Branch", "Agent")
    assert found.columns["occurred_at"].column == "Taken At"
    assert (found.columns["wait_s"].column, found.columns["wait_s"].unit) == ("Waiting Time (ms)", "ms")
    form = form_for(path)
    assert form.is_valid(), form.errors
    assert bring(path, form.profile()).new == 20
    assert facts("wait_s")[:3] == [(0,), (1,), (10,)]


def test_units_are_known_by_their_codes_whatever_the_column_is_called(bank, tmp_path):
    path = put(tmp_path / "f.csv", "no,zzz,taken\n1,O1,2026-03-02 09:00:00\n2,O2,2026-03-02 09:01:00\n")
    assert proposed(path).unit == "zzz"


def test_ratings_are_proposed_too(bank, tmp_path):
    text = "评价编号,网点号,评价时间,评价结果\nr1,O1,2026-03-02 09:00:00,非常满意\n"
    text += "r2,O1,2026-03-02 09:01:00,不满意\n"
    path = put(tmp_path / "f.csv", text)
    form = form_for(path, "rating")
    assert form.is_valid(), form.errors
    assert bring(path, form.profile()).rejected == 0
    assert facts("score, channel", "rating") == [(5, "counter"), (2, "counter")]


def test_a_file_of_which_nothing_is_known_gives_an_empty_proposal(bank, tmp_path):
    path = put(tmp_path / "f.csv", "aa,bb\nx,y\nz,w\n")
    found = proposed(path)
    assert (found.key, found.unit, found.person) == ([], "", "")
    assert set(found.columns) == {"channel", "direction"}
    form = form_for(path)
    assert not form.is_valid()
    assert {"key", "unit_from", "c_occurred_at", "c_outcome"} <= set(form.errors)


def test_codes_are_asked_for_in_two_statements(bank, tmp_path):
    sample = take_sample(put(tmp_path / "f.csv", CHINESE.encode("gbk")))
    with CaptureQueriesContext(connection) as asked:
        found = propose(sample, "ticket")
    assert found.unit == "机构号"
    assert len(asked) == 2


def test_the_fact_type_of_a_file_is_the_one_that_takes_most_of_it(bank, tmp_path):
    sample = take_sample(put(tmp_path / "f.csv", CHINESE.encode("gbk")))
    with CaptureQueriesContext(connection) as asked:
        found = propose_best(sample, FACT_TYPES)
    assert len(asked) == 2
    assert found == propose(sample, "ticket")
    assert found.fit > propose(sample, "rating").fit


# --- the form -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "With Blanks!"}, "name"),
        ({"zone": "Mars/Olympus"}, "__all__"),
        ({"source": ""}, "source"),
        ({"key": []}, "key"),
        ({"key": ["nowhere"]}, "key"),
        ({"unit_from": "", "unit_value": ""}, "unit_from"),
        ({"c_outcome": ""}, "c_outcome"),
        ({"c_outcome": "=", "v_outcome": ""}, "c_outcome"),
        ({"c_outcome": "=", "v_outcome": "lost"}, "v_outcome"),
        ({"c_wait_s": "nowhere"}, "c_wait_s"),
        ({"header": 0}, "header"),
        ({"encoding": "ebcdic"}, "encoding"),
    ],
)
def test_a_mapping_that_cannot_be_is_refused_at_its_field(bank, tmp_path, changes, field):
    form = form_for(put(tmp_path / "f.csv", CHINESE), **changes)
    assert not form.is_valid()
    assert field in form.errors


def test_one_unit_for_all_rows_and_a_value_for_a_column(bank, tmp_path):
    path = put(tmp_path / "f.csv", CHINESE)
    changes = {
        "unit_from": "",
        "unit_value": "O3",
        "person_from": "",
        "c_business": "=",
        "v_business": "cash",
    }
    form = form_for(path, **changes, key=["机构号", "排队号"])
    assert form.is_valid(), form.errors
    assert bring(path, form.profile()).new == 3
    assert set(facts("unit, business")) == {(bank["O3"].pk, "cash")}


def test_a_value_without_a_meaning_is_left_to_be_rejected(bank, tmp_path):
    path = put(tmp_path / "f.csv", CHINESE.replace("弃号", "走了"))
    form = form_for(path)
    assert form.is_valid()
    found = preview(US, path, form.profile())
    assert [(e.line, e.column, e.code) for e in found.errors] == [(3, "状态", "unmapped")]
    field = form.map_field(FACT_TYPES["ticket"].column("outcome"), "走了")
    mended = form_for(path, **{field: "abandoned"})
    assert mended.is_valid()
    assert preview(US, path, mended.profile()).rejected == 0


def test_the_forms_profile_is_yaml_that_reads_back(bank, tmp_path):
    form = form_for(put(tmp_path / "f.csv", CHINESE))
    assert form.is_valid()
    text = profiles.dump(form.profile())
    assert profiles.parse(text, "x") == form.profile()
    assert "机构号" in text


def test_a_form_from_the_browser_says_the_same(bank, tmp_path):
    path = put(tmp_path / "f.csv", CHINESE)
    sample = take_sample(path)
    data = first_data(propose(sample, "ticket"), sample, "proposed")
    sent = QueryDict(urlencode(data, doseq=True))
    form = MappingForm(sent, sample=sample, fact="ticket")
    assert form.is_valid(), form.errors
    same = form_for(path)
    assert same.is_valid()
    assert form.profile() == same.profile()


def test_required_columns_come_first_with_their_values(bank, tmp_path):
    lines = form_for(put(tmp_path / "f.csv", CHINESE)).lines()
    assert [x.column.name for x in lines[:4]] == ["occurred_at", "outcome", "channel", "direction"]
    outcome = lines[1]
    assert [f.label for f in outcome.map] == ["办结", "弃号"]
    assert [f.value() for f in outcome.map] == ["served", "abandoned"]


# --- samples ------------------------------------------------------------------------------------------------
def test_a_sample_is_the_beginning_at_a_whole_line(tmp_path):
    rows = HEADER + "".join(line(str(n)) for n in range(20_000))
    for content in (rows.encode(), gzip.compress(rows.encode())):
        with beginning(put(tmp_path / "f", content)) as (start, whole):
            text = start.read_text()
            assert not whole
            assert rows.startswith(text)
            assert text.endswith("\n")
            assert len(text) <= SAMPLE_BYTES
    with beginning(put(tmp_path / "g", HEADER + line())) as (start, whole):
        assert whole
        assert start.read_text() == HEADER + line()


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "gb18030", "utf-8-sig"])
def test_a_long_file_in_any_encoding_is_cut_between_characters(tmp_path, encoding):
    rows = "机构,时间\n" + "网点,二〇二六\n" * 40_000
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    found = take_sample(put(tmp_path / "f", mark + rows.encode(encoding)))
    assert found.columns == ("机构", "时间")
    assert found.distinct("时间") == ["二〇二六"]


def test_a_preview_of_a_long_file_says_that_it_is_a_part(bank, tmp_path):
    path = put(tmp_path / "f.csv", HEADER + "".join(line(str(n)) for n in range(20_000)))
    form = form_for(path)
    assert form.is_valid(), form.errors
    found = preview(US, path, form.profile())
    assert (found.rows, found.whole, len(found.typed)) == (500, False, 8)
    assert found.typed[0][0] == 2
    assert "2026-03-02 09:00:00" in found.typed[0][1]
    assert "served" in found.typed[0][1]
    with translation.override("zh-hans"):
        assert "办结" in preview(US, path, form.profile()).typed[0][1]
    assert facts() == []


@pytest.mark.parametrize("content", [b"", b"\x00\x01\x02binary" * 9, b"PAR1", b"PK\x03\x04"])
def test_what_cannot_be_read_has_no_sample(tmp_path, content):
    with pytest.raises(Unreadable):
        take_sample(put(tmp_path / "f", content))
