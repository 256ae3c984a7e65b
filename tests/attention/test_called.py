"""A mechanism written outside the package: named by its import path, it needs no change here."""

import re
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from attnbench.attention import Attention, build

BATCH, TARGET, SOURCE, QUERY_UNITS, VALUE_UNITS = 2, 3, 5, 7, 11
MASK = np.arange(SOURCE) < np.array([[5], [3]])
GENERATOR = np.random.default_rng(41)
QUERY = GENERATOR.normal(size=(BATCH, TARGET, QUERY_UNITS)).astype(np.float32)
VALUES = GENERATOR.normal(size=(BATCH, SOURCE, VALUE_UNITS)).astype(np.float32)

MODULE = """
    import keras
    from keras import ops


    def attended(scores, values, mask):
        weights = ops.softmax(ops.where(mask, scores, -1e9))
        return ops.einsum("bs,bsd->bd", weights, values), weights


    class Projected(keras.layers.Layer):
        '''The plainest way to write a layer: no keyword arguments of Keras, sublayers made at once.'''

        def __init__(self, units):
            super().__init__()
            self.projection = keras.layers.Dense(units)

        def call(self, query, values, mask):
            return attended(ops.einsum("bd,bsd->bs", self.projection(query), values), values, mask)


    class Built(keras.layers.Layer):
        '''Makes its weights in build, one of them a constant, and drops out while it trains.'''

        def __init__(self, temperature, **kwargs):
            super().__init__(**kwargs)
            self.temperature = temperature
            self.dropout = keras.layers.Dropout(0.5)

        def build(self, query_shape, values_shape):
            self.kernel = self.add_weight((query_shape[-1], values_shape[-1]), name="kernel")
            self.divisor = self.add_weight((), "ones", trainable=False, name="divisor")
            self.divisor.assign(self.temperature)

        def call(self, query, values, mask=None, training=None):
            projected = self.dropout(query @ self.kernel, training=training)
            return attended(ops.einsum("bd,bsd->bs", projected, values) / self.divisor, values, mask)


    class Frozen(Projected):
        '''A projection that is not trained.'''

        def __init__(self, units):
            super().__init__(units)
            self.projection.trainable = False
"""


@pytest.fixture(autouse=True)
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working folder of a user, with a module of mechanisms in it."""
    (tmp_path / "my_mechanisms.py").write_text(textwrap.dedent(MODULE))
    monkeypatch.syspath_prepend(tmp_path)


def made(name: str, **options: Any) -> Any:
    return build(target=f"my_mechanisms.{name}", options=options)


CLASSES = [("Projected", {"units": VALUE_UNITS}), ("Built", {"temperature": 2.0}), ("Frozen", {"units": VALUE_UNITS})]


@pytest.mark.parametrize(("name", "options"), CLASSES)
def test_a_class_that_defines_only_call_is_a_mechanism(name: str, options: dict[str, Any]) -> None:
    layer = made(name, **options)
    assert isinstance(layer, Attention)
    contexts, weights = layer(QUERY, VALUES, MASK)
    assert contexts.shape == (BATCH, TARGET, VALUE_UNITS)
    assert weights.shape == (BATCH, TARGET, SOURCE)
    for at in range(TARGET):
        context, one_row = layer.layer(QUERY[:, at], VALUES, MASK)
        assert np.asarray(contexts)[:, at] == pytest.approx(np.asarray(context), rel=1e-5, abs=1e-6)
        assert np.asarray(weights)[:, at] == pytest.approx(np.asarray(one_row), rel=1e-5, abs=1e-6)


@pytest.mark.parametrize(("name", "options"), CLASSES)
def test_its_trainable_weights_and_no_others_are_trained(
    name: str, options: dict[str, Any], gradients: Callable[..., list[Any]]
) -> None:
    layer = made(name, **options)
    layer.build(QUERY.shape, VALUES.shape)

    def loss(query: Any, values: Any) -> Any:
        return keras.ops.sum(keras.ops.square(layer(query, values, MASK)[0]))

    found = gradients(loss, [QUERY, VALUES], layer.trainable_variables)
    assert all(gradient is not None and gradient.any() for gradient in found)
    # a weight of its own and its bias; a kernel and no divisor; nothing
    assert [variable.name for variable in layer.trainable_variables] == {
        "Projected": ["kernel", "bias"], "Built": ["kernel"], "Frozen": [],
    }[name]  # fmt: skip


def test_options_become_its_arguments() -> None:
    layer = made("Built", temperature=3.0)
    layer.build(QUERY.shape, VALUES.shape)
    assert float(layer.layer.divisor.value) == 3


def test_a_name_without_a_module_is_refused() -> None:
    message = "attention.target must be an import path such as my_module.MyAttention, received 'Projected'."
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build(target="Projected")


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("no_such_module.Projected", "No module named 'no_such_module'"),
        ("my_mechanisms.Absent", "module 'my_mechanisms' has no attribute 'Absent'"),
    ],
)
def test_a_class_that_is_not_there_is_refused(target: str, reason: str) -> None:
    message = (
        f"attention.target '{target}' cannot be imported: {reason}. "
        "Put the module into the working folder or install it."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        build(target=target)


def test_options_that_the_class_does_not_take_are_refused() -> None:
    message = (
        "attention.target 'my_mechanisms.Projected' cannot be made from attention.options {'size': 3}: "
        "Projected.__init__() got an unexpected keyword argument 'size'."
    )
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        made("Projected", size=3)
