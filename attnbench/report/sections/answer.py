"""The answer in words, with the numbers that carry it."""

from collections.abc import Sequence

import numpy as np

from attnbench.metrics import metric_of
from attnbench.report.comparison.estimates import Bounds, Estimate, estimate_of
from attnbench.report.comparison.pairs import Pair
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import Variant, by_data, by_setting
from attnbench.report.options import option_value
from attnbench.report.render.elements import Section, Text
from attnbench.wording import counted, listed, number, signed

_BLEU = "test/bleu"
_SPEED, _MEMORY = "speed/train_target_tokens_per_second", "memory/train_peak_bytes"


def section(study: Study) -> Section:
    """Best quality, how sure its lead is, what long sentences do, what it costs, and what is missing."""
    scored = by_data(variant for variant in study.finished if variant.metric(_BLEU))
    blocks = [Text(text) for group in scored.values() for text in _answer(group, study.pairs)]
    if study.profiles and not blocks:
        blocks.append(Text("These runs measured cost only (`task=profile`): they say nothing about quality."))
    if study.selection and blocks:
        chosen = f"Each variant and seed is shown with the `{study.selection.over}` that was best on validation"
        blocks.append(Text(f"{chosen} (`{study.selection.metric}`)."))
    if study.failed:
        missing = f"{counted(len(study.failed), 'run')} of {len(study.runs)} did not finish"
        blocks.append(Text(f"{missing}; no number here contains any part of them. The comparison names them."))
    return Section("answer", "The answer", blocks)


def _answer(variants: Sequence[Variant], pairs: Sequence[Pair]) -> list[str]:
    best = max(variants, key=_bleu)
    peers = [variant for variant in variants if variant.setting == best.setting]
    texts = [_quality(best, variants, pairs), _settings(variants), _long(peers), _cost(peers)]
    return [text for text in texts if text]


def _bleu(variant: Variant) -> float:
    return estimate_of(variant, _BLEU).value


def _quality(best: Variant, variants: Sequence[Variant], pairs: Sequence[Pair]) -> str:
    found = _with_interval(estimate_of(best, _BLEU), len(best.runs))
    if len(variants) == 1:
        return f"On `{best.data}`, {_in_text(best)} reaches {found}."
    leads = [pair for pair in pairs if pair.first is best]
    return " ".join([f"On `{best.data}`, **{_in_text(best)}** has the highest test BLEU: {found}.", *_leads(leads)])


def _with_interval(found: Estimate, seeds: int) -> str:
    value, low, high = (number(one, 2) for one in (found.value, found.low, found.high))
    if found.bounds is Bounds.OVER_SEEDS:
        half = number(found.high - found.value, 2)
        return f"**{value} ± {half}** (mean of {seeds} seeds with its 95 % t interval)"
    if found.bounds is Bounds.BOTH_VALUES:
        return f"**{value}** (mean of two seeds, {low} and {high})"
    if found.bounds is Bounds.ONE_VALUE:
        return f"**{value}** (one seed)"
    return f"**{value}** (one seed; 95 % bootstrap interval over sentences {low} to {high})"


def _leads(leads: Sequence[Pair]) -> list[str]:
    """What the two tests say of the best variant's leads, in up to three sentences."""
    both = [pair for pair in leads if pair.established]
    test_set = [pair for pair in leads if pair.beyond_test_set and not pair.established]
    others = [pair for pair in leads if not pair.beyond_test_set]
    texts = []
    if both:
        texts.append(
            f"Its lead over {_named(both)} is more than the choice of test sentences and the choice of seeds explain."
        )
    if test_set:
        why = (
            "what another seed would give is unknown"
            if all(np.isnan(pair.b) for pair in test_set)
            else "so few seeds do not rule out training noise"
        )
        texts.append(
            f"Its lead over {_named(test_set)} is more than the choice of test sentences explains, "
            f"but **not established**: {why}."
        )
    if others:
        texts.append(
            f"Its lead over {_named(others)} is **not established**: other test sentences could reverse the ranking. "
            "This does not show that they are equal."
        )
    return texts


def _named(leads: Sequence[Pair]) -> str:
    """The variants that are led and by how much, the closest first."""
    ordered = sorted(leads, key=lambda pair: pair.difference.value)
    return listed([f"{_named_second(pair)} ({signed(pair.difference.value, 2)})" for pair in ordered])


def _named_second(pair: Pair) -> str:
    """The second variant of a pair, by the one factor in which it differs."""
    if pair.factor == "attention":
        return f"`{pair.second.attention}`"
    return f"itself with {option_value(pair.factor, pair.second.values[pair.factor])}"


def _in_text(variant: Variant) -> str:
    """A variant in a sentence: `dot` with 128 units, limit 20 tokens."""
    return f"`{variant.attention}`{f' with {variant.setting}' if variant.setting else ''}"


def _settings(variants: Sequence[Variant]) -> str:
    """How often each mechanism is first, where several settings were compared."""
    settings = [group for group in by_setting(variants).values() if len(group) > 1]
    if len(settings) < 2:
        return ""
    wins: dict[str, int] = {}
    for group in settings:
        first = max(group, key=_bleu).attention
        wins[first] = wins.get(first, 0) + 1
    ordered = sorted(wins.items(), key=lambda item: -item[1])
    return (
        f"Of the {len(settings)} settings that compare mechanisms, "
        f"{listed([f'`{name}` has the highest mean in {count}' for name, count in ordered])}, tested or not."
    )


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
    limit = ordered[0].runs[0].params["sequence_length"]
    ranks = dict.fromkeys(ordered, "")
    if len(ordered) > 3:
        ranks = {ordered[0]: ", the best there,", ordered[-1]: ", the last"}
    verb = "drops" if all(within > beyond for within, beyond in scores.values()) else "changes"
    first, *others = [
        (number(scores[variant][0], 1), number(scores[variant][1], 1), f"with `{variant.attention}`{rank}")
        for variant, rank in ranks.items()
    ]
    changes = [
        f"from {first[0]} (at most {limit} source tokens) to {first[1]} (more than {limit}) {first[2]}",
        *(f"from {within} to {beyond} {name}" for within, beyond, name in others),
    ]
    return f"On test sentences beyond the training limit, BLEU {verb} {listed(changes)}."


def _cost(peers: Sequence[Variant]) -> str:
    """Speed and memory of the mechanisms in the best variant's setting."""
    parts = []
    speeds = {variant.attention: estimate_of(variant, _SPEED).value for variant in peers if variant.metric(_SPEED)}
    if len(speeds) > 1 and min(speeds.values()) > 0:
        fast, slow = max(speeds, key=speeds.__getitem__), min(speeds, key=speeds.__getitem__)
        parts.append(
            f"Training is fastest with `{fast}`, {number(speeds[fast])} target tokens/s, "
            f"{number(speeds[fast] / speeds[slow], 2)} times as fast as with `{slow}`, the slowest."
        )
    peaks = {variant.attention: estimate_of(variant, _MEMORY).value for variant in peers if variant.metric(_MEMORY)}
    if len(set(peaks.values())) > 1:
        least, most = min(peaks, key=peaks.__getitem__), max(peaks, key=peaks.__getitem__)
        shown, unit = metric_of(_MEMORY).format, metric_of(_MEMORY).shown_unit
        low, high = f"{shown(peaks[least])} {unit} (`{least}`)", f"{shown(peaks[most])} {unit} (`{most}`)"
        parts.append(f"Memory in training peaks between {low} and {high}.")
    return " ".join(parts)
