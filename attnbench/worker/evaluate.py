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
from attnbench.scoring import bleu
from attnbench.scoring.bleu import Columns
from attnbench.scoring.exactness import exactness
from attnbench.scoring.length import sentence_metrics
from attnbench.tensors import Tensor
from attnbench.worker import weights
from attnbench.worker.reporter import Reporter

DECODING_SHAPES = 6
LOSS_SHAPES = 8
TIMED_BATCH_SIZE = 64


@dataclass(frozen=True)
class Hypotheses:
    """A search's hypotheses for a split, as text, and their score."""

    decoded: Decoded
    texts: list[str]
    score: bleu.Score


@dataclass(frozen=True)
class Evaluation:
    """The metrics of the test set, how sacreBLEU says that they were computed, and the digest of what was scored."""

    metrics: dict[str, float]
    bleu_signature: str
    chrf_signature: str
    test_digest: str


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
        return {"valid/loss": self._losses.mean(self._split), "valid/bleu": scored.score.bleu}


def _source_batches(split: Split, batch_size: int) -> list[data.SourceBatch]:
    return data.source_batches(split.source, batch_size=batch_size, maximum_shapes=DECODING_SHAPES)


def _score(decoded: Decoded, split: Split, vocabulary: Vocabulary, config: RunConfig) -> Hypotheses:
    texts = [vocabulary.decode(ids.tolist()).replace("\n", " ") for ids in decoded.hypotheses]
    tokenizer, lowercase = config.data.bleu_tokenizer, config.evaluation.lowercase
    return Hypotheses(decoded, texts, bleu.score(texts, split.text.target, tokenizer=tokenizer, lowercase=lowercase))


def test(
    folder: RunFolder,
    model: Seq2Seq,
    losses: Losses,
    dataset: data.Dataset,
    config: RunConfig,
    reporter: Reporter,
    turnstile: Turnstile,
) -> Evaluation:
    """Decodes the test set with every beam size, scores it, and writes sentences, predictions, alignments and maps."""
    split, sizes = dataset.test, config.evaluation.beam_sizes
    searches = {
        beams: _search(model, dataset, beams, config, reporter, turnstile) for beams in dict.fromkeys([*sizes, 1])
    }
    hypotheses, greedy = searches[sizes[0]], searches[1].decoded
    columns = _columns(hypotheses, split)
    metrics = {
        "test/perplexity": float(np.exp(losses.mean(split))),
        "test/chrf": hypotheses.score.chrf,
        "speed/decode_target_tokens_per_second": greedy.tokens / greedy.seconds,
        "speed/decode_seconds_per_sentence": greedy.seconds / len(split),
    }
    if greedy.disturbance is not None:
        metrics["speed/decode_disturbance"] = greedy.disturbance
    if len(sizes) > 1:
        metrics |= {f"test/bleu_beam_{beams}": searches[beams].score.bleu for beams in sizes}
    metrics |= sentence_metrics(columns, sequence_length=config.sequence_length)
    write_sentences(folder.sentences.path, columns)
    write_atomically(folder.predictions.path, "".join(f"{text}\n" for text in hypotheses.texts))
    attention_maps: list[AttentionMap] = []
    if model.attention is not None:
        reporter.progress(Progress("alignment"))
        aligner, vocabularies = ForcedAligner(model), (dataset.source_vocabulary, dataset.target_vocabulary)
        metrics |= _align(folder, aligner, dataset, config)
        decoded, count = hypotheses.decoded, config.evaluation.attention_maps
        attention_maps = weights.maps(aligner, split, decoded.hypotheses, vocabularies, count)
    folder.maps.write(attention_maps)
    digest = bleu.digest(split.text.target, split.source.lengths, lowercase=config.evaluation.lowercase)
    return Evaluation(metrics, hypotheses.score.bleu_signature, hypotheses.score.chrf_signature, digest)


def _columns(hypotheses: Hypotheses, split: Split) -> Columns:
    """What is measured of each test sentence."""
    columns = {
        "source_tokens": split.source.lengths,
        **hypotheses.score.columns,
        "unfinished": hypotheses.decoded.unfinished.astype(np.int64),
    }
    phenomena = split.text.phenomena
    return columns if phenomena is None else columns | exactness(hypotheses.texts, split.text.target, phenomena)


def _align(folder: RunFolder, aligner: ForcedAligner, dataset: data.Dataset, config: RunConfig) -> dict[str, float]:
    """Writes the counts of the pairs with gold links; their `align/*` metrics, none where there are no such pairs."""
    split = dataset.alignment
    if split is None or split.text.links is None:
        return {}
    vocabularies = dataset.source_vocabulary, dataset.target_vocabulary
    columns, entropy = weights.align(aligner, _pair_batches(split), split, vocabularies)
    metrics = {"align/entropy": entropy}
    if columns:
        write_sentences(folder.alignments.path, columns)
        metrics |= sentence_metrics(columns, sequence_length=config.sequence_length)
    return metrics


def _search(
    model: Seq2Seq, dataset: data.Dataset, beams: int, config: RunConfig, reporter: Reporter, turnstile: Turnstile
) -> Hypotheses:
    searcher = Searcher(model, beams=beams, length_penalty=config.evaluation.length_penalty)
    batches = _source_batches(dataset.test, TIMED_BATCH_SIZE if beams == 1 else config.evaluation.batch_size)

    def watch(done: int) -> None:
        reporter.progress(Progress("test", step=done, steps=len(batches)))
        reporter.check_stop()

    timed_seconds = config.evaluation.timed_seconds if beams == 1 else None
    decoded = searcher.decode(batches, len(dataset.test), timed_seconds=timed_seconds, watch=watch, turnstile=turnstile)
    return _score(decoded, dataset.test, dataset.target_vocabulary, config)
