"""The PyTorch reference computes what the model of attnbench computes, so that the speed-up over it is a fair one."""

import copy
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is the optional extra 'peers'")

from keras import ops  # noqa: E402

from attnbench import backend  # noqa: E402
from attnbench.decoding import beam_search, greedy_search  # noqa: E402
from attnbench.model import Seq2Seq  # noqa: E402
from attnbench.worker.build import build_model  # noqa: E402
from experiments.benchmarks.configured import run_config  # noqa: E402
from experiments.benchmarks.peers.job import Job, bias_without_eos  # noqa: E402
from experiments.benchmarks.peers.reference import Reference  # noqa: E402
from experiments.benchmarks.peers.reference_search import beam, greedy  # noqa: E402
from experiments.benchmarks.peers.theirs import reference_model  # noqa: E402
from experiments.benchmarks.peers.weights import adopt  # noqa: E402

VARIANTS = ["dot", "general", "none", "bahdanau", "dot+feeding", "bahdanau+feeding"]
SIZES = {"source_vocabulary": 19, "target_vocabulary": 23}
SOURCE = np.array([[5, 7, 11, 2, 0], [17, 13, 4, 9, 2], [6, 2, 0, 0, 0]], np.int32)
TARGET = np.array([[4, 8, 2, 0], [21, 9, 6, 2], [10, 2, 0, 0]], np.int32)


def both(variant: str) -> tuple[Seq2Seq, Reference]:
    preset, _, feeding = variant.partition("+")
    config = run_config(
        f"attention={preset}",
        f"attention.input_feeding={bool(feeding)}",
        "hidden_size=14",
        "model.embedding_size=11",
        "model.embedding_dropout=0",
    )
    ours = build_model(config, **SIZES)
    theirs = reference_model(Job(config, [], SIZES["source_vocabulary"], SIZES["target_vocabulary"]))
    generator = np.random.default_rng(3)
    for variable in ours.trainable_variables:
        variable.assign(generator.normal(0, 0.5, variable.shape))
    adopt(theirs, by_path(ours, [backend.read(variable.value) for variable in ours.trainable_variables]))
    return ours, theirs.eval()


def by_path(model: Seq2Seq, values: list[np.ndarray]) -> dict[str, np.ndarray]:
    paths = [variable.path.removeprefix("seq2seq/") for variable in model.trainable_variables]
    return dict(zip(paths, values, strict=True))


@pytest.mark.parametrize("variant", VARIANTS)
def test_losses_and_all_gradients_are_equal(variant: str) -> None:
    tf = pytest.importorskip("tensorflow")
    ours, theirs = both(variant)
    with tf.GradientTape() as tape:
        total, _, tokens = ours.losses(ops.convert_to_tensor(SOURCE), ops.convert_to_tensor(TARGET))
        loss = total / tokens
    our_gradients = tape.gradient(loss, [variable.value for variable in ours.trainable_variables])
    expected = theirs.loss(torch.from_numpy(SOURCE).long(), torch.from_numpy(TARGET).long())
    expected.backward()

    assert backend.read(loss) == pytest.approx(expected.item(), rel=1e-5)
    gradients = copy.deepcopy(theirs)
    adopt(gradients, by_path(ours, [backend.read(tf.convert_to_tensor(x)) for x in our_gradients]))
    their_gradients = {name: weight.grad for name, weight in theirs.named_parameters()}
    for name, ours_gradient in gradients.state_dict().items():
        theirs_gradient: Any = their_gradients[name]
        if "bias_hh" in name:  # our update and reset gates have one bias, PyTorch's have two
            units = len(ours_gradient) // 3
            ours_gradient, theirs_gradient = ours_gradient[2 * units :], theirs_gradient[2 * units :]
        np.testing.assert_allclose(ours_gradient, theirs_gradient, rtol=1e-4, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("variant", VARIANTS)
def test_greedy_and_beam_search_find_the_same_hypotheses_where_none_ends(variant: str) -> None:
    ours, theirs = both(variant)
    bias = bias_without_eos(SIZES["target_vocabulary"])
    np.testing.assert_array_equal(bias, [-1e4] * 3 + [0.0] * 20)
    ours.output_bias.assign(bias)
    with torch.no_grad():
        theirs.output.bias.copy_(torch.from_numpy(bias))
    limits = np.full(3, 7, np.int32)
    assert_equal_hypotheses(ours, theirs, limits)


@pytest.mark.parametrize("variant", VARIANTS)
def test_greedy_and_beam_search_find_the_same_hypotheses_up_to_eos(variant: str) -> None:
    ours, theirs = both(variant)
    assert_equal_hypotheses(ours, theirs, np.array([6, 8, 3], np.int32))


def assert_equal_hypotheses(ours: Seq2Seq, theirs: Reference, limits: np.ndarray) -> None:
    source, ids = ops.convert_to_tensor(SOURCE), torch.from_numpy(SOURCE).long()
    longest, tensor = int(limits.max()), ops.convert_to_tensor(limits)
    pairs = (
        (greedy_search(ours, source, tensor, longest), greedy(theirs, ids, torch.from_numpy(limits))),
        (
            beam_search(ours, source, tensor, longest, beams=5, length_penalty=0.0),
            beam(theirs, ids, torch.from_numpy(limits), 5),
        ),
    )
    for our_ids, their_ids in pairs:
        padded = np.pad(their_ids.numpy(), ((0, 0), (0, longest - their_ids.shape[1])))
        np.testing.assert_array_equal(backend.read(our_ids), padded)
