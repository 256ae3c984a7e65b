"""Validation during training, and the test at its end."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from keras import ops

from attnbench import backend, data
from attnbench.config import RunConfig
from attnbench.data import Split, Vocabulary
from attnbench.decoding import Decoded, ForcedAligner, Searcher
from attnbench.measurement import Turnstile
from attnbench.model import Seq2Seq
from attnbench.records import AttentionMap, Progress, RunFolder, write_atomically, write_sentences
from attnbench.scoring import alignment, bleu, length
from attnbench.special_tokens import EOS
from attnbench.tensors import Tensor
from attnbench.worker.reporter import Reporter

DECODING_SHAPES = 6
LOSS_SHAPES = 8
TIMED_BATCH_SIZE = 64
LONGEST_MAP = 30


@dataclass(frozen=True)
class Hypotheses:
    """A search's hypotheses for a split, and their score."""

    decoded: Decoded
    score: bleu.Score


@dataclass(frozen=True)
class Evaluation:
    """The metrics of the test set, and how sacreBLEU says that they were computed."""

    metrics: dict[str, float]
    bleu_signature: str
    chrf_signature: str


class Losses:
    """Nats per target token of a split, without label smoothing or dropout."""

    def __init__(self, model: Seq2Seq) -> None:
        def sums(source: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
            _, plain, tokens = model.losses(source, target)
            return plain, tokens

        self._sums = backend.compiled(sums, model.trainable_variables)

    def mean(self, split: Split) -> float:
        """Over all target tokens of the split, EOS included."""
        nats, tokens = 0.0, 0.0
        for batch in _pair_batches(split):
            parts = self._sums(ops.convert_to_tensor(batch.source), ops.convert_to_tensor(batch.target))
            nats, tokens = nats + float(backend.read(parts[0])), tokens + float(backend.read(parts[1]))
        return nats / tokens


def _pair_batches(split: Split) -> Sequence[data.Batch]:
    size = min(TIMED_BATCH_SIZE, len(split))
    plan = data.plan_batches(split, batch_size=size, batch_by="sentences", maximum_shapes=LOSS_SHAPES)
    return plan.epoch(seed=0, epoch=0)


class Validation:
    """Loss and greedy BLEU of the validation sentences within the training limit; called after each epoch.

    Longer ones have no part in the choice of the best epoch, so that test sentences beyond the limit measure what was
    never optimised.

    Raises:
        ValueError: no validation sentence is within the limit.
    """

    def __init__(
        self, model: Seq2Seq, losses: Losses, dataset: data.Dataset, config: RunConfig, turnstile: Turnstile
    ) -> None:
        self._turnstile = turnstile
        self._losses, self._config, self._vocabulary = losses, config, dataset.target_vocabulary
        lengths = dataset.valid.source.lengths
        rows = np.flatnonzero(lengths <= config.sequence_length)[: config.training.validation_sentences]
        if not len(rows):
            raise ValueError(
                f"No validation sentence has at most sequence_length={config.sequence_length} source tokens: the "
                f"shortest has {lengths.min()}. Use sequence_length={lengths.min()} or more."
            )
        self._split = dataset.valid.take(rows)
        self._batches = _source_batches(self._split, config.evaluation.batch_size)
        self._searcher = Searcher(model)

    def __call__(self) -> dict[str, float]:
        """`valid/loss` and `valid/bleu`."""
        decoded = self._searcher.decode(self._batches, len(self._split), turnstile=self._turnstile)
        scored = _score(decoded, self._split, self._vocabulary, self._config)
        return {"valid/loss": self._losses.mean(self._split), "valid/bleu": scored.bleu}


def _source_batches(split: Split, batch_size: int) -> list[data.SourceBatch]:
    return data.source_batches(split.source, batch_size=batch_size, maximum_shapes=DECODING_SHAPES)


def _score(decoded: Decoded, split: Split, vocabulary: Vocabulary, config: RunConfig) -> bleu.Score:
    hypotheses = [vocabulary.decode(ids.tolist()) for ids in decoded.hypotheses]
    return bleu.score(
        hypotheses,
        split.target_text,
        tokenizer=config.data.bleu_tokenizer,
        lowercase=config.evaluation.lowercase,
    )


def test(
    folder: RunFolder,
    model: Seq2Seq,
    losses: Losses,
    dataset: data.Dataset,
    config: RunConfig,
    reporter: Reporter,
    turnstile: Turnstile,
) -> Evaluation:
    """Decodes the test set with every beam size, scores it, and writes sentences, predictions and maps."""
    split, sizes = dataset.test, config.evaluation.beam_sizes
    metrics = {"test/perplexity": float(np.exp(losses.mean(split)))}
    searches = {
        beams: _search(model, dataset, beams, config, reporter, turnstile) for beams in dict.fromkeys([*sizes, 1])
    }
    if len(sizes) > 1:
        metrics |= {f"test/bleu_beam_{beams}": searches[beams].score.bleu for beams in sizes}
    hypotheses, greedy = searches[sizes[0]], searches[1].decoded
    score, lengths = hypotheses.score, split.source.lengths
    metrics |= {
        "test/bleu": score.bleu,
        "test/chrf": score.chrf,
        "test/length_ratio": score.length_ratio,
        "test/unfinished_hypotheses": float(hypotheses.decoded.unfinished),
        "speed/decode_target_tokens_per_second": greedy.tokens / greedy.seconds,
    }
    if greedy.disturbance is not None:
        metrics["speed/decode_disturbance"] = greedy.disturbance
    metrics |= length.length_metrics(score.statistics, lengths, sequence_length=config.sequence_length)
    write_sentences(folder.sentences.path, np.column_stack([lengths, score.statistics]).tolist())
    write_atomically(folder.predictions.path, _lines(hypotheses.decoded, dataset.target_vocabulary))
    maps: list[AttentionMap] = []
    if model.attention is not None:
        reporter.progress(Progress("alignment"))
        aligner = ForcedAligner(model)
        metrics |= align_metrics(aligner, dataset)
        maps = _maps(aligner, dataset, hypotheses.decoded, config.evaluation.attention_maps)
    folder.maps.write(maps)
    return Evaluation(metrics, score.bleu_signature, score.chrf_signature)


def _search(
    model: Seq2Seq, dataset: data.Dataset, beams: int, config: RunConfig, reporter: Reporter, turnstile: Turnstile
) -> Hypotheses:
    searcher = Searcher(model, beams=beams, length_penalty=config.evaluation.length_penalty)
    batches = _source_batches(dataset.test, TIMED_BATCH_SIZE if beams == 1 else config.evaluation.batch_size)

    def watch(done: int) -> None:
        reporter.progress(Progress("test", step=done, steps=len(batches)))
        reporter.check_stop()

    decoded = searcher.decode(batches, len(dataset.test), timed=beams == 1, watch=watch, turnstile=turnstile)
    return Hypotheses(decoded, _score(decoded, dataset.test, dataset.target_vocabulary, config))


def _lines(decoded: Decoded, vocabulary: Vocabulary) -> str:
    return "".join(vocabulary.decode(ids.tolist()).replace("\n", " ") + "\n" for ids in decoded.hypotheses)


def align_metrics(aligner: ForcedAligner, dataset: data.Dataset) -> dict[str, float]:
    """`align/aer` and `align/entropy` on the pairs with gold links; nothing where the data set has none."""
    split = dataset.alignment
    if split is None or split.links is None:
        return {}
    predicted: list[set[tuple[int, int]]] = [set() for _ in range(len(split))]
    entropies = []
    for batch in _pair_batches(split):
        for row, weights in zip(batch.rows, aligner.batch(batch.source, batch.target), strict=True):
            if row >= 0:
                words = (
                    dataset.source_vocabulary.words(split.source[row]),
                    dataset.target_vocabulary.words(split.target[row]),
                )
                predicted[row] = alignment.link_words(weights, *words)
                entropies.append(alignment.entropy(weights))
    return {
        "align/aer": alignment.alignment_error_rate(predicted, split.links),
        "align/entropy": float(np.mean(np.concatenate(entropies))),
    }


def _maps(aligner: ForcedAligner, dataset: data.Dataset, decoded: Decoded, count: int) -> list[AttentionMap]:
    """Weights under the model's own hypotheses for sentences spread over the lengths that a page can show."""
    split = dataset.test
    candidates = np.flatnonzero(split.source.lengths <= LONGEST_MAP)
    ranked = candidates[np.argsort(split.source.lengths[candidates], kind="stable")]
    evenly = (np.arange(count) + 1) * len(ranked) // (count + 1)
    maps = []
    for row in dict.fromkeys(ranked[evenly].tolist() if len(ranked) else []):
        source, target = split.source[row].tolist(), decoded.hypotheses[row].tolist()
        maps.append(
            AttentionMap(
                sentence=row,
                source=dataset.source_vocabulary.pieces(source),
                target=dataset.target_vocabulary.pieces(target),
                weights=[[round(float(x), 4) for x in line] for line in pair_weights(aligner, source, target)],
            )
        )
    return maps


def pair_weights(aligner: ForcedAligner, source: list[int], target: list[int]) -> np.ndarray:
    """The attention weights `(target, source)` of one pair, given as ids without EOS."""
    (weights,) = aligner.batch(*(np.array([[*ids, EOS]], np.int32) for ids in (source, target)))
    return weights
