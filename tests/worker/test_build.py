"""The model that a configuration names."""

import random
import textwrap
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from attnbench.config import from_mapping
from attnbench.model.bridge import BRIDGES
from attnbench.model.cells import CELLS
from attnbench.training.schedule import SCHEDULES
from attnbench.training.step import OPTIMIZERS
from attnbench.worker.build import COMPUTE_TYPES, build_model, flops_metrics
from tests.test_config import CHOICES
from tests.worker.conftest import TINY

MODULE = """
    import keras
    from keras import ops


    class Frozen(keras.layers.Layer):
        '''Makes its sublayer at once, and does not train it.'''

        def __init__(self, units):
            super().__init__()
            self.projection = keras.layers.Dense(units, trainable=False)

        def call(self, query, values, mask):
            scores = ops.einsum("bd,bsd->bs", self.projection(query), values)
            weights = ops.softmax(ops.where(mask, scores, -1e9))
            return ops.einsum("bs,bsd->bd", weights, values), weights
"""


@pytest.fixture
def weights(
    compose: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[int], list[np.ndarray]]:
    """The initial weights of a model with a user's mechanism, by seed."""
    (tmp_path / "frozen_mechanism.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)
    target = ("attention.score=null", "attention.target=frozen_mechanism.Frozen", "+attention.options.units=10")

    def built(seed: int) -> list[np.ndarray]:
        config = from_mapping(compose(*TINY, *target, f"seed={seed}"))
        model = build_model(config, source_vocabulary=9, target_vocabulary=11)
        return [np.asarray(v.value) for v in (*model.trainable_variables, *model.non_trainable_variables)]

    return built


def test_a_seed_decides_the_weights_of_a_users_mechanism_too(weights: Callable[[int], list[np.ndarray]]) -> None:
    first = weights(3)
    random.seed()
    keras.random.uniform((2,))
    for one, other in zip(first, weights(3), strict=True):
        assert np.array_equal(one, other)


def test_another_seed_draws_other_weights_of_a_users_mechanism(weights: Callable[[int], list[np.ndarray]]) -> None:
    kernel, other = (next(w for w in reversed(weights(seed)) if w.shape == (10, 10)) for seed in (3, 5))
    assert not np.array_equal(kernel, other)


def test_utilisation_is_three_forward_passes_over_the_rate() -> None:
    metrics = {"model/flops_per_target_token": 7.0, "speed/utilisation": 3 * 7 * 11 / 1000}
    assert flops_metrics(7.0, 11.0, 1000.0) == metrics


def test_a_mechanism_that_does_not_say_what_it_costs_has_neither_metric() -> None:
    assert flops_metrics(None, 11.0, 1000.0) == {}


def test_without_a_timed_step_there_is_no_utilisation() -> None:
    assert flops_metrics(7.0, None, 1000.0) == {"model/flops_per_target_token": 7.0}


def test_every_choice_of_the_configuration_has_its_object() -> None:
    tables: dict[str, Iterable[str]] = {"model.cell": CELLS, "model.bridge": BRIDGES, "training.optimizer": OPTIMIZERS}
    tables |= {"training.schedule": SCHEDULES, "precision": COMPUTE_TYPES}
    assert {key: set(table) for key, table in tables.items()} == {key: set(CHOICES[key]) for key in tables}
