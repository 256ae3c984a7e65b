"""BLEU and chrF of a test set, and BLEU again, fast, from per-sentence statistics.

sacreBLEU counts; this module keeps its counts sentence by sentence. A corpus BLEU depends on the sentences only through
the sums of their ten statistics, so any part, resample or mixture of a test set is scored by adding rows.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sacrebleu.metrics import BLEU, CHRF

HYPOTHESIS_TOKENS, REFERENCE_TOKENS = 8, 9


@dataclass(frozen=True)
class Score:
    """What a test set scored.

    Attributes:
        bleu: corpus BLEU, 0-100.
        chrf: corpus chrF2, 0-100.
        bleu_signature: how sacreBLEU says that `bleu` was made.
        chrf_signature: how sacreBLEU says that `chrf` was made.
        length_ratio: tokens of the hypotheses ÷ tokens of the references, 0 where the references have none.
        statistics: int64 `(sentences, 10)`, columns as in `records.sentences.STATISTICS`.
    """

    bleu: float
    chrf: float
    bleu_signature: str
    chrf_signature: str
    length_ratio: float
    statistics: npt.NDArray[np.int64]


def score(hypotheses: Sequence[str], references: Sequence[str], *, tokenizer: str, lowercase: bool) -> Score:
    """Scores one hypothesis a sentence against one reference a sentence.

    Args:
        hypotheses: translations; an empty one counts as a translation of no words.
        references: the true translations, in the same order.
        tokenizer: sacreBLEU's name of the tokenizer that BLEU cuts both sides with.
        lowercase: whether sacreBLEU lower-cases both sides first.

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
    statistics = _sentence_statistics(hypotheses, references, tokenizer=tokenizer, lowercase=lowercase)
    sums = statistics.sum(axis=0)
    chrf = CHRF(lowercase=lowercase)
    chrf_score = chrf.corpus_score(list(hypotheses), [list(references)]).score
    hypothesis_tokens, reference_tokens = (int(sums[HYPOTHESIS_TOKENS]), int(sums[REFERENCE_TOKENS]))
    return Score(
        bleu=float(corpus_bleu(sums)),
        chrf=float(chrf_score),
        bleu_signature=_bleu_signature(references, tokenizer=tokenizer, lowercase=lowercase),
        chrf_signature=str(chrf.get_signature()),
        length_ratio=hypothesis_tokens / reference_tokens if reference_tokens else 0.0,
        statistics=statistics,
    )


def corpus_bleu(statistics: npt.ArrayLike) -> Any:
    """Corpus BLEU, 0-100, of summed statistics; equal to sacreBLEU's with its default smoothing.

    BLEU = 100 · min(1, exp(1 - r/h)) · (p1 p2 p3 p4)^(1/4) with h and r the tokens of hypotheses and references and pn
    the share of n-grams found (Papineni et al. 2002). The k-th order of which none is found takes 1 / 2^k in place of
    0 found ("exp" smoothing of mteval-v13a). No unigram found, or an order without n-grams, makes the score 0.

    Args:
        statistics: `(..., 10)`, each row the sum over the sentences of one corpus, columns as in
            `records.sentences.STATISTICS`.

    Returns:
        float64 `(...)`, a scalar for a single corpus.
    """
    sums = np.asarray(statistics, dtype=np.float64)
    correct, total = sums[..., 0:4], sums[..., 4:8]
    hypothesis_tokens, reference_tokens = (sums[..., HYPOTHESIS_TOKENS], sums[..., REFERENCE_TOKENS])
    missed = correct == 0
    found = np.where(missed, 0.5 ** np.cumsum(missed, axis=-1), correct)
    log_precisions = np.log(found / np.maximum(total, 1)).mean(axis=-1)
    log_brevity = np.minimum(0, 1 - reference_tokens / np.maximum(hypothesis_tokens, 1))
    defined = ~missed.all(axis=-1) & (total > 0).all(axis=-1)
    return np.where(defined, 100 * np.exp(log_brevity + log_precisions), 0.0)[()]


def _sentence_statistics(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenizer: str, lowercase: bool
) -> npt.NDArray[np.int64]:
    # The effective order changes only a sentence's score, which is not read; it spares a warning for every sentence.
    metric = BLEU(tokenize=tokenizer, lowercase=lowercase, effective_order=True)
    scores = (metric.sentence_score(*pair) for pair in zip(hypotheses, ([line] for line in references), strict=True))
    return np.array([[*s.counts, *s.totals, s.sys_len, s.ref_len] for s in scores], dtype=np.int64)


def _bleu_signature(references: Sequence[str], *, tokenizer: str, lowercase: bool) -> str:
    # A metric knows its signature once it has seen how many references a sentence has.
    metric = BLEU(tokenize=tokenizer, lowercase=lowercase, references=[[references[0]]])
    return str(metric.get_signature())
