"""The answer in words, with the numbers that carry it."""

from collections import Counter
from collections.abc import Sequence
from operator import itemgetter

import numpy as np

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import NAN, Bounds, Estimate, estimate_of
from attnbench.report.comparison.pairs import Pair
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, by_data, by_setting
from attnbench.report.options import option_value
from attnbench.report.render.elements import Content, Text
from attnbench.wording import counted, listed, number, signed

_BLEU = "test/bleu"


def content(study: Study) -> Content:
    """Best quality, how sure its lead is, what long sentences do, what it costs, and what is missing."""
    scored = by_data(variant for variant in study.finished if variant.metric(_BLEU))
    texts = [text for group in scored.values() for text in _answer(group, study.pairs) if text]
    if study.profiles and not texts:
        texts.append("These runs measured cost only (`task=profile`): they say nothing about quality.")
    if study.selection and texts:
        chosen = f"Each variant and seed is shown with the `{study.selection.over}` that was best on validation"
        texts.append(f"{chosen} (`{study.selection.metric}`).")
    if study.failed:
        missing = f"{counted(len(study.failed), 'run')} of {len(study.runs)} did not finish"
        texts.append(f"{missing}; no number here contains any part of them. The comparison names them.")
    return [Text(text) for text in texts] or ""


def _answer(variants: Sequence[Variant], pairs: Sequence[Pair]) -> list[str]:
    best = max(variants, key=_bleu)
    peers = [variant for variant in variants if variant.setting == best.setting]
    return [_quality(best, variants, pairs), _settings(variants), _long(peers), _cost(peers)]


def _bleu(variant: Variant) -> float:
    return estimate_of(variant, _BLEU).value


def _quality(best: Variant, variants: Sequence[Variant], pairs: Sequence[Pair]) -> str:
    """The best variant's BLEU and leads; it is named as in `dot` with 128 units, limit 20 tokens."""
    bleu = _with_interval(estimate_of(best, _BLEU), len(best.runs))
    name = f"`{best.attention}`{f' with {best.setting}' if best.setting else ''}"
    if len(variants) == 1:
        return f"On `{best.data}`, {name} reaches {bleu}."
    leads = _leads([pair for pair in pairs if pair.first is best])
    return " ".join([f"On `{best.data}`, **{name}** has the highest test BLEU: {bleu}.", *leads])


def _with_interval(estimate: Estimate, seeds: int) -> str:
    value, low, high = (number(one, 2) for one in (estimate.value, estimate.low, estimate.high))
    if estimate.bounds is Bounds.OVER_SEEDS:
        half = number(estimate.high - estimate.value, 2)
        return f"**{value} ± {half}** (mean of {seeds} seeds with its 95 % t interval)"
    if estimate.bounds is Bounds.BOTH_VALUES:
        return f"**{value}** (mean of two seeds, {low} and {high})"
    if estimate.bounds is Bounds.ONE_VALUE:
        return f"**{value}** (one seed)"
    return f"**{value}** (one seed; 95 % bootstrap interval over sentences {low} to {high})"


def _leads(leads: Sequence[Pair]) -> list[str]:
    """What the two tests say of the best variant's leads, in up to three sentences."""
    texts = []
    if both := [pair for pair in leads if pair.established]:
        texts.append(
            f"Its lead over {_named(both)} is more than the choice of test sentences and the choice of seeds explain."
        )
    if test_set := [pair for pair in leads if pair.beyond_test_set and not pair.established]:
        why = (
            "what another seed would give is unknown"
            if all(np.isnan(pair.b) for pair in test_set)
            else "so few seeds do not rule out training noise"
        )
        texts.append(
            f"Its lead over {_named(test_set)} is more than the choice of test sentences explains, "
            f"but **not established**: {why}."
        )
    if others := [pair for pair in leads if not pair.beyond_test_set]:
        texts.append(
            f"Its lead over {_named(others)} is **not established**: other test sentences could reverse the ranking. "
            "This does not show that they are equal."
        )
    return texts


def _named(leads: Sequence[Pair]) -> str:
    """The variants that are led, by the one factor in which each differs, and by how much; the closest first."""
    names = []
    for pair in sorted(leads, key=lambda pair: pair.difference.value):
        value = pair.second.values[pair.factor]
        name = f"`{value}`" if pair.factor == "attention" else f"itself with {option_value(pair.factor, value)}"
        names.append(f"{name} ({signed(pair.difference.value, 2)})")
    return listed(names)


def _settings(variants: Sequence[Variant]) -> str:
    """How often each mechanism is first, where several settings were compared."""
    settings = [group for group in by_setting(variants).values() if len(group) > 1]
    if len(settings) < 2:
        return ""
    wins = Counter(max(group, key=_bleu).attention for group in settings)
    firsts = listed([f"`{name}` has the highest mean in {count}" for name, count in wins.most_common()])
    return f"Of the {len(settings)} settings that compare mechanisms, {firsts}, tested or not."


def _long(peers: Sequence[Variant]) -> str:
    """What becomes of BLEU beyond the training limit, the best there first; of many, the best and the last."""
    scores = {
        variant: (estimate_of(variant, "length/bleu_within").value, estimate_of(variant, "length/bleu_beyond").value)
        for variant in peers
        if variant.metric("length/bleu_within") and variant.metric("length/bleu_beyond")
    }
    if not scores:
        return ""
    ordered = sorted(scores, key=lambda variant: -scores[variant][1])
    ranks = dict.fromkeys(ordered, "")
    if len(ordered) > 3:
        ranks = {ordered[0]: ", the best there,", ordered[-1]: ", the last"}
    limit = ordered[0].runs[0].params["sequence_length"]
    changes: list[str] = []
    for variant, rank in ranks.items():
        within, beyond = (number(bleu, 1) for bleu in scores[variant])
        if not changes:
            within, beyond = f"{within} (at most {limit} source tokens)", f"{beyond} (more than {limit})"
        changes.append(f"from {within} to {beyond} with `{variant.attention}`{rank}")
    verb = "drops" if all(inside > outside for inside, outside in scores.values()) else "changes"
    return f"On test sentences beyond the training limit, BLEU {verb} {listed(changes)}."


def _cost(peers: Sequence[Variant]) -> str:
    """Speed and memory of the mechanisms in the best variant's setting."""
    parts = []
    (slow, lowest), (fast, highest) = _extremes(peers, "speed/train_target_tokens_per_second")
    if fast != slow and lowest > 0:
        parts.append(
            f"Training is fastest with `{fast}`, {number(highest)} target tokens/s, "
            f"{number(highest / lowest, 2)} times as fast as with `{slow}`, the slowest."
        )
    memory = metric_of("memory/train_peak_bytes")
    (least, low), (most, high) = _extremes(peers, memory.key)
    if high > low:
        low_text, high_text = (f"{memory.format(peak)} {memory.shown_unit}" for peak in (low, high))
        parts.append(f"Memory in training peaks between {low_text} (`{least}`) and {high_text} (`{most}`).")
    return " ".join(parts)


def _extremes(variants: Sequence[Variant], key: str) -> tuple[tuple[str, float], tuple[str, float]]:
    """Mechanism and value of the lowest and of the highest value of a metric; of equal ones the first."""
    values = [(one.attention, estimate_of(one, key).value) for one in variants if one.metric(key)] or [("", NAN)]
    return min(values, key=itemgetter(1)), max(values, key=itemgetter(1))
