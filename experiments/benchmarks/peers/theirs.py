"""The side of PyTorch: the reference model, with PyTorch's own fast paths (fused Adam, autocast for bfloat16)."""

import numpy as np
import torch

from attnbench.special_tokens import PAD
from experiments.benchmarks.peers.job import BEAMS, LENGTH, Job, bias_without_eos
from experiments.benchmarks.peers.reference import Reference
from experiments.benchmarks.peers.reference_search import beam, greedy
from experiments.benchmarks.peers.weights import adopt, saved_weights


class Theirs:
    """See `job.Side`."""

    def __init__(self, job: Job) -> None:
        config = job.config
        torch.set_num_threads(config.threads or 1)
        torch.set_num_interop_threads(1)
        torch.backends.cudnn.allow_tf32 = False
        self._device = torch.device("cuda" if config.device == "gpu" else "cpu")
        self._batches = [tuple(torch.from_numpy(ids).long().to(self._device) for ids in pair) for pair in job.batches]
        self._model = reference_model(job)
        if job.weights is not None:
            adopt(self._model, saved_weights(job.weights))
        self._model.to(self._device)
        self._clip_norm = config.training.clip_norm
        self._optimizer = torch.optim.Adam(self._model.parameters(), config.training.learning_rate, fused=True)
        self._bfloat16 = config.precision == "mixed_bfloat16"

    def training(self, number: int) -> None:
        """One optimiser step."""
        self._model.train()
        self._optimizer.zero_grad(set_to_none=True)
        with self._precision():
            loss = self._model.loss(*self._batches[number])
        loss.backward()
        if self._clip_norm is not None:
            torch.nn.utils.clip_grad_norm_(self._model.parameters(), self._clip_norm)
        self._optimizer.step()
        loss.item()

    def greedy(self, number: int) -> None:
        """Greedy search."""
        self._search(number, 1, self._fixed(number))

    def beam(self, number: int) -> None:
        """Beam search."""
        self._search(number, BEAMS, self._fixed(number))

    def test_greedy(self, number: int) -> np.ndarray:
        """Greedy search up to EOS."""
        return self._search(number, 1, self._limits(number))

    def test_beam(self, number: int) -> np.ndarray:
        """Beam search up to EOS."""
        return self._search(number, BEAMS, self._limits(number))

    def never_end(self) -> None:
        """Makes special tokens impossible from now on, so that every hypothesis has the same length."""
        with torch.no_grad():
            bias = self._model.output.bias
            bias.copy_(torch.from_numpy(bias_without_eos(len(bias))))

    def _search(self, number: int, beams: int, limits: torch.Tensor) -> np.ndarray:
        self._model.eval()
        source = self._batches[number][0]
        with self._precision():
            ids = greedy(self._model, source, limits) if beams == 1 else beam(self._model, source, limits, beams)
        return ids.cpu().numpy()

    def _fixed(self, number: int) -> torch.Tensor:
        return torch.full((len(self._batches[number][0]),), LENGTH, device=self._device)

    def _limits(self, number: int) -> torch.Tensor:
        """The same as `attnbench.decoding.length_limits`."""
        lengths = (self._batches[number][0] != PAD).sum(1) - 1
        return torch.where(lengths >= 0, 2 * lengths + 10, 0)

    def _precision(self) -> torch.autocast:
        return torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16)


def reference_model(job: Job) -> Reference:
    """The PyTorch model of the sizes and choices in `job`."""
    config = job.config
    return Reference(
        score=str(config.attention.score),
        query_time=config.attention.query_time,
        input_feeding=config.attention.input_feeding,
        source_vocabulary=job.source_vocabulary,
        target_vocabulary=job.target_vocabulary,
        embedding_size=config.model.embedding_size,
        hidden_size=config.hidden_size,
        embedding_dropout=config.model.embedding_dropout,
        readout_dropout=config.model.readout_dropout,
        scaled_embeddings=config.model.initial_range is None,
    )
