"""Decoding whole sets of sentences, batch by batch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops

from attnbench import backend
from attnbench.data import SourceBatch
from attnbench.decoding.beam import beam_search
from attnbench.decoding.greedy import greedy_search, length_limits
from attnbench.measurement import Stopwatch, Turnstile, mean_disturbance
from attnbench.model import Seq2Seq
from attnbench.records import Window
from attnbench.special_tokens import EOS, PAD
from attnbench.tensors import Tensor


@dataclass(frozen=True)
class Decoded:
    """Hypotheses of a set of sentences.

    Attributes:
        hypotheses: ids of each sentence, without EOS.
        unfinished: bool `(sentences,)`, whether each reached its limit before EOS.
        tokens: target tokens with EOS.
        seconds: time of decoding the set once, a mean where `decode` repeats it; without compilation where it is timed.
        disturbance: see `mean_disturbance`.
    """

    hypotheses: list[np.ndarray]
    unfinished: np.ndarray
    tokens: int
    seconds: float
    disturbance: float | None = None


class Searcher:
    """Greedy (one beam) or beam search with one model, compiled once a shape.

    Args:
        model: decodes; its weights may change between calls.
        beams: 1 for greedy search.
        length_penalty: of beam search.
    """

    def __init__(self, model: Seq2Seq, *, beams: int = 1, length_penalty: float = 0.0) -> None:
        def search(source: Tensor) -> Tensor:
            limits, longest = length_limits(source)
            if beams == 1:
                return greedy_search(model, source, limits, longest)
            return beam_search(model, source, limits, longest, beams=beams, length_penalty=length_penalty)

        self._search = backend.compiled(search, model.trainable_variables)

    def batch(self, source: np.ndarray) -> np.ndarray:
        """Hypotheses of one batch of source ids (batch, source): ids (batch, longest)."""
        return backend.read(self._search(ops.convert_to_tensor(source)))

    def decode(
        self,
        batches: Sequence[SourceBatch],
        sentences: int,
        *,
        timed_seconds: float | None = None,
        watch: Callable[[int], None] = lambda _: None,
        turnstile: Turnstile | None = None,
    ) -> Decoded:
        """Decodes a set.

        Args:
            batches: all its batches.
            sentences: how many sentences it has.
            timed_seconds: decode the set once before, so that the time includes no compilation (which smaller batches a
                search makes, and so what has to be compiled, depends on the sentences), and again until so many seconds
                have been timed; None decodes it once.
            watch: called with the number of batches done, outside the time measured; may raise to stop.
            turnstile: the run's: other runs pause while a batch is timed, and this one between any two batches.
        """
        turnstile = turnstile or Turnstile()
        hypotheses: list[np.ndarray] = [np.zeros(0, np.int32)] * sentences
        unfinished, tokens = np.zeros(sentences, bool), 0
        for batch in batches if timed_seconds is not None else ():
            watch(0)
            turnstile.pause()
            self.batch(batch.source)
        begin = turnstile.begin if timed_seconds is None else turnstile.measure
        outputs, windows = self._pass(batches, watch, turnstile, begin)
        while sum(window.seconds for window in windows) < (timed_seconds or 0):
            windows += self._pass(batches, lambda _: watch(len(batches)), turnstile, begin)[1]
        for batch, written in zip(batches, outputs, strict=True):
            for row, ids in zip(batch.rows, written, strict=True):
                if row < 0:
                    continue
                ids = ids[ids != PAD]
                ended = ids.size > 0 and ids[-1] == EOS
                tokens += ids.size
                unfinished[row] = not ended
                hypotheses[row] = ids[:-1] if ended else ids
        seconds = sum(window.seconds for window in windows) * len(batches) / len(windows)
        return Decoded(hypotheses, unfinished, tokens, seconds, mean_disturbance(windows))

    def _pass(
        self,
        batches: Sequence[SourceBatch],
        watch: Callable[[int], None],
        turnstile: Turnstile,
        begin: Callable[[], None],
    ) -> tuple[list[np.ndarray], list[Window]]:
        """What `batch` gives for each of them, and the time that each took."""
        outputs, windows, stopwatch = [], [], Stopwatch()
        for done, batch in enumerate(batches):
            watch(done)
            begin()
            stopwatch.start()
            outputs.append(self.batch(batch.source))
            windows.append(stopwatch.stop(1, 0, quiet=turnstile.quiet))
            turnstile.end()
        return outputs, windows
