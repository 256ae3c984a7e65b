"""BLEU and chrF of a test set, and BLEU again, fast, from per-sentence statistics.

sacreBLEU counts; this module keeps its counts sentence by sentence. A corpus BLEU depends on the sentences only through
the sums of their ten statistics.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sacrebleu.metrics import BLEU, CHRF

from attnbench.records.sentences import STATISTICS

Columns = Mapping[str, npt.NDArray[np.int64]]
"""By name, a number of each sentence `(sentences,)`; `records.sentences` says what they are."""


@dataclass(frozen=True)
class Score:
    """What a test set scored: corpus BLEU and chrF2, 0-100, each with how sacreBLEU says that it was made.

    Attributes:
        columns: `STATISTICS` and `repeated_4grams` of each sentence.
    """

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str
    columns: Columns


def score(hypotheses: Sequence[str], references: Sequence[str], *, tokenizer: str, lowercase: bool) -> Score:
    """Scores one hypothesis a sentence, an empty one as a translation of no words, against one reference a sentence.

    `tokenizer` is sacreBLEU's name of the tokenizer that BLEU cuts both sides with; `lowercase` lower-cases both first.

    Raises:
        ValueError: there are no sentences, or the two counts differ.
    """
    if len(hypotheses) != len(references):
        raise ValueError(
            f"Scoring needs one hypothesis for each reference: received {len(hypotheses)} hypotheses "
            f"and {len(references)} references. Give both in the same order and number."
        )
    if not references:
        raise ValueError("Scoring needs at least one sentence, received none. Give a test set that is not empty.")
    # A metric knows its signature once it has seen how many references a sentence has.
    bleu = BLEU(tokenize=tokenizer, lowercase=lowercase, references=[[references[0]]])
    # The effective order changes only a sentence's score, which is not read; it spares a warning for every sentence.
    metric = BLEU(tokenize=tokenizer, lowercase=lowercase, effective_order=True)
    sentences = (metric.sentence_score(*pair) for pair in zip(hypotheses, ([line] for line in references), strict=True))
    rows = [[*sentence.counts, *sentence.totals, sentence.sys_len, sentence.ref_len] for sentence in sentences]
    statistics = np.array(rows, dtype=np.int64)
    tokens = (metric.tokenizer(_cased(line, lowercase).rstrip()).split() for line in hypotheses)
    repeated = np.array([_repeated_4grams(line) for line in tokens], dtype=np.int64)
    chrf = CHRF(lowercase=lowercase)
    chrf_score = chrf.corpus_score(list(hypotheses), [list(references)]).score
    return Score(
        bleu=float(corpus_bleu(statistics.sum(axis=0))),
        chrf=float(chrf_score),
        bleu_signature=str(bleu.get_signature()),
        chrf_signature=str(chrf.get_signature()),
        columns=dict(zip(STATISTICS, statistics.T, strict=True)) | {"repeated_4grams": repeated},
    )


def digest(references: Sequence[str], source_lengths: npt.ArrayLike, *, lowercase: bool) -> str:
    """sha256 of what a test set's scores depend on, the hypotheses aside: the references as `score` compares them, and
    the source tokens `(sentences,)`, which say what lies within the training limit.
    """
    scored = [[_cased(line, lowercase) for line in references], np.asarray(source_lengths).tolist()]
    return hashlib.sha256(json.dumps(scored).encode()).hexdigest()


def _cased(line: str, lowercase: bool) -> str:
    return line.lower() if lowercase else line


def _repeated_4grams(tokens: Sequence[str]) -> int:
    """How many 4-grams of a sentence stand earlier in it."""
    ngrams = list(zip(tokens, tokens[1:], tokens[2:], tokens[3:], strict=False))
    return len(ngrams) - len(set(ngrams))


def corpus_bleu(statistics: npt.ArrayLike) -> Any:
    """Corpus BLEU, 0-100, of statistics `(..., 10)`, each row the sum over one corpus; float64 `(...)`.

    Equal to sacreBLEU's with its default smoothing.

    BLEU = 100 · min(1, exp(1 - r/h)) · (p1 p2 p3 p4)^(1/4) with h and r the tokens of hypotheses and references and pn
    the share of n-grams found (Papineni et al. 2002). The k-th order of which none is found takes 1 / 2^k in place of
    0 found ("exp" smoothing of mteval-v13a). No unigram found, or an order without n-grams, makes the score 0.
    """
    sums = np.asarray(statistics, dtype=np.float64)
    correct, total = sums[..., 0:4], sums[..., 4:8]
    missed = correct == 0
    found = np.where(missed, 0.5 ** np.cumsum(missed, axis=-1), correct)
    log_precisions = np.log(found / np.maximum(total, 1)).mean(axis=-1)
    defined = ~missed.all(axis=-1) & (total > 0).all(axis=-1)
    return np.where(defined, 100 * np.exp(_log_brevity(sums) + log_precisions), 0.0)[()]


def brevity_penalty(statistics: npt.ArrayLike) -> Any:
    """min(1, exp(1 - r/h)) of statistics `(..., 10)`, a fraction; float64 `(...)`."""
    return np.exp(_log_brevity(np.asarray(statistics, dtype=np.float64)))


def _log_brevity(sums: npt.NDArray[np.float64]) -> Any:
    hypothesis_tokens, reference_tokens = sums[..., 8], sums[..., 9]
    return np.minimum(0, 1 - reference_tokens / np.maximum(hypothesis_tokens, 1))


def length_ratio(statistics: npt.ArrayLike) -> Any:
    """Tokens of hypotheses ÷ tokens of references of statistics `(..., 10)`, 0 without the latter; float64 `(...)`."""
    sums = np.asarray(statistics, dtype=np.float64)
    return np.where(sums[..., 9] > 0, sums[..., 8] / np.maximum(sums[..., 9], 1), 0.0)[()]
