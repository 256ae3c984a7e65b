"""What the shared model promises for every preset."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from attnbench import backend
from attnbench.model import Seq2Seq
from attnbench.special_tokens import BOS
from tests.model.conftest import EMBEDDING, PRESETS

SHAPES: list[dict[str, Any]] = [
    {"cell": "lstm", "encoder_layers": 2, "decoder_layers": 3},
    {"bidirectional": False, "bridge": "copy", "encoder_layers": 2},
    {"bridge": "zero", "tied_embeddings": "target"},
]
Pairs = tuple[np.ndarray, np.ndarray]


def _tensors(*arrays: np.ndarray) -> Any:
    return tuple(ops.convert_to_tensor(x) for x in arrays)


def _logits(model: Seq2Seq, source: np.ndarray, target: np.ndarray, key: Any = None) -> np.ndarray:
    """(batch, target, vocabulary)"""
    logits, _ = model.teacher_forced(ops.convert_to_tensor(source), ops.convert_to_tensor(target), key)
    return backend.read(logits).reshape(target.shape[1], target.shape[0], -1).swapaxes(0, 1)


def _step_by_step(model: Seq2Seq, source: np.ndarray, target: np.ndarray) -> tuple[np.ndarray, list[Any]]:
    encoded = model.encode(*_tensors(source))
    tokens, state = np.full(len(source), BOS, np.int32), encoded.state
    logits, weights = [], []
    for column in target.T:
        step, row, state = model.step(ops.convert_to_tensor(tokens), state, encoded.memory)
        logits.append(backend.read(step))
        weights.append(row)
        tokens = column
    return np.stack(logits, axis=1), weights


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("preset", PRESETS)
def test_teacher_forced_probabilities_are_the_decoders_own_step_by_step(
    preset: str, make_model: Callable[..., Seq2Seq], pairs: Pairs
) -> None:
    model = make_model(preset)
    stepped, weights = _step_by_step(model, *pairs)
    np.testing.assert_allclose(_logits(model, *pairs), stepped, rtol=1e-9, atol=1e-9)
    forced = model.teacher_forced(*_tensors(*pairs))[1]
    for time, row in enumerate(weights if model.attention else []):
        np.testing.assert_allclose(backend.read(forced[time]), backend.read(row), rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("preset", ["bahdanau", "general with input feeding", "dot"])
def test_stacked_and_tied_models_step_as_they_are_trained(
    preset: str, shape: dict[str, Any], make_model: Callable[..., Seq2Seq], pairs: Pairs
) -> None:
    model = make_model(preset, **shape)
    np.testing.assert_allclose(_logits(model, *pairs), _step_by_step(model, *pairs)[0], rtol=1e-9, atol=1e-9)


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("preset", PRESETS)
def test_nothing_depends_on_padding_or_on_the_other_sentences_of_a_batch(
    preset: str, make_model: Callable[..., Seq2Seq], pairs: Pairs
) -> None:
    model = make_model(preset)
    source, target = pairs
    together = _logits(model, source, target)
    wider = np.pad(source, ((0, 1), (0, 3))), np.pad(target, ((0, 1), (0, 2)))
    padded = _logits(model, *wider)
    assert np.isfinite(padded).all()
    np.testing.assert_allclose(padded[:3, :6], together, rtol=1e-9, atol=1e-9)
    for row in range(3):
        length = np.count_nonzero(source[row])
        alone = _logits(model, source[row : row + 1, :length], target[row : row + 1])
        np.testing.assert_allclose(alone[0], together[row], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("preset", "shape"),
    [(preset, {}) for preset in PRESETS]
    + [(preset, shape) for preset in ("bahdanau", "dot with input feeding") for shape in SHAPES]
    + [("none", shape) for shape in SHAPES[:2]],
)
def test_a_gradient_reaches_every_weight(
    preset: str,
    shape: dict[str, Any],
    make_model: Callable[..., Seq2Seq],
    pairs: Pairs,
    gradients: Callable[..., Any],
) -> None:
    model = make_model(preset, **shape)

    def loss() -> Any:
        smoothed, _, tokens = model.losses(*_tensors(*pairs), smoothing=0.1)
        return smoothed / tokens

    found = gradients(loss, [], model.trainable_variables)
    for variable, gradient in zip(model.trainable_variables, found, strict=True):
        assert gradient is not None, variable.path
        assert np.isfinite(gradient).all(), variable.path
        assert np.abs(gradient).max() > 0, variable.path


@pytest.mark.usefixtures("float64")
@pytest.mark.parametrize("preset", ["bahdanau", "dot", "general with input feeding"])
def test_the_gradient_of_the_loss_is_its_difference_quotient(
    preset: str, make_model: Callable[..., Seq2Seq], pairs: Pairs, gradients: Callable[..., Any]
) -> None:
    model = make_model(preset)
    variables = model.trainable_variables
    generator = np.random.default_rng(5)
    directions = [generator.normal(size=v.shape) for v in variables]
    starts = [backend.read(v.value) for v in variables]

    def loss() -> Any:
        smoothed, _, tokens = model.losses(*_tensors(*pairs), smoothing=0.1)
        return smoothed / tokens

    def moved(distance: float) -> float:
        for variable, start, direction in zip(variables, starts, directions, strict=True):
            variable.assign(start + distance * direction)
        return float(backend.read(loss()))

    quotient = (moved(1e-6) - moved(-1e-6)) / 2e-6
    moved(0)
    found = gradients(loss, [], variables)
    assert sum(float((g * d).sum()) for g, d in zip(found, directions, strict=True)) == pytest.approx(
        quotient, rel=1e-6
    )


@pytest.mark.parametrize("preset", PRESETS)
def test_dropout_repeats_itself_for_a_key_and_differs_between_keys(
    preset: str, make_model: Callable[..., Seq2Seq], pairs: Pairs
) -> None:
    model = make_model(preset, embedding_dropout=0.3, readout_dropout=0.3, decoder_layers=2, layer_dropout=0.3)
    first, second = (ops.convert_to_tensor(np.array(key, np.int32)) for key in ([1, 2], [1, 3]))
    np.testing.assert_array_equal(_logits(model, *pairs, first), _logits(model, *pairs, first))
    assert np.abs(_logits(model, *pairs, first) - _logits(model, *pairs, second)).max() > 0
    assert np.abs(_logits(model, *pairs, first) - _logits(model, *pairs)).max() > 0


def test_the_loss_counts_only_target_tokens(make_model: Callable[..., Seq2Seq], pairs: Pairs) -> None:
    model = make_model("dot")
    source, target = pairs
    _, plain, tokens = model.losses(*_tensors(source, target))
    assert float(backend.read(tokens)) == 3 + 6 + 2
    logits = _logits(model, source, target).astype(np.float64)
    logarithms = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))
    expected = -sum(logarithms[row, time, target[row, time]] for row, time in zip(*np.nonzero(target), strict=True))
    assert float(backend.read(plain)) == pytest.approx(expected, rel=1e-5)


def test_models_that_share_a_weight_share_its_initial_values(make_model: Callable[..., Seq2Seq]) -> None:
    models = [make_model(preset) for preset in PRESETS]
    seen: dict[str, np.ndarray] = {}
    for model in models:
        for variable in model.trainable_variables:
            values = backend.read(variable.value)
            if variable.path in seen and seen[variable.path].shape == values.shape:
                np.testing.assert_array_equal(seen[variable.path], values)
            seen[variable.path] = values
    shared = set.intersection(*({v.path for v in model.trainable_variables} for model in models))
    assert {"seq2seq/source_embedding", "seq2seq/decoder/embedding_kernel", "seq2seq/output_kernel"} <= shared


def test_another_seed_draws_other_weights(make_model: Callable[..., Seq2Seq]) -> None:
    first, second = make_model("dot", seed=1), make_model("dot", seed=2)
    for x, y in zip(first.trainable_variables, second.trainable_variables, strict=True):
        same = bool((backend.read(x.value) == backend.read(y.value)).all())
        assert same == ("bias" in x.path), x.path


@pytest.mark.parametrize(("initial_range", "factor"), [(None, EMBEDDING**0.5), (0.05, 1.0)])
def test_embeddings_are_multiplied_only_where_their_table_is_drawn_for_it(
    make_model: Callable[..., Seq2Seq], initial_range: float | None, factor: float
) -> None:
    model = make_model("dot", initial_range=initial_range)
    table = backend.read(model.source_embedding)
    if initial_range is not None:
        assert 0.9 * initial_range < np.abs(table).max() <= initial_range
    embedded = backend.read(model.embed(model.source_embedding, ops.convert_to_tensor([2, 3])))
    assert np.allclose(embedded, factor * table[[2, 3]], rtol=1e-6, atol=0)


def test_one_table_serves_both_sides_and_the_output_when_all_embeddings_are_tied(
    make_model: Callable[..., Seq2Seq],
) -> None:
    model = make_model("dot", tied_embeddings="all", source_vocabulary=19)
    tables = [v.path for v in model.trainable_variables if "embedding" in v.path.rsplit("/", 1)[-1]]
    assert tables == ["seq2seq/target_embedding", "seq2seq/decoder/embedding_kernel"]
    assert not [v for v in model.trainable_variables if v.path.endswith("output_kernel")]
