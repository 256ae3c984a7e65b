from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from attnbench.data.batches import Batch, BatchPlan, plan_batches, source_batches
from attnbench.data.corpus import Pairs, Sentences, Split
from attnbench.special_tokens import EOS, PAD
from tests.data.refusal import refusal

LENGTHS = st.lists(st.tuples(st.integers(1, 23), st.integers(1, 19)), min_size=1, max_size=150)


def split_of(lengths: Iterable[tuple[int, int]]) -> Split:
    """Pairs of the given source and target lengths; every token is different."""
    lengths = list(lengths)
    sides = []
    for side in (0, 1):
        offsets = np.cumsum([0, *(pair[side] for pair in lengths)])
        sides.append(Sentences(np.arange(4, 4 + offsets[-1]), offsets))
    text = [""] * len(lengths)
    return Split(sides[0], sides[1], Pairs(text, text))


def unpadded(row: np.ndarray) -> list[int]:
    """The ids before EOS, which must be there with nothing but padding after it."""
    ids = list(row)
    end = ids.index(EOS)
    assert set(ids[end + 1 :]) <= {PAD}
    return ids[:end]


def counted_padding(batches: Iterable[Batch]) -> float:
    targets = [batch.target for batch in batches]
    return sum((target == PAD).sum() for target in targets) / sum(target.size for target in targets)


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 40), st.integers(1, 9), st.sampled_from(["sentences", "tokens"]))
def test_every_pair_comes_exactly_once_an_epoch_with_its_ids(
    lengths: list[tuple[int, int]], batch_size: int, maximum_shapes: int, batch_by: str
) -> None:
    split = split_of(lengths)
    size = batch_size + 20 if batch_by == "tokens" else batch_size
    plan = plan_batches(split, batch_size=size, batch_by=batch_by, maximum_shapes=maximum_shapes)
    seen = []
    for batch in plan.epoch(seed=3, epoch=0):
        for source, target, row in zip(batch.source, batch.target, batch.rows, strict=True):
            if row < 0:
                assert not source.any()
                assert not target.any()
                continue
            assert unpadded(source) == list(split.source[row])
            assert unpadded(target) == list(split.target[row])
            seen.append(row)
    assert sorted(seen) == list(range(len(lengths)))


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 40), st.integers(1, 9), st.sampled_from(["sentences", "tokens"]))
def test_every_batch_has_a_shape_of_the_table(
    lengths: list[tuple[int, int]], batch_size: int, maximum_shapes: int, batch_by: str
) -> None:
    size = batch_size + 20 if batch_by == "tokens" else batch_size
    plan = plan_batches(split_of(lengths), batch_size=size, batch_by=batch_by, maximum_shapes=maximum_shapes)
    batches = plan.epoch(seed=3, epoch=1)
    assert {(*batch.source.shape[::-1], batch.target.shape[1]) for batch in batches} == {
        (source, sentences, target) for source, target, sentences in plan.shapes
    }
    assert len(plan.shapes) <= maximum_shapes
    for batch in batches:
        assert (batch.source.dtype, batch.target.dtype, batch.rows.dtype) == (np.int32, np.int32, np.int64)
        assert (batch.target.size if batch_by == "tokens" else len(batch.rows)) <= size
    assert plan.padding_fraction == pytest.approx(counted_padding(batches), abs=1e-12)


def plan_of_a_corpus() -> BatchPlan:
    generator = np.random.Generator(np.random.Philox(1))
    source = generator.integers(5, 21, 2000)
    target = np.clip(source + generator.integers(-3, 4, 2000), 3, 20)
    split = split_of(zip(source.tolist(), target.tolist(), strict=True))
    return plan_batches(split, batch_size=64, batch_by="sentences")


def test_the_order_depends_on_seed_and_epoch_alone() -> None:
    plan, again = plan_of_a_corpus(), plan_of_a_corpus()
    order = [list(batch.rows) for batch in plan.epoch(seed=1, epoch=2)]
    assert order == [list(batch.rows) for batch in again.epoch(seed=1, epoch=2)]
    assert order != [list(batch.rows) for batch in plan.epoch(seed=1, epoch=3)]
    assert order != [list(batch.rows) for batch in plan.epoch(seed=2, epoch=2)]


def test_every_epoch_has_as_many_batches_of_each_shape() -> None:
    plan = plan_of_a_corpus()
    shapes = [sorted(batch.source.shape + batch.target.shape for batch in plan.epoch(seed=1, epoch=e)) for e in (0, 1)]
    assert shapes[0] == shapes[1]


def test_batches_can_be_asked_for_in_any_order() -> None:
    batches = plan_of_a_corpus().epoch(seed=1, epoch=0)
    assert len(batches) == len(list(batches))
    assert list(batches[-1].rows) == list(batches[len(batches) - 1].rows)
    assert [list(batch.rows) for batch in batches[2:4]] == [list(batches[2].rows), list(batches[3].rows)]


def test_few_batches_have_empty_rows_and_little_is_padding() -> None:
    plan = plan_of_a_corpus()
    assert sum((batch.rows < 0).any() for batch in plan.epoch(seed=1, epoch=0)) <= 4
    assert plan.padding_fraction < 0.06


def test_sentences_of_one_length_need_no_padding() -> None:
    plan = plan_batches(split_of([(7, 5)] * 12), batch_size=3, batch_by="sentences")
    assert plan.shapes == ((8, 6, 3),)
    assert plan.padding_fraction == 0


def test_two_lengths_far_apart_get_a_shape_each() -> None:
    plan = plan_batches(split_of([(3, 2)] * 6 + [(11, 13)] * 6), batch_size=3, batch_by="sentences")
    assert plan.shapes == ((4, 3, 3), (12, 14, 3))
    assert plan.padding_fraction == 0


def test_a_remainder_joins_longer_sentences_where_that_costs_less_than_empty_rows() -> None:
    """Four of 3 target positions and five of 4, in batches of three: one of the four is padded to 4."""
    plan = plan_batches(split_of([(2, 2)] * 4 + [(2, 3)] * 5), batch_size=3, batch_by="sentences")
    assert plan.shapes == ((3, 3, 3), (3, 4, 3))
    assert plan.padding_fraction == pytest.approx(1 / (3 * 3 + 6 * 4))


def test_batches_by_tokens_hold_more_of_the_short_sentences() -> None:
    plan = plan_batches(split_of([(3, 2)] * 40 + [(11, 11)] * 40), batch_size=24, batch_by="tokens")
    assert plan.shapes == ((4, 3, 8), (12, 12, 2))


def test_a_batch_is_no_larger_than_the_split() -> None:
    plan = plan_batches(split_of([(3, 2)] * 5), batch_size=128, batch_by="sentences")
    assert plan.shapes == ((4, 3, 5),)


def test_an_unknown_unit_of_batches_is_refused() -> None:
    assert (
        refusal(plan_batches, split_of([(3, 2)]), batch_size=2, batch_by="words")
        == "Unknown training.batch_by 'words'. Known: sentences, tokens."
    )


def test_a_batch_that_cannot_hold_the_longest_target_is_refused() -> None:
    assert refusal(plan_batches, split_of([(3, 2), (3, 17)]), batch_size=17, batch_by="tokens") == (
        "training.batch_size=17 tokens cannot hold the longest target, 18 tokens including EOS. "
        "Use training.batch_size=18 or more, or a smaller sequence_length."
    )


@settings(deadline=None)
@given(LENGTHS, st.integers(1, 40), st.integers(1, 5))
def test_decoding_batches_hold_every_sentence_once_sorted_by_length(
    lengths: list[tuple[int, int]], batch_size: int, maximum_shapes: int
) -> None:
    sentences = split_of(lengths).source
    batches = source_batches(sentences, batch_size=batch_size, maximum_shapes=maximum_shapes)
    rows = [int(row) for batch in batches for row in batch.rows if row >= 0]
    ids = [unpadded(ids) for batch in batches for ids, row in zip(batch.source, batch.rows, strict=True) if row >= 0]
    assert sorted(rows) == list(range(len(lengths)))
    assert ids == [list(sentences[row]) for row in rows]
    assert [len(sentence) for sentence in ids] == sorted(source for source, _ in lengths)
    assert len({batch.source.shape for batch in batches}) <= maximum_shapes
    assert all((batch.rows >= 0).all() for batch in batches[1:])
