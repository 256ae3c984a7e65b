"""The answer in words, with the numbers that carry it."""

from collections.abc import Sequence

import numpy as np

from attnbench.report.elements import Section, Text
from attnbench.report.estimates import BOTH_VALUES, ONE_VALUE, OVER_SEEDS, Estimate, estimate_of
from attnbench.report.pairs import Pair
from attnbench.report.study import Study
from attnbench.report.variants import Variant, settings_of
from attnbench.report.wording import counted, listed, measure, number, signed

_SPEED, _MEMORY = "speed/train_target_tokens_per_second", "memory/train_peak_bytes"


def section(study: Study) -> Section:
    """Best quality, how sure its lead is, what long sentences do, what it costs, and what is missing."""
    blocks = [Text(text) for group in _by_data(study) for text in _answer(group, study)]
    if study.profiles and not blocks:
        blocks.append(Text("These runs measured cost only (`task=profile`), so nothing here speaks of quality."))
    if study.failed:
        blocks.append(
            Text(
                f"{counted(len(study.failed), 'run')} of {len(study.runs)} did not finish; "
                "no number here contains any part of them. The comparison table names them."
            )
        )
    return Section("answer", "The answer", blocks)


def _by_data(study: Study) -> list[list[Variant]]:
    groups: dict[str, list[Variant]] = {}
    for variant in study.finished:
        if variant.metric("test/bleu"):
            groups.setdefault(variant.data, []).append(variant)
    return list(groups.values())


def _answer(variants: Sequence[Variant], study: Study) -> list[str]:
    texts = [_quality(variants, study.pairs), _settings(variants), _long(variants), _cost(variants)]
    return [text for text in texts if text]


def _quality(variants: Sequence[Variant], pairs: Sequence[Pair]) -> str:
    best = max(variants, key=lambda variant: estimate_of(variant, "test/bleu").value)
    found = estimate_of(best, "test/bleu")
    if len(variants) == 1:
        return f"On {best.data}, **{best.label}** reaches {_with_interval(found, len(best.runs))}."
    leads = [pair for pair in pairs if pair.first is best]
    return " ".join(
        text
        for text in (
            f"On {best.data}, **{best.label}** has the highest test BLEU: {_with_interval(found, len(best.runs))}.",
            _established([pair for pair in leads if pair.established]),
            _open([pair for pair in leads if not pair.established]),
        )
        if text
    )


def _with_interval(found: Estimate, seeds: int) -> str:
    value = number(found.value, 2)
    if found.kind == OVER_SEEDS:
        half = number(found.high - found.value, 2)
        return f"**{value} ± {half} BLEU** (mean of {seeds} seeds, 95 % t interval)"
    if found.kind == BOTH_VALUES:
        return f"**{value} BLEU** (mean of two seeds: {number(found.low, 2)} and {number(found.high, 2)})"
    if found.kind == ONE_VALUE:
        return f"**{value} BLEU** (one seed)"
    return f"**{value} BLEU** (one seed; 95 % bootstrap interval over sentences {_bounds(found)})"


def _bounds(found: Estimate) -> str:
    return f"{number(found.low, 2)} to {number(found.high, 2)}"


def _established(leads: Sequence[Pair]) -> str:
    if not leads:
        return ""
    return (
        f"Its lead over {_named(leads)} is more than both the choice of test sentences "
        "and the choice of seeds explain (tests A and B, corrected for all pairs)."
    )


def _open(leads: Sequence[Pair]) -> str:
    if not leads:
        return ""
    if all(np.isnan(pair.b) for pair in leads):
        why = "with one seed, nothing here can tell it from the luck of that seed"
    else:
        why = "at least one of the two tests leaves noise as an explanation, which does not show that they are equal"
    return f"Its lead over {_named(leads)} is **not established**: {why}."


def _named(leads: Sequence[Pair]) -> str:
    ordered = sorted(leads, key=lambda pair: pair.difference.value)
    return listed([f"{pair.second.label} ({signed(pair.difference.value, 2)})" for pair in ordered])


def _settings(variants: Sequence[Variant]) -> str:
    """How often each mechanism is first, where several settings were compared."""
    settings = [group for group in settings_of(variants).values() if len(group) > 1]
    if len(settings) < 2:
        return ""
    wins: dict[str, int] = {}
    for group in settings:
        first = max(group, key=lambda variant: estimate_of(variant, "test/bleu").value).attention
        wins[first] = wins.get(first, 0) + 1
    ordered = sorted(wins.items(), key=lambda item: -item[1])
    return (
        f"Over the {len(settings)} settings that compare mechanisms, the highest mean belongs to "
        f"{listed([f'{name} in {count}' for name, count in ordered])}; this counts means, whether or not a test supports them."
    )


def _long(variants: Sequence[Variant]) -> str:
    both = {
        variant: (estimate_of(variant, "length/bleu_within"), estimate_of(variant, "length/bleu_beyond"))
        for variant in variants
    }
    known = {variant: found for variant, found in both.items() if all(one.exists for one in found)}
    if not known:
        return ""
    best = max(known, key=lambda variant: known[variant][1].value)
    within, beyond = (number(found.value, 1) for found in known[best])
    text = (
        f"On sentences longer than the training limit, {best.label} does best: BLEU {beyond}, against {within} up to the limit."
    )
    if len(known) == 1:
        return text
    worst = min(known, key=lambda variant: known[variant][1].value)
    within, beyond = (number(found.value, 1) for found in known[worst])
    return f"{text} Last is {worst.label} with {beyond}, against {within}."


def _cost(variants: Sequence[Variant]) -> str:
    """Speed and memory of the mechanisms in the last setting: the largest, where sizes were varied."""
    setting, group = list(settings_of(variants).items())[-1]
    parts = []
    speeds = {variant: estimate_of(variant, _SPEED).value for variant in group if variant.metric(_SPEED)}
    if len(speeds) > 1:
        fast, slow = max(speeds, key=speeds.__getitem__), min(speeds, key=speeds.__getitem__)
        parts.append(
            f"{fast.attention} trains fastest, at {number(speeds[fast])} target tokens/s, "
            f"{number(speeds[fast] / speeds[slow], 2)} times the speed of {slow.attention}"
        )
    peaks = {variant: estimate_of(variant, _MEMORY).value for variant in group if variant.metric(_MEMORY)}
    if len(peaks) > 1:
        least, most = min(peaks, key=peaks.__getitem__), max(peaks, key=peaks.__getitem__)
        shown = measure(_MEMORY)
        parts.append(
            f"memory in training peaks between {shown.format(peaks[least])} MiB ({least.attention}) "
            f"and {shown.format(peaks[most])} MiB ({most.attention})"
        )
    if not parts:
        return ""
    text = "; ".join(parts)
    return f"With {setting}, {text}." if setting else f"{text[0].upper()}{text[1:]}." if text[0] == "m" else f"{text}."
