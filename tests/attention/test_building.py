"""Mechanisms by name: what they hold, what they refuse, and how their weights are drawn."""

import importlib
import inspect
import re
from typing import Any

import numpy as np
import pytest

from attnbench.attention import build
from attnbench.attention.mechanism import Attention
from attnbench.attention.scores import Score
from attnbench.attention.seeded import draw_weights
from attnbench.attention.weighting import Softmax, Unscaled
from attnbench.mechanisms import BASELINES, FACTORS, SCALES, SCORES, WEIGHTS, Choice
from tests.attention.mechanisms import make

QUERY, VALUES = np.ones((2, 3, 11), np.float32), np.ones((2, 5, 13), np.float32)
MASK = np.arange(5) < np.array([[5], [3]])


def built(score: str, seed: int = 0, **factors: Any) -> Any:
    layer = make(score, units=7, **factors)
    layer.build(VALUES.shape if FACTORS["score"][score].equal_sizes else QUERY.shape, VALUES.shape)
    draw_weights(layer, seed)
    return layer


def shapes(layer: Any) -> dict[str, tuple[int, ...]]:
    return {variable.path.removeprefix("attention/"): tuple(variable.shape) for variable in layer.trainable_variables}


def test_none_is_no_mechanism() -> None:
    assert build("none") is None


@pytest.mark.parametrize("score", ["dot", "uniform", "final_state"])
def test_some_mechanisms_hold_no_weights(score: str) -> None:
    assert shapes(built(score)) == {}


def test_general_holds_one_matrix() -> None:
    assert shapes(built("general")) == {"score/key_kernel": (13, 11)}


def test_additive_holds_two_matrices_and_a_vector() -> None:
    expected = {"score/query_kernel": (11, 7), "score/key_kernel": (13, 7), "score/score_vector": (7,)}
    assert shapes(built("additive")) == expected


def test_a_learned_scale_is_one_more_number() -> None:
    assert shapes(built("general", scale="learned")) == {"score/key_kernel": (13, 11), "scale_factor": ()}


def test_biases_are_there_on_demand() -> None:
    biases = {"score/query_bias": (7,), "score/key_bias": (7,), "score/score_bias": ()}
    assert shapes(built("additive", use_bias=True)) == shapes(built("additive")) | biases


@pytest.mark.parametrize(
    ("table", "kind"), [(BASELINES, Attention), (SCORES, Score), (SCALES, Unscaled), (WEIGHTS, Softmax)]
)
def test_every_path_of_the_table_leads_to_a_class_that_takes_its_options(table: dict[str, Choice], kind: type) -> None:
    for choice in table.values():
        if choice.path is not None:
            module, _, name = choice.path.rpartition(".")
            cls = getattr(importlib.import_module(module), name)
            assert issubclass(cls, kind)
            assert {*choice.options, *choice.circumstances} <= set(inspect.signature(cls).parameters)


@pytest.mark.parametrize(
    ("score", "options", "message"),
    [
        (
            "generall",
            {},
            f"Unknown attention.score 'generall'. Known: {', '.join(FACTORS['score'])}. Did you mean 'general'?",
        ),
        (
            "dot",
            {"scale": "sqrt"},
            f"Unknown attention.scale 'sqrt'. Known: {', '.join(FACTORS['scale'])}. Did you mean 'sqrt_units'?",
        ),
        (
            "dot",
            {"units": 7},
            "attention.units=7 does not apply to attention.score=dot. "
            "Options that apply: scale, weights, query_time, input_feeding. Use attention.units=null.",
        ),
    ],
)
def test_what_the_table_does_not_know_is_refused(score: str, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build(score, **options)


def test_dot_refuses_unequal_sizes() -> None:
    message = (
        "dot needs equal sizes: the query has 11 units, the values 13. "
        "Use attention=general, or model.encoder_size=null."
    )
    layer: Any = build("dot")
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        layer.build(QUERY.shape, VALUES.shape)


@pytest.mark.parametrize("score", ["uniform", "final_state", "additive", "general"])
def test_a_mask_may_be_named_as_the_article_names_it(score: str) -> None:
    layer = built(score)
    named, placed = layer(QUERY, VALUES, mask=MASK), layer(QUERY, VALUES, MASK)
    for one, other in zip(named, placed, strict=True):
        assert np.array_equal(np.asarray(one), np.asarray(other))


def test_a_seed_draws_the_same_weights_again() -> None:
    for one, other in zip(built("additive", seed=3).weights, built("additive", seed=3).weights, strict=True):
        assert np.array_equal(np.asarray(one.value), np.asarray(other.value))


def test_another_seed_draws_other_weights() -> None:
    for one, other in zip(built("additive", seed=3).weights, built("additive", seed=5).weights, strict=True):
        assert not np.array_equal(np.asarray(one.value), np.asarray(other.value))


def test_a_weight_that_two_mechanisms_share_starts_equal_in_both() -> None:
    plain, scaled = built("additive", seed=3), built("additive", seed=3, scale="learned", use_bias=True)
    shared = {variable.path: np.asarray(variable.value) for variable in scaled.weights}
    for variable in plain.weights:
        assert np.array_equal(np.asarray(variable.value), shared[variable.path])


def test_drawn_weights_stay_within_glorots_limit_and_use_it() -> None:
    kernel = np.abs(np.asarray(built("additive").score.key_kernel.value))
    limit = np.sqrt(6 / (13 + 7))
    assert 0.9 * limit < kernel.max() <= limit


def test_an_initial_range_holds_for_every_drawn_weight_and_for_no_constant() -> None:
    layer: Any = build("additive", units=7, use_bias=True, scale="learned")
    layer.build(QUERY.shape, VALUES.shape)
    draw_weights(layer, 3, initial_range=0.01)
    kernel = np.abs(np.asarray(layer.score.key_kernel.value))
    assert 0.009 < kernel.max() <= 0.01
    assert float(layer.scale.factor.value) == 1
    assert not np.any(np.asarray(layer.score.key_bias.value))
