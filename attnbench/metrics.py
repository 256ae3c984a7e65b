"""The metrics that a run reports: key, unit, which way is better, and the definition that the README repeats."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Metric:
    """One metric key; `better` is "higher", "lower" or "" where neither is."""

    key: str
    unit: str
    better: str
    meaning: str


METRICS = (
    Metric("test/bleu", "0-100", "higher", "sacreBLEU corpus BLEU of the first search in `evaluation.beam_sizes`, in the tokenizer that the data set names: `13a` on detokenised text (multi30k, files), `none` on the corpus' own tokens (hansards, iwslt15_envi, generated); the signature is a tag"),
    Metric("test/chrf", "0-100", "higher", "sacreBLEU chrF2 of the same hypotheses"),
    Metric("test/bleu_beam_K", "0-100", "higher", "BLEU of beam search with K beams, for each size in `evaluation.beam_sizes` where there are several; `test/bleu_beam_1` is greedy search"),
    Metric("test/perplexity", "", "lower", "exp of the nats per target token with end mark, without label smoothing, over the whole test set"),
    Metric("valid/loss", "nats/token", "lower", "nats per validation target token with end mark, without label smoothing; a history by optimiser step"),
    Metric("valid/bleu", "0-100", "higher", "greedy BLEU of the validation set; a history by optimiser step"),
    Metric("train/loss", "nats/token", "lower", "nats per training target token with end mark, without label smoothing; a history by optimiser step"),
    Metric("test/length_ratio", "", "", "words of the hypotheses ÷ words of the references, as BLEU counts them"),
    Metric("test/unfinished_hypotheses", "sentences", "lower", "hypotheses without an end mark after 2 x source + 10 tokens, where decoding stops"),
    Metric("speed/train_target_tokens_per_second", "tokens/s", "higher", "target tokens with end mark, without padding, over the clock: from asking for a batch to the loss read back, in windows of 20 steps or 1 s, whichever is longer (`task=profile`: of one step); windows in which a shape is traced or compiled are dropped; evaluation, checkpoints, logging are outside"),
    Metric("speed/train_step_ms_p50", "ms", "lower", "median over the windows of window time ÷ steps"),
    Metric("speed/train_step_ms_p95", "ms", "lower", "95th percentile over the windows of window time ÷ steps"),
    Metric("speed/compile_seconds", "s", "lower", "first-call less steady time of a training step, summed over shapes"),
    Metric("speed/padding_fraction", "fraction", "lower", "padded ÷ all target positions of an epoch"),
    Metric("speed/decode_target_tokens_per_second", "tokens/s", "higher", "greedy search in batches of 64 over the whole test set, tokens up to and with the end mark; `task=profile`: in batches of `profile.batch_size`, over `sequence_length` tokens, none of which is an end mark"),
    Metric("speed/timed_steps", "steps", "", "`task=profile`: training steps timed after the warm-up, over all rounds"),
    Metric("speed/timed_decodings", "batches", "", "`task=profile`: batches decoded and timed after the warm-up, over all rounds"),
    Metric("speed/utilisation", "fraction", "higher", "model FLOP/s ÷ the device's matrix rate. FLOPs: 2 per multiply-add of matrix products, x 3 for training, unpadded tokens, no recomputation or optimiser. Rate: best of 5 products of 4096³ (GPU 8192³), same threads and precision, one before and four after training (JAX: all after it; `task=profile`: after each round)"),
    Metric("memory/train_peak_bytes", "bytes", "lower", "the framework allocator's peak during timed training steps, statistics reset after warm-up, weights and optimiser included; on a CPU TensorFlow counts allocations of 256 KiB and more, on a JAX GPU it is the process's peak up to the end of training; where none is counted the key is absent"),
    Metric("memory/train_peak_resident_bytes", "bytes", "lower", "resident peak of the same window less the resident size before the model was built"),
    Metric("memory/process_peak_bytes", "bytes", "lower", "resident peak of the whole process on the host"),
    Metric("memory/device_process_peak_bytes", "bytes", "lower", "NVML's figure for the process on the GPU; absent on a CPU"),
    Metric("length/bleu_LLL_HHH", "0-100", "higher", "BLEU of the test sentences with LLL to HHH source tokens, in buckets of ten; absent under 30 sentences"),
    Metric("length/sentences_LLL_HHH", "sentences", "", "how many test sentences have LLL to HHH source tokens"),
    Metric("length/bleu_within", "0-100", "higher", "BLEU of the test sentences of at most `sequence_length` source tokens"),
    Metric("length/bleu_beyond", "0-100", "higher", "BLEU of the test sentences of more than `sequence_length` source tokens"),
    Metric("length/extrapolation", "quotient", "higher", "`length/bleu_beyond` ÷ `length/bleu_within`"),
    Metric("length/retention", "quotient", "higher", "BLEU of the longest quarter of the test set ÷ BLEU of the rest"),
    Metric("length/slope", "BLEU/10 tokens", "higher", "BLEU points per 10 further source tokens: least squares over 8 equal-count length groups (x = mean length); absent with fewer than 4 groups"),
    Metric("align/aer", "fraction", "lower", "alignment error rate against gold links where the data has them: forced decoding, row t = the weights used to predict target token t, end marks dropped, pieces summed to words, each target word linked to its source word of greatest weight"),
    Metric("align/entropy", "bits", "", "mean entropy of the attention weights over the target tokens of the alignment set"),
    Metric("model/parameters", "", "", "all trainable parameters"),
    Metric("model/attention_parameters", "", "", "parameters inside the attention mechanism"),
    Metric("model/context_parameters", "", "", "parameters of the kernels that carry the context into the decoder and the readout"),
    Metric("model/flops_per_target_token", "FLOP", "", "forward matrix-product FLOPs at the training set's mean lengths (`task=profile`: at `sequence_length`), per target token"),
    Metric("data/train_pairs", "pairs", "", "training pairs of at most `sequence_length` tokens on either side, at most `data.match_pairs` of them"),
    Metric("data/train_target_tokens", "tokens", "", "target tokens of those pairs, with end mark"),
    Metric("data/left_out_pairs", "pairs", "", "training pairs that are longer than `sequence_length` on either side"),
)  # fmt: skip
"""Every key that a run may log, in the order in which the README lists them; K, LLL and HHH stand for numbers."""

HISTORIES = ("train/loss", "valid/loss", "valid/bleu")
"""The metrics that are kept step by step."""


def key_of(template: str, **numbers: int) -> str:
    """The metric key with its placeholders filled: `key_of("length/bleu_LLL_HHH", LLL=1, HHH=10)` is `length/bleu_001_010`."""
    for placeholder, number in numbers.items():
        template = template.replace(placeholder, f"{number:0{len(placeholder)}d}")
    return template
