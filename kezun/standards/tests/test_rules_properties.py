"""What holds of every standard and all answers."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from kezun.standards.rules import Na, digest, evaluate, lacks, read, written
from kezun.standards.rules.bands import rating_of
from kezun.standards.rules.comparing import compare, words
from kezun.standards.rules.form import Rating, Scale
from kezun.standards.tests.samples.making import cases, of_criteria

QUICK = settings(max_examples=60, deadline=None)


@QUICK
@given(cases())
def test_a_score_lies_between_nothing_and_a_hundred(case):
    result = evaluate(case.standard, case.answers)
    assert result.score is None or 0 <= result.score <= 100


@QUICK
@given(cases())
def test_lines_add_up_to_what_was_earned_at_every_level(case):
    result = evaluate(case.standard, case.answers)
    assert sum(x.earned for x in result.lines) == result.earned == sum(p.earned for p in result.parts)
    assert sum(x.possible for x in result.lines) == result.applicable
    for module in result.parts:
        assert module.earned == sum(p.earned for p in module.parts)
        for item in module.parts:
            assert item.earned == sum(x.earned for x in item.lines)
            assert item.applicable == sum(x.possible for x in item.lines)


@QUICK
@given(cases())
def test_every_criterion_has_one_line_with_a_reason(case):
    result = evaluate(case.standard, case.answers)
    assert [x.id for x in result.lines] == [c.id for c in case.standard.criteria()]
    assert all(x.reason and 0 <= x.earned <= x.possible <= x.points for x in result.lines)


@QUICK
@given(cases())
def test_a_cascade_never_raises_a_score(case):
    without = [replace(c, cascade=None) for c in case.standard.criteria()]
    plain = of_criteria(without, [len(without)], case.standard.scale.na)
    with_cascade, free = evaluate(case.standard, case.answers), evaluate(plain, case.answers)
    assume(free.exact is not None)
    assert with_cascade.exact <= free.exact


@QUICK
@given(cases(), st.randoms(use_true_random=False))
def test_the_order_of_criteria_is_of_no_consequence(case, random):
    criteria = list(case.standard.criteria())
    random.shuffle(criteria)
    shuffled = of_criteria(criteria, [len(criteria)], case.standard.scale.na)
    one, other = evaluate(case.standard, case.answers), evaluate(shuffled, case.answers)
    assert (one.score, one.earned, one.applicable) == (other.score, other.earned, other.applicable)
    assert set(one.veto) == set(other.veto)
    assert {x.id: x.earned for x in one.lines} == {x.id: x.earned for x in other.lines}


@QUICK
@given(cases(na="renormalise", cascades=False))
def test_not_applicable_is_the_same_as_leaving_the_criterion_out(case):
    kept = [c for c in case.standard.criteria() if not isinstance(case.answers[c.id], Na)]
    assume(kept)
    shorter = of_criteria(kept, [len(kept)])
    answers = {c.id: case.answers[c.id] for c in kept}
    assert evaluate(case.standard, case.answers).exact == evaluate(shorter, answers).exact


@QUICK
@given(cases(cascades=False))
def test_the_policies_stand_in_order(case):
    scores = {}
    for policy in ("zero", "renormalise", "full"):
        standard = replace(case.standard, scale=replace(case.standard.scale, na=policy))
        scores[policy] = evaluate(standard, case.answers).exact
    assume(scores["renormalise"] is not None)
    assert scores["zero"] <= scores["renormalise"] <= scores["full"]


@QUICK
@given(cases())
def test_a_veto_changes_no_points(case):
    calm = [replace(c, veto=None) for c in case.standard.criteria()]
    plain = of_criteria(calm, [len(calm)], case.standard.scale.na)
    one, other = evaluate(case.standard, case.answers), evaluate(plain, case.answers)
    assert one.exact == other.exact
    assert (one.grade_cap is not None) == bool(one.veto)


@QUICK
@given(cases())
def test_what_can_be_scored_lacks_nothing_and_scoring_twice_is_the_same(case):
    assert not lacks(case.standard, case.answers)
    assert evaluate(case.standard, case.answers) == evaluate(case.standard, dict(case.answers))


@QUICK
@given(cases(cascades=False), st.data())
def test_leaving_out_any_answer_is_noticed(case, data):
    gone = data.draw(st.sampled_from(sorted(case.answers)))
    rest = {k: v for k, v in case.answers.items() if k != gone}
    assert [x.criterion for x in lacks(case.standard, rest)] == [gone]


@QUICK
@given(cases())
def test_written_standards_read_back_with_the_same_hash(case):
    total = sum(m.points for m in case.standard.modules)
    made = replace(case.standard, scale=replace(case.standard.scale, total=total))
    again = read(written(made))
    assert again == made
    assert digest(again) == digest(made)


@QUICK
@given(cases())
def test_a_standard_does_not_differ_from_itself(case):
    found = compare(case.standard, case.standard)
    assert found.nothing
    assert all(w.old == w.new for w in found.modules)


@given(st.text(max_size=60), st.text(max_size=60))
def test_the_pieces_of_two_texts_make_both_texts(before, after):
    pieces = words(before, after)
    assert "".join(p.text for p in pieces if p.how != "added") == before
    assert "".join(p.text for p in pieces if p.how != "removed") == after
    assert all(p.text for p in pieces)


@given(
    st.fractions(min_value=0, max_value=100),
    st.lists(st.integers(0, 40).map(Decimal), max_size=5),
    st.integers(0, 40).map(Decimal),
)
def test_losing_more_never_rates_better(total, losses, more):
    names = ("甲", "乙", "丙")
    bands = (
        Rating("甲", Decimal(90), Decimal(5)),
        Rating("乙", Decimal(70), Decimal(20)),
        Rating("丙"),
    )
    scale = Scale(Decimal(100), bands=bands)
    before = rating_of(scale, total, losses)
    after = rating_of(scale, max(Fraction(0), total - Fraction(more)), [*losses, more])
    assert names.index(after) >= names.index(before)
