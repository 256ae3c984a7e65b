"""FLOPs counted by hand: 2 per multiply-add of the matrix products."""

from typing import Any

import pytest

from attnbench import backend
from attnbench.attention import Attention, Memory, build
from attnbench.attention.scored import ScoredAttention
from attnbench.attention.scores import Score
from attnbench.mechanisms import SCALES
from attnbench.model import Seq2Seq
from tests.attention.mechanisms import COMBINATIONS, Stranger, make
from tests.model.conftest import EMBEDDING, HIDDEN, TARGET_WORDS, build_model

SOURCE, TARGET, ATTENTION = 3, 5, 7


def flops(model: Seq2Seq) -> float:
    found = model.flops(source_tokens=SOURCE, target_tokens=TARGET)
    assert found is not None
    return found


def test_flops_without_attention_are_those_of_its_products() -> None:
    half = HIDDEN // 2
    encoder = 2 * (EMBEDDING * 3 * half + half * 3 * half)
    decoder = EMBEDDING * 3 * HIDDEN + HIDDEN * 3 * HIDDEN + HIDDEN * HIDDEN + HIDDEN * TARGET_WORDS
    expected = 2 * (SOURCE * encoder + HIDDEN * HIDDEN + TARGET * decoder)
    assert flops(build_model("none")) == expected


def test_each_score_adds_its_own_products() -> None:
    none, dot, additive = (flops(build_model(preset)) for preset in ("none", "dot", "additive current"))
    readout = TARGET * HIDDEN * HIDDEN
    weighted_sum = SOURCE * TARGET * HIDDEN
    with_context = none + 2 * (readout + weighted_sum)
    assert flops(build_model("uniform")) == none + 2 * (readout + SOURCE * HIDDEN)
    assert dot == with_context + 2 * SOURCE * TARGET * HIDDEN
    assert flops(build_model("general")) == dot + 2 * SOURCE * HIDDEN * HIDDEN
    projections = (SOURCE + TARGET) * HIDDEN * ATTENTION
    assert additive == with_context + 2 * (projections + SOURCE * TARGET * ATTENTION)
    assert flops(build_model("bahdanau")) == additive + 2 * TARGET * HIDDEN * 3 * HIDDEN


def test_input_feeding_multiplies_the_readout_into_the_cell() -> None:
    added = flops(build_model("general with input feeding")) - flops(build_model("general"))
    assert added == 2 * TARGET * HIDDEN * 3 * HIDDEN


def test_a_second_layer_adds_an_input_and_a_recurrent_kernel() -> None:
    half = HIDDEN // 2
    one, two = (flops(build_model("dot", cell="lstm", encoder_layers=n, decoder_layers=n)) for n in (1, 2))
    encoder = SOURCE * 2 * (HIDDEN * 4 * half + half * 4 * half)
    bridge = 2 * HIDDEN * HIDDEN  # for h and c
    assert two - one == 2 * (encoder + bridge + TARGET * 2 * HIDDEN * 4 * HIDDEN)


def test_a_bridge_without_a_kernel_and_a_tied_output_layer_cost_what_they_multiply() -> None:
    untied = flops(build_model("dot"))
    assert untied - flops(build_model("dot", bridge="zero")) == 2 * HIDDEN * HIDDEN
    narrower = TARGET * (HIDDEN - EMBEDDING) * (HIDDEN + HIDDEN + TARGET_WORDS)
    assert untied - flops(build_model("dot", tied_embeddings="target")) == 2 * narrower


@pytest.mark.parametrize(("score", "options"), COMBINATIONS)
def test_every_mechanism_of_the_table_counts_its_flops(score: str, options: dict[str, str]) -> None:
    layer = make(score, units=ATTENTION, **options)
    layer.build((None, HIDDEN), (None, None, HIDDEN))
    assert layer.flops(source_tokens=SOURCE, target_tokens=TARGET) > 0


def test_a_scale_and_biases_cost_no_products() -> None:
    layers: list[Any] = [build("general", scale=scale, use_bias=bias) for scale in SCALES for bias in (True, False)]
    for layer in layers:
        layer.build((None, HIDDEN), (None, None, HIDDEN))
    assert len({layer.flops(source_tokens=SOURCE, target_tokens=TARGET) for layer in layers}) == 1


class Scoring(Attention):
    """Has a method that is called `score`, as a mechanism may, and does not count its FLOPs."""

    def score(self, query: Any, keys: Any) -> Any:
        return (keys @ query[:, :, None])[:, :, 0]

    def attend(self, query: Any, memory: Memory, state: Any) -> tuple[Any, Any, Any]:
        weights = self.score(query, memory.keys)
        return (weights[:, None, :] @ memory.values)[:, 0], weights, state


@pytest.mark.parametrize("target", ["tests.model.test_flops.Scoring", "tests.model.test_flops.Plain"])
def test_nobody_counts_the_flops_of_a_mechanism_that_does_not_count_them(target: str) -> None:
    model = build_model("dot", target=target)
    assert model.flops(source_tokens=SOURCE, target_tokens=TARGET) is None


class SilentScore(Score):
    """The dot score as one may write it, without saying what it costs."""

    def build(self, query_shape: Any, values_shape: Any) -> None:
        self.built = True

    def scores(self, query: Any, keys: Any) -> Any:
        return backend.matvec(keys, query)


def test_nobody_counts_the_flops_of_a_score_that_does_not_count_them() -> None:
    layer = ScoredAttention(SilentScore())
    layer.build((None, HIDDEN), (None, None, HIDDEN))
    assert layer.flops(source_tokens=SOURCE, target_tokens=TARGET) is None


class Plain(Stranger):
    """Knows nothing of the protocol."""

    def __init__(self) -> None:
        super().__init__(HIDDEN)


class Counting(Scoring):
    """Says what it costs."""

    def flops(self, *, source_tokens: float, target_tokens: float) -> float:
        return 1e6 * source_tokens * target_tokens


def test_a_mechanism_that_says_what_it_costs_is_counted() -> None:
    model = build_model("dot", target="tests.model.test_flops.Counting")
    readout = TARGET * HIDDEN * HIDDEN
    assert flops(model) == flops(build_model("none")) + 2 * readout + 1e6 * SOURCE * TARGET
