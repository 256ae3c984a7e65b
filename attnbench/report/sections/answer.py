"""The answer in words, with the numbers that carry it."""

from collections.abc import Iterator, Sequence
from operator import itemgetter

import numpy as np

from attnbench.metrics import metric_of
from attnbench.report.comparison.convergence import converged
from attnbench.report.comparison.estimates import NAN, Bounds, Estimate, estimate_of
from attnbench.report.comparison.pairs import BLEU, Pair
from attnbench.report.comparison.study import Study
from attnbench.report.comparison.timing import not_ranked
from attnbench.report.comparison.variants import Variant, by_data, by_setting
from attnbench.report.options import option_value
from attnbench.report.render.elements import Content, Text
from attnbench.report.sections.parts import parts_of_variant
from attnbench.scoring.length import BEYOND, WITHIN
from attnbench.wording import counted, listed, number, signed

_LEARNED_BLEU = 1.0
"""Where no variant reaches it, nothing was learned that could be compared."""


def content(study: Study) -> Content:
    """Best quality within and beyond the training limit, what it costs, and what is missing."""
    scored = [variant for variant in study.finished if variant.metric(BLEU)]
    texts = [text for group in by_data(scored).values() for text in _data_set(group, study) if text]
    texts += [text for text in _profiles(study.profiles) if text]
    if study.profiles and not scored:
        texts.append("These runs measured cost only (`task=profile`): they say nothing about quality.")
    if study.selection and texts:
        over = listed([f"`{key}`" for key in study.selection.over])
        texts.append(
            f"Each variant is shown with the {over} that was best on validation (`{study.selection.metric}`), on the "
            "seeds that chose it; fresh seeds would score a little lower."
        )
    if study.failed:
        missing = f"{counted(len(study.failed), 'run')} of {len(study.runs)} did not finish"
        texts.append(f"{missing}; no number here contains any part of them. The comparison names them.")
    return [Text(text) for text in texts] or ""


def _data_set(variants: Sequence[Variant], study: Study) -> Iterator[str]:
    """The answer for one data set: one for each training limit, which divides the test set in its own place."""
    if all(estimate_of(variant, BLEU).value < _LEARNED_BLEU for variant in variants):
        yield (
            f"On `{variants[0].data}` **nothing was learned**: BLEU is below {_LEARNED_BLEU:g} everywhere, so there is "
            "nothing to compare. Train longer, or choose an easier task."
        )
        return
    pairs = [pair for family in study.families for pair in family.pairs]
    by_limit: dict[str, list[Variant]] = {}
    for variant in variants:
        by_limit.setdefault(variant.runs[0].params["sequence_length"], []).append(variant)
    for group in by_limit.values():
        yield from _limit(group, pairs, study.scope.margin or NAN)


def _limit(variants: Sequence[Variant], pairs: Sequence[Pair], margin: float) -> Iterator[str]:
    """Quality within and beyond one training limit, or on the whole test set where nothing lies beyond; and memory."""
    parts = [key for key in (WITHIN, BEYOND) if _with(variants, key)]
    for key in parts if len(parts) == 2 else [BLEU]:
        scored = _with(variants, key)
        best = max(scored, key=lambda variant: estimate_of(variant, key).value)
        peers = [variant for variant in scored if variant.setting == best.setting]
        yield _quality(best, scored, key, pairs, margin)
        yield _lengths(peers) if key == BEYOND else ""
        yield _settings(scored, key, pairs)
    yield _memory(peers)


def _with(variants: Sequence[Variant], key: str) -> list[Variant]:
    return [variant for variant in variants if not np.isnan(estimate_of(variant, key).value)]


def _quality(best: Variant, variants: Sequence[Variant], key: str, pairs: Sequence[Pair], margin: float) -> str:
    """The best variant's BLEU in one part of the test set and its leads there."""
    limit = best.runs[0].params["sequence_length"]
    where = {
        WITHIN: f", on sentences as long as those of training (at most {limit} source tokens)",
        BEYOND: f", on longer sentences than in training (more than {limit} source tokens)",
    }.get(key, "")
    bleu = _with_interval(estimate_of(best, key), len(best.runs))
    name = f"`{best.attention}`{f' with {best.setting}' if best.setting else ''}"
    caveat = "" if converged(best) else " It had not converged."
    if len(variants) == 1:
        return f"On `{best.data}`{where}, {name} reaches {bleu}.{caveat}"
    leads = _leads([pair for pair in pairs if pair.key == key and pair.first is best], margin)
    return " ".join([f"On `{best.data}`{where}, **{name}** has the highest BLEU: {bleu}.{caveat}", *leads])


def _with_interval(estimate: Estimate, seeds: int) -> str:
    value, low, high = (number(one, 2) for one in (estimate.value, estimate.low, estimate.high))
    if estimate.crossed is not None:
        kind = "seeds and sentences" if estimate.bounds is Bounds.OVER_BOTH else "seeds"
        half = number(estimate.high - estimate.value, 2)
        return f"**{value} ± {half}** (mean of {seeds} seeds with its 95 % interval over {kind})"
    if estimate.bounds is Bounds.BOTH_VALUES:
        return f"**{value}** (mean of two seeds, {low} and {high})"
    if estimate.bounds is Bounds.ONE_VALUE:
        return f"**{value}** (one seed)"
    return f"**{value}** (one seed; 95 % interval over sentences {low} to {high})"


def _leads(leads: Sequence[Pair], margin: float) -> Iterator[str]:
    """From whom the best variant is distinguished, and from whom it is not."""
    tested = [pair for pair in leads if not np.isnan(pair.p)]
    if far := [pair for pair in tested if pair.distinguished]:
        yield f"It is distinguished from {_named(far)}."
    if equal := [pair for pair in tested if not pair.distinguished and pair.equivalent]:
        yield f"It is equal to {_named(equal)} within {margin:g} BLEU."
    if near := [pair for pair in tested if not pair.distinguished and not pair.equivalent]:
        yield f"It is **not distinguished** from {_named(near)}; this does not show that they are equal."
    if untested := [pair for pair in leads if np.isnan(pair.p)]:
        yield (
            f"Its lead over {_named(untested)} is not tested: they share fewer than three seeds, and what another "
            "seed would give is unknown."
        )


def _named(leads: Sequence[Pair]) -> str:
    """The variants that are led, by what tells each from the best one, and by how much; the closest first."""
    names = []
    for pair in sorted(leads, key=lambda pair: pair.difference.value):
        factors = [key for key, value in pair.second.values.items() if pair.first.values[key] != value]
        value = " and ".join(option_value(key, pair.second.values[key]) for key in factors)
        name = f"`{value}`" if factors == ["attention"] else f"itself with {value}"
        found = pair.difference
        bounds = f" [{signed(found.low, 2)}, {signed(found.high, 2)}]" if found.bounds.is_interval else ""
        names.append(f"{name} ({signed(found.value, 2)}{bounds})")
    return listed(names)


def _settings(variants: Sequence[Variant], key: str, pairs: Sequence[Pair]) -> str:
    """In how many settings the best mechanism is distinguished from all others; empty where there is one setting."""
    settings = [group for group in by_setting(variants).values() if len(group) > 1]
    if len(settings) < 2:
        return ""
    clear = 0
    for group in settings:
        best = max(group, key=lambda variant: estimate_of(variant, key).value)
        leads = [pair for pair in pairs if pair.key == key and pair.first is best and pair.second in group]
        clear += len(leads) == len(group) - 1 and all(pair.distinguished for pair in leads)
    return (
        f"Of the {len(settings)} settings that compare mechanisms in {metric_of(key).name}, the highest mean is "
        f"distinguished from all others in {clear or 'none'}."
    )


def _lengths(peers: Sequence[Variant]) -> str:
    """How long the hypotheses are beyond the limit: BLEU there is often length."""
    ratios = {
        variant.attention: part.values["test/length_ratio"]
        for variant in peers
        for part in parts_of_variant(variant)
        if part.name == "beyond the training limit"
    }
    if not ratios:
        return ""
    shown = [f"{number(ratio, 2)} with `{name}`" for name, ratio in sorted(ratios.items(), key=itemgetter(1))]
    return f"There, hypotheses ÷ references in length is {listed(shown)}; below 1 the brevity penalty lowers BLEU."


def _memory(variants: Sequence[Variant]) -> str:
    memory = metric_of("memory/train_peak_bytes")
    (least, low), (most, high) = _extremes(variants, memory.key)
    if not high > low:
        return ""
    low_text, high_text = (f"{memory.format(peak)} {memory.shown_unit}" for peak in (low, high))
    return f"Memory in training peaks between {low_text} (`{least}`) and {high_text} (`{most}`)."


def _profiles(profiles: Sequence[Variant]) -> Iterator[str]:
    """What profiles found in the setting of the largest sizes: speeds were measured there in turns."""
    groups = [group for group in by_setting(one for one in profiles if one.runs).values() if len(group) > 1]
    if not groups:
        return
    group = groups[-1]
    where = f"With {group[0].setting}, " if group[0].setting else ""
    for key, verb in (
        ("speed/train_target_tokens_per_second", "trains"),
        ("speed/decode_target_tokens_per_second", "decodes"),
    ):
        (slow, lowest), (fast, highest) = _extremes(group, key)
        if highest > lowest > 0 and not not_ranked(group, key):
            yield f"{where}`{fast}` {verb} {number(highest / lowest, 2)} times as fast as `{slow}`."
    yield _memory(group)


def _extremes(variants: Sequence[Variant], key: str) -> tuple[tuple[str, float], tuple[str, float]]:
    """Mechanism and value of the lowest and of the highest value of a metric; of equal ones the first."""
    values = [(one.attention, estimate_of(one, key).value) for one in variants if one.metric(key)] or [("", NAN)]
    return min(values, key=itemgetter(1)), max(values, key=itemgetter(1))
