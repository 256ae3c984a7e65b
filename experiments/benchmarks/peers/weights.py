"""Copies the weights of a model of attnbench into the PyTorch reference, so that both compute the same numbers."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch

from experiments.benchmarks.peers.reference import Reference


def saved_weights(path: Path) -> dict[str, np.ndarray]:
    """The weights of a checkpoint by path, the model's own name left out."""
    with np.load(path) as file:
        return {name.split("seq2seq/", 1)[1]: file[name] for name in file.files if name.startswith("model/")}


def adopt(reference: Reference, weights: Mapping[str, np.ndarray]) -> None:
    """Copies `weights` into `reference`.

    Args:
        reference: has the same sizes.
        weights: of `attnbench.model.Seq2Seq` by path, the model's own name left out: kernels are (inputs, outputs).
    """
    state = {
        "source_embedding.weight": weights["source_embedding"],
        "target_embedding.weight": weights["target_embedding"],
        "bridge.weight": weights["bridge/kernel_0_0"].T,
        "bridge.bias": weights["bridge/bias_0_0"],
        "readout.weight": _joined(weights, "decoder/readout_state_kernel", "decoder/readout_context_kernel").T,
        "readout.bias": weights["decoder/readout_bias"],
        "output.weight": weights["output_kernel"].T,
        "output.bias": weights["output_bias"],
    }
    for way, ending in (("forward", "_l0"), ("backward", "_l0_reverse")):
        kernel = weights[f"encoder/{way}_0/input_kernel"]
        state |= _gru(weights, f"encoder/{way}_0/cell", kernel, "encoder.{}" + ending)
    terms = ("decoder/embedding_kernel", "decoder/context_kernel", "decoder/feeding_kernel")
    names = "cell.{}" if reference.needs_step_loop else "decoder.{}_l0"
    state |= _gru(weights, "decoder/cell_0", _joined(weights, *terms), names)
    score = "decoder/attention/score/"
    if score + "key_kernel" in weights:
        state["keys.weight"] = weights[score + "key_kernel"].T
    if score + "query_kernel" in weights:
        state["query.weight"] = weights[score + "query_kernel"].T
        state["vector.weight"] = weights[score + "score_vector"][None, :]
    reference.load_state_dict({name: torch.from_numpy(np.ascontiguousarray(value)) for name, value in state.items()})


def _joined(weights: Mapping[str, np.ndarray], *names: str) -> np.ndarray:
    """Kernels of terms that are added, as one kernel over the concatenated inputs."""
    return np.concatenate([weights[name] for name in names if name in weights])


def _gru(weights: Mapping[str, np.ndarray], path: str, kernel: np.ndarray, names: str) -> dict[str, np.ndarray]:
    """One GRU: the order of gates is update, reset, candidate in ours, and reset, update, candidate in PyTorch."""

    def ordered(x: np.ndarray) -> np.ndarray:
        update, reset, candidate = np.split(x, 3, axis=-1)
        return np.concatenate((reset, update, candidate), axis=-1)

    candidate_bias = weights[f"{path}/candidate_bias"]
    return {
        names.format("weight_ih"): ordered(kernel).T,
        names.format("weight_hh"): ordered(weights[f"{path}/recurrent_kernel"]).T,
        names.format("bias_ih"): ordered(weights[f"{path}/bias"]),
        names.format("bias_hh"): np.concatenate((np.zeros(2 * len(candidate_bias), np.float32), candidate_bias)),
    }
