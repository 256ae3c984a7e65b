"""The side of attnbench: model, optimiser and searches of its runs."""

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.decoding import Searcher, beam_search, greedy_search
from attnbench.measurement import Turnstile, matrix_rate
from attnbench.training import checkpoint, optimiser_step
from attnbench.worker.build import COMPUTE_TYPES, build_model, set_up
from experiments.benchmarks.peers.job import BEAMS, LENGTH, Job, bias_without_eos


class Ours:
    """See `job.Side`."""

    def __init__(self, job: Job) -> None:
        set_up(job.config)
        sizes = {"source_vocabulary": job.source_vocabulary, "target_vocabulary": job.target_vocabulary}
        self._model = model = build_model(job.config, **sizes)
        if job.weights is not None:
            checkpoint.load(job.weights, {"model": model.variables})
        self._batches, self._type = job.batches, COMPUTE_TYPES[job.config.precision]
        self._sources = [ops.convert_to_tensor(source) for source, _ in job.batches]
        self._targets = [ops.convert_to_tensor(target) for _, target in job.batches]
        self._rate = ops.convert_to_tensor(np.float32(job.config.training.learning_rate))
        _, self._step = optimiser_step(model, job.config.training)
        variables = model.trainable_variables
        self._greedy = backend.compiled(lambda source, limits: greedy_search(model, source, limits, LENGTH), variables)
        self._beam = backend.compiled(
            lambda source, limits: beam_search(model, source, limits, LENGTH, beams=BEAMS, length_penalty=0.0),
            variables,
        )
        self._searchers = {beams: Searcher(model, beams=beams) for beams in (1, BEAMS)}

    def training(self, number: int) -> None:
        """One optimiser step."""
        key = ops.convert_to_tensor(np.array([1, number], np.int32))
        backend.read(self._step(self._rate, self._sources[number], self._targets[number], key))

    def greedy(self, number: int) -> None:
        """Greedy search."""
        backend.read(self._greedy(*self._search(number)))

    def beam(self, number: int) -> None:
        """Beam search."""
        backend.read(self._beam(*self._search(number)))

    def test_greedy(self, number: int) -> np.ndarray:
        """Greedy search up to EOS."""
        return self._searchers[1].batch(self._batches[number][0])

    def test_beam(self, number: int) -> np.ndarray:
        """Beam search up to EOS."""
        return self._searchers[BEAMS].batch(self._batches[number][0])

    def never_end(self) -> None:
        """Makes special tokens impossible from now on, so that every hypothesis has the same length."""
        self._model.output_bias.assign(bias_without_eos(self._model.target_vocabulary))

    def utilisation(self, seconds: float, numbers: list[int]) -> float:
        """Model FLOP/s ÷ matrix rate of the machine, where training the batches `numbers` takes `seconds`."""
        flops = 0.0
        for number in numbers:
            lengths = [np.count_nonzero(side, axis=1) for side in self._batches[number]]
            flops += sum(self._model.flops(source_tokens=s, target_tokens=t) or 0.0 for s, t in zip(*lengths))
        return 3 * flops / seconds / matrix_rate(self._type, Turnstile())

    def _search(self, number: int) -> tuple[object, ...]:
        source = self._sources[number]
        return source, ops.full((source.shape[0],), LENGTH, "int32")
