"""The metrics that a run reports, each described once: the README, the terminal and the report all read it here.

A new metric is a line of `METRICS` and the place where it is computed.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache

from attnbench.wording import number, significant_decimals

QUALITY, LIMIT, ALIGNMENT, COST = "Test quality", "BLEU and the training limit", "Alignment", "Cost"
"""The groups of columns of the comparison table."""

_SHOWN = {"bytes": ("MiB", 2.0**20), "FLOP": ("MFLOP", 1e6)} | dict.fromkeys(
    ("0-100", "fraction", "quotient", "perplexity"), ("", 1)
)
"""The unit that readers see, and how many of the logged unit it holds, where the two differ."""


_RATIO_SCALE = ("quotient", "perplexity", "tokens/s", "ms", "s", "s/sentence", "bytes")
"""Units of positive numbers that vary by factors."""

MOST_DISTURBANCE = 0.05
"""Up to which fraction of its time a timed window may be disturbed, so that speeds are ranked."""


class Direction(Enum):
    """Which way a metric improves."""

    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = ""

    @property
    def sign(self) -> int:
        """Makes higher better: 1, -1 where lower is better, 0 where neither is."""
        return {"higher": 1, "lower": -1}.get(self.value, 0)

    @property
    def superlative(self) -> str:
        """What the best value is called: `highest`, or `lowest`."""
        return "lowest" if self is Direction.LOWER else "highest"


_HIGHER, _LOWER, _NEITHER = Direction


@dataclass(frozen=True)
class Metric:
    """One metric.

    Attributes:
        key: as it is logged; K, LLL and HHH stand for numbers.
        name: in a sentence.
        unit: as it is logged.
        direction: which way it improves.
        decimals: digits after the point, as shown; None for four significant digits.
        meaning: its definition.
        group: its group of columns in the comparison table; empty where it is not a column there.
        header: its heading below the group, where that is shorter than the name.
        history: whether it is kept step by step.
    """

    key: str
    name: str
    unit: str
    direction: Direction
    decimals: int | None
    meaning: str
    group: str = ""
    header: str = ""
    history: bool = False

    @property
    def on_ratio_scale(self) -> bool:
        """Whether it varies by factors, so that means and intervals are taken of its logarithm."""
        return self.unit in _RATIO_SCALE

    @property
    def shown_unit(self) -> str:
        """The unit as readers see it: MiB where bytes are logged."""
        return _SHOWN.get(self.unit, (self.unit, 1))[0]

    @property
    def label(self) -> str:
        """Name and shown unit."""
        return f"{self.name} ({self.shown_unit})" if self.shown_unit else self.name

    def shown(self, value: float) -> float:
        """A logged value in the shown unit."""
        return value / _SHOWN.get(self.unit, ("", 1))[1]

    def format(self, value: float, reference: float | None = None) -> str:
        """A logged value as text in the shown unit; with as many decimals as `reference` has, where that is given."""
        decimals = self.decimals
        if decimals is None and reference is not None:
            decimals = significant_decimals(self.shown(reference))
        return number(self.shown(value), decimals)


METRICS = (
    Metric("test/bleu", "BLEU", "0-100", _HIGHER, 2, "sacreBLEU corpus BLEU of the first search in `evaluation.beam_sizes`, in the tokenizer that the data set names: `13a` on detokenised text (multi30k, files), `none` on the corpus' own tokens (hansards, iwslt15_envi, generated); the signature is a tag", QUALITY),
    Metric("test/bleu_beam_K", "BLEU, beam K", "0-100", _HIGHER, 2, "BLEU of beam search with K beams, for each size in `evaluation.beam_sizes` where there are several; `test/bleu_beam_1` is greedy search", QUALITY),
    Metric("test/chrf", "chrF", "0-100", _HIGHER, 2, "sacreBLEU chrF2 of the same hypotheses", QUALITY),
    Metric("test/perplexity", "perplexity", "perplexity", _LOWER, 3, "exp of the nats per target token, EOS included, without label smoothing, over the whole test set", QUALITY),
    Metric("test/length_ratio", "length ratio", "", _NEITHER, 3, "words of the hypotheses ÷ words of the references, as BLEU counts them"),
    Metric("test/unfinished_hypotheses", "unfinished hypotheses", "sentences", _LOWER, 0, "hypotheses without EOS after 2 x source + 10 tokens, where decoding stops"),
    Metric("test/exact_match", "exact match", "fraction", _HIGHER, 3, "share of the test sentences whose hypothesis is the reference; of generated data, where each source has one right translation", QUALITY),
    Metric("test/token_accuracy", "token accuracy", "fraction", _HIGHER, 3, "words of the hypotheses that equal the reference's word at the same index ÷ words of the references; of generated data"),
    Metric("test/repeated_4grams", "repeated 4-grams", "fraction", _LOWER, 3, "4-grams of the hypotheses that stand earlier in the same hypothesis ÷ all 4-grams of the hypotheses, as BLEU counts them"),
    Metric("length/bleu_within", "BLEU within the limit", "0-100", _HIGHER, 2, "BLEU of the test sentences of at most `sequence_length` source tokens; absent under 30 sentences", LIMIT, "within"),
    Metric("length/bleu_beyond", "BLEU beyond the limit", "0-100", _HIGHER, 2, "BLEU of the test sentences of more than `sequence_length` source tokens; absent under 30 sentences", LIMIT, "beyond"),
    Metric("length/extrapolation", "BLEU beyond ÷ within the limit", "quotient", _HIGHER, 3, "`length/bleu_beyond` ÷ `length/bleu_within`", LIMIT, "quotient"),
    Metric("length/retention", "BLEU of the longest quarter ÷ the rest", "quotient", _HIGHER, 3, "BLEU of the longest quarter of the test set ÷ BLEU of the rest"),
    Metric("length/slope", "slope of BLEU over length", "BLEU/10 tokens", _HIGHER, 2, "BLEU points per 10 further source tokens: least squares over 8 equal-count length groups (x = mean length); absent with fewer than 4 groups"),
    Metric("length/bleu_LLL_HHH", "BLEU of LLL to HHH tokens", "0-100", _HIGHER, 1, "BLEU of the test sentences with LLL to HHH source tokens, in buckets of ten; absent under 30 sentences"),
    Metric("length/exact_match_within", "exact match within the limit", "fraction", _HIGHER, 3, "`test/exact_match` of the test sentences of at most `sequence_length` source tokens; absent under 30 sentences"),
    Metric("length/exact_match_beyond", "exact match beyond the limit", "fraction", _HIGHER, 3, "`test/exact_match` of the test sentences of more than `sequence_length` source tokens; absent under 30 sentences"),
    Metric("length/sentences_LLL_HHH", "sentences of LLL to HHH tokens", "sentences", _NEITHER, 0, "how many test sentences have LLL to HHH source tokens"),
    Metric("align/aer", "alignment error rate", "fraction", _LOWER, 3, "alignment error rate against gold links where the data has them: forced decoding, row t = the weights used to predict target token t, EOS dropped, pieces summed to words, each target word linked to its source word of largest weight; absent where the weights of each sentence are the same at every target position", ALIGNMENT, "AER"),
    Metric("align/aer_within", "alignment error rate within the limit", "fraction", _LOWER, 3, "`align/aer` of the sentences of at most `sequence_length` source tokens; absent under 30 sentences"),
    Metric("align/aer_beyond", "alignment error rate beyond the limit", "fraction", _LOWER, 3, "`align/aer` of the sentences of more than `sequence_length` source tokens; absent under 30 sentences"),
    Metric("align/entropy", "entropy of the weights", "bits", _NEITHER, 3, "mean entropy of the attention weights, that on EOS included, over the target tokens of the alignment set"),
    *(
        Metric(f"phenomenon/{key}", name, "fraction", _HIGHER, 3, f"share of the instances in the test set's references, of {meaning}, that the hypotheses have right: all words of the instance stand at their place, which is where `difflib` aligns hypothesis and reference; grammar only, absent under 30 instances")
        for key, name, meaning in (
            ("verb_agreement_1_2", "verb agreement over 1 to 2 words", "a verb with 1 to 2 source words between it and the determiner that decides its number"),
            ("verb_agreement_3_5", "verb agreement over 3 to 5 words", "a verb with 3 to 5 source words between it and the determiner that decides its number"),
            ("verb_agreement_6_10", "verb agreement over 6 to 10 words", "a verb with 6 to 10 source words between it and the determiner that decides its number"),
            ("verb_agreement_11_up", "verb agreement over 11 words or more", "a verb with 11 source words or more between it and the determiner that decides its number"),
            ("pronoun_agreement", "pronoun agreement", "a pronoun, whose form gender and number of the subject of the clause before decide"),
            ("determiner_agreement", "determiner agreement", "a determiner and its noun, whose gender decides the determiner's form"),
            ("particle_sense", "particle sense", "a verb whose translation a particle decides"),
            ("verb_final", "verb-final order", "an object's noun and the verb that follows it, in relative clauses and after a subordinating conjunction"),
            ("one_to_many", "one to many", "a source word that is two target words"),
        )
    ),
    Metric("valid/bleu", "validation BLEU", "0-100", _HIGHER, 2, "greedy BLEU of the validation sentences of at most `sequence_length` source tokens; a history by optimiser step", history=True),
    Metric("valid/loss", "validation loss", "nats/token", _LOWER, 3, "nats per target token of the validation sentences of at most `sequence_length` source tokens, EOS included, without label smoothing; a history by optimiser step", history=True),
    Metric("train/loss", "training loss", "nats/token", _LOWER, 3, "nats per training target token, EOS included, without label smoothing; a history by optimiser step", history=True),
    Metric("speed/train_target_tokens_per_second", "training speed", "tokens/s", _HIGHER, None, "target tokens with EOS, without padding, over the clock: from asking for a batch to the loss read back, in windows of 1 s (`task=profile`: of one step); windows in which a shape is traced or compiled are dropped; of the others the quiet ones count, during which this user's other runs on the machine pause, or all where none is quiet, and of these the undisturbed ones, or all where none is; evaluation, checkpoints, logging are outside", COST, "training"),
    Metric("speed/train_step_ms_p50", "training step", "ms", _LOWER, None, "median over the same windows of window time ÷ steps", COST, "step"),
    Metric("speed/train_step_ms_p95", "training step, 95th percentile", "ms", _LOWER, None, "95th percentile over the same windows of window time ÷ steps"),
    Metric("speed/train_disturbance", "disturbance of training", "fraction", _LOWER, 3, "seconds in which the process's threads waited for a core while other processes worked on its cores, or the hypervisor took a core away, ÷ seconds of the windows that count; over 0.05 the speed is rough; absent where the system does not tell (Linux does)"),
    Metric("speed/disturbed_windows", "disturbed windows", "fraction", _LOWER, 3, "windows dropped because more than 0.05 of their time was disturbed ÷ those and the windows that count; 1 where no other was left, so that all count"),
    Metric("speed/compile_seconds", "compilation", "s", _LOWER, 1, "first-call less steady time of a training step, summed over shapes"),
    Metric("speed/padding_fraction", "padding", "fraction", _LOWER, 3, "padded ÷ all target positions of an epoch"),
    Metric("speed/decode_target_tokens_per_second", "decoding speed", "tokens/s", _HIGHER, None, "greedy search in batches of 64 over the whole test set, repeated until `evaluation.timed_seconds` have been timed, tokens up to and with EOS, while this user's other runs on the machine pause; `task=profile`: in batches of `profile.batch_size`, over `sequence_length` tokens, none of which is EOS", COST, "decoding"),
    Metric("speed/decode_seconds_per_sentence", "decoding a sentence", "s/sentence", _LOWER, None, "seconds of that search ÷ sentences: unlike tokens a second it does not reward tokens that should not be there", COST, "decoding"),
    Metric("speed/decode_disturbance", "disturbance of decoding", "fraction", _LOWER, 3, "as `speed/train_disturbance`, of the decoding that was timed"),
    Metric("speed/timed_steps", "timed steps", "steps", _NEITHER, 0, "`task=profile`: training steps timed after the warm-up, over all rounds"),
    Metric("speed/timed_decodings", "timed decodings", "batches", _NEITHER, 0, "`task=profile`: batches decoded and timed after the warm-up, over all rounds"),
    Metric("speed/utilisation", "utilisation", "fraction", _HIGHER, 3, "model FLOP/s ÷ the device's matrix rate. FLOPs: 2 per multiply-add of matrix products, x 3 for training, unpadded tokens, no recomputation or optimiser; absent where `model/flops_per_target_token` is. Rate: best of 5 products of 4096³ (GPU 8192³), same threads and precision, one before and four after training (JAX: all after it; `task=profile`: after each round)"),
    Metric("memory/train_peak_bytes", "training memory peak", "bytes", _LOWER, None, "the framework allocator's peak during timed training steps, statistics reset after warm-up, weights and optimiser included; on a CPU TensorFlow counts allocations of 256 KiB and more, on a JAX GPU it is the process's peak up to the end of training; where none is counted the key is absent", COST, "peak"),
    Metric("memory/train_peak_resident_bytes", "resident training memory peak", "bytes", _LOWER, None, "resident peak of the same window less the resident size before the model was built"),
    Metric("memory/process_peak_bytes", "resident process peak", "bytes", _LOWER, None, "resident peak of the whole process on the host"),
    Metric("memory/device_process_peak_bytes", "process peak on the GPU", "bytes", _LOWER, None, "NVML's figure for the process on the GPU; absent on a CPU"),
    Metric("model/parameters", "parameters", "", _NEITHER, 0, "all trainable parameters", COST),
    Metric("model/attention_parameters", "attention parameters", "", _NEITHER, 0, "parameters inside the attention mechanism"),
    Metric("model/context_parameters", "context parameters", "", _NEITHER, 0, "parameters of the kernels that carry the context into the decoder and the readout"),
    Metric("model/flops_per_target_token", "forward work per target token", "FLOP", _NEITHER, None, "forward matrix-product FLOPs at the training set's mean lengths (`task=profile`: at `sequence_length`), per target token; absent where a mechanism of the user's own does not say what it costs"),
    Metric("data/train_pairs", "training pairs", "pairs", _NEITHER, 0, "training pairs of at most `sequence_length` tokens on either side, as many as `data.match_pairs` or `data.match_tokens` allows"),
    Metric("data/train_target_tokens", "training target tokens", "tokens", _NEITHER, 0, "target tokens of those pairs, with EOS"),
    Metric("data/left_out_pairs", "left-out training pairs", "pairs", _NEITHER, 0, "training pairs that are longer than `sequence_length` on either side"),
)  # fmt: skip
"""Every key that a run may log, in the order in which the README and the tables list them."""

HISTORIES = tuple(metric.key for metric in METRICS if metric.history)
"""The metrics that are kept step by step."""

_PATTERNS = tuple(re.compile(re.sub("LLL|HHH|K$", r"(?P<\g<0>>\\d+)", metric.key)) for metric in METRICS)


def key_of(template: str, **numbers: int) -> str:
    """The metric key with its placeholders filled: `key_of("length/bleu_LLL_HHH", LLL=1, HHH=10)` is `length/bleu_001_010`."""
    for placeholder, value in numbers.items():
        template = template.replace(placeholder, f"{value:0{len(placeholder)}d}")
    return template


@cache
def metric_of(key: str) -> Metric:
    """The description of a logged key, its placeholders filled; a key that is not in `METRICS` is named by itself."""
    for metric, pattern in zip(METRICS, _PATTERNS, strict=True):
        if match := pattern.fullmatch(key):
            name = metric.name
            for placeholder, digits in match.groupdict().items():
                name = re.sub(f"{placeholder}(?= |$)", str(int(digits)), name)
            return replace(metric, key=key, name=name)
    return Metric(key, key, "", _NEITHER, None, "")


def in_order(keys: Iterable[str]) -> list[str]:
    """The keys in the order of `METRICS`, those that are not there last, by name."""
    return sorted(set(keys), key=lambda key: (_index(key), key))


def definitions(keys: Iterable[str]) -> list[Metric]:
    """The lines of `METRICS` that define `keys`, in their order."""
    return [METRICS[index] for index in sorted({_index(key) for key in keys}) if index < len(METRICS)]


def _index(key: str) -> int:
    return next((index for index, pattern in enumerate(_PATTERNS) if pattern.fullmatch(key)), len(METRICS))
