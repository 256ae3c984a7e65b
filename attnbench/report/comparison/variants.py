"""Variants: the runs that differ in nothing but the seed, and the factors that tell variants apart."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from attnbench.config import FACTORS, Role, UsedBy, role, used_by
from attnbench.report.options import option_value
from attnbench.report.sources.runs import TEXTS, Run, mechanism_order, natural


@dataclass(frozen=True, eq=False)
class Variant:
    """One combination of factor values.

    Attributes:
        values: the value of each factor, `attention` first.
        runs: the finished runs, one a seed, by seed.
        unfinished: the runs of seeds that have no finished run.
        repeated: finished runs of seeds that a later run repeats; they count nowhere.
    """

    values: dict[str, str]
    runs: tuple[Run, ...]
    unfinished: tuple[Run, ...]
    repeated: tuple[Run, ...]

    @property
    def attention(self) -> str:
        """Name of the mechanism."""
        return self.values["attention"]

    @property
    def setting(self) -> str:
        """The factors other than the attention, in words; empty where there are none."""
        return ", ".join(option_value(key, value) for key, value in self.values.items() if key != "attention")

    @property
    def label(self) -> str:
        """All factors in words."""
        return " · ".join(option_value(key, value) for key, value in self.values.items())

    @property
    def data(self) -> str:
        """Name of the data set, whether it is a factor or not, and which texts it was where that is one."""
        name = (self.runs or self.unfinished)[0].params["data"]
        return f"{name} {self.values[TEXTS]}" if TEXTS in self.values else name

    @property
    def seeds(self) -> tuple[int, ...]:
        """The seeds with a finished run."""
        return tuple(run.seed for run in self.runs)

    def metric(self, key: str) -> list[float]:
        """The values of one metric, by seed; seeds that lack it are left out."""
        return [run.metrics[key] for run in self.runs if key in run.metrics]


def is_procedure(key: str) -> bool:
    """Whether an option says how runs are made, which no result depends on."""
    return role(key) in (Role.SWEEP, Role.PROCESS)


def is_profile(run: Run) -> bool:
    """Whether the run measured cost only, on synthetic batches."""
    return run.params.get("task") == "profile"


def factors_of(runs: Sequence[Run], ignored: Iterable[str] = ()) -> tuple[str, ...]:
    """The attention, and every other option that was varied on its own; what follows from those is no factor.

    Args:
        runs: training runs, or profiling runs.
        ignored: options over which one run was selected.
    """
    keys = sorted({key for run in runs for key in run.params if _may_be_factor(key, is_profile(run))})
    ordered = [key for key in FACTORS if key in keys] + [key for key in keys if key not in FACTORS]
    factors = ["attention"]
    for key in ordered:
        if key == "attention" or key in ignored:
            continue
        values = {run.params.get(key, "") for run in runs}
        if len(values) > 1 and (key in FACTORS or not _follows(runs, key, factors)):
            factors.append(key)
    return tuple(factors)


def variants_of(runs: Sequence[Run], factors: Sequence[str]) -> tuple[Variant, ...]:
    """The variants of `runs`, ordered by data, settings and mechanism."""
    groups: dict[tuple[str, ...], list[Run]] = defaultdict(list)
    for run in runs:
        groups[tuple(run.params.get(key, "") for key in factors)].append(run)
    variants = [_variant(dict(zip(factors, values, strict=True)), members) for values, members in groups.items()]
    return tuple(sorted(variants, key=_order))


def by_setting(variants: Iterable[Variant]) -> dict[str, list[Variant]]:
    """Variants that share everything but the attention, by that setting in words."""
    return _grouped(variants, lambda variant: variant.setting)


def by_data(variants: Iterable[Variant]) -> dict[str, list[Variant]]:
    """The variants of each data set."""
    return _grouped(variants, lambda variant: variant.data)


def _grouped(variants: Iterable[Variant], key: Callable[[Variant], str]) -> dict[str, list[Variant]]:
    groups: dict[str, list[Variant]] = {}
    for variant in variants:
        groups.setdefault(key(variant), []).append(variant)
    return groups


def _variant(values: dict[str, str], members: Sequence[Run]) -> Variant:
    finished: dict[int, Run] = {}
    repeated: list[Run] = []
    for run in sorted((run for run in members if run.finished), key=_started):
        if run.seed in finished:
            repeated.append(finished[run.seed])
        finished[run.seed] = run
    unfinished = [run for run in members if not run.finished and run.seed not in finished]
    return Variant(values, tuple(finished[seed] for seed in sorted(finished)), tuple(unfinished), tuple(repeated))


def _started(run: Run) -> tuple[str, str]:
    return run.origin.started, run.run_id


def _order(variant: Variant) -> tuple[object, ...]:
    others = tuple(natural(value) for key, value in variant.values.items() if key != "attention")
    return others, mechanism_order(variant.attention)


def _may_be_factor(key: str, profile: bool) -> bool:
    other_task = UsedBy.TRAINING if profile else UsedBy.PROFILE
    return key not in ("seed", "task") and not is_procedure(key) and used_by(key) is not other_task


def _follows(runs: Sequence[Run], key: str, factors: Sequence[str]) -> bool:
    """Whether the values of `factors` leave only one value of `key`."""
    seen: dict[tuple[str, ...], str] = {}
    for run in runs:
        combination = tuple(run.params.get(factor, "") for factor in factors)
        if seen.setdefault(combination, run.params.get(key, "")) != run.params.get(key, ""):
            return False
    return True
