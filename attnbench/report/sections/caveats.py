"""What the reader must know before comparing: runs that differ in data, in training pairs, in code or machine."""

from collections.abc import Callable, Sequence

from attnbench.report.comparison.study import Study
from attnbench.report.comparison.variants import is_profile
from attnbench.report.render.elements import Notice, Section, Text
from attnbench.report.sources.runs import TEXTS, Run
from attnbench.wording import counted, listed, number


def section(study: Study) -> Section:
    """The warnings that apply, or the checks that passed."""
    lines = tuple(line for check in CHECKS if (line := check(study)))
    if lines:
        notice = Notice("Keep in mind", lines)
        return Section("caveats", "Before comparing", [notice])
    checked = (
        "Checked and equal in all compared runs: training pairs, data files, test set and its scoring, seeds, commit, "
        "device, threads and versions."
    )
    return Section("caveats", "Before comparing", [Text(checked)])


def _training_pairs(study: Study) -> str:
    counts: dict[str, dict[int, list[str]]] = {}
    for variant in study.finished:
        for count in sorted({int(value) for value in variant.metric("data/train_pairs")}):
            counts.setdefault(variant.data, {}).setdefault(count, []).append(variant.label)
    differing = [
        f"{number(count, 0)} for {_some(labels)}"
        for found in counts.values()
        if len(found) > 1
        for count, labels in sorted(found.items())
    ]
    if not differing:
        return ""
    return (
        f"**Training pairs** differ: {'; '.join(differing)}. What looks like an effect of length or setting may be one "
        "of the amount of data. `data.match_pairs=N` gives every run the same number."
    )


def _data_files(study: Study) -> str:
    found: dict[str, dict[str, list[str]]] = {}
    for run in _training(study):
        if TEXTS in run.params:
            found.setdefault(run.params["data"], {}).setdefault(run.params[TEXTS], []).append(run.run_id)
    differing = [
        f"{name} is {listed([f'{digest} in {_some(runs)}' for digest, runs in sorted(texts.items())])}"
        for name, texts in found.items()
        if len(texts) > 1
    ]
    return f"**Data files** differ between runs, by their sha256 digests: {'; '.join(differing)}." if differing else ""


def _test_sets(study: Study) -> str:
    references: dict[str, set[bytes]] = {}
    for run in _training(study):
        if run.sentences is not None:
            references.setdefault(run.params["data"], set()).add(run.sentences[:, -1].tobytes())
    differing = [name for name, found in references.items() if len(found) > 1]
    if not differing:
        return ""
    return f"**Test sets** of {listed(differing)} differ between runs; such runs are not tested against each other."


def _scoring(study: Study) -> str:
    signatures: dict[str, set[str]] = {}
    for run in _training(study):
        signatures.setdefault(run.params["data"], set()).add(str(run.provenance.get("bleu_signature")))
    differing = [name for name, found in signatures.items() if len(found) > 1]
    return f"**BLEU** of {listed(differing)} was computed in different ways: signatures differ." if differing else ""


def _commits(study: Study) -> str:
    commits = _differing(study.compared, lambda run: run.provenance.get("commit"))
    return f"**Commits** differ: {listed([commit[:10] for commit in commits])}." if len(commits) > 1 else ""


def _dirty(study: Study) -> str:
    dirty = [run for run in study.compared if run.provenance.get("dirty") is True]
    return f"**Uncommitted changes** were in the code of {counted(len(dirty), 'run')}." if dirty else ""


def _machines(study: Study) -> str:
    machines = _differing(study.compared, _machine)
    if len(machines) < 2:
        return ""
    return f"**Devices or threads** differ: {listed(machines)}. Speed and memory are not comparable between them."


def _machine(run: Run) -> str | None:
    device, threads = run.provenance.get("device"), run.provenance.get("threads")
    return f"{device} with {threads} threads" if device and threads else device


def _versions(study: Study) -> str:
    found = [run.provenance.get("versions", {}) for run in study.compared]
    names = sorted({name for versions in found for name in versions})
    differing = [name for name in names if len({versions.get(name) for versions in found}) > 1]
    return f"**Versions** differ between runs: {listed(differing)}." if differing else ""


def _repeated(study: Study) -> str:
    repeated = [run for variant in (*study.variants, *study.profiles) for run in variant.repeated]
    if not repeated:
        return ""
    names = _some([run.run_id for run in repeated])
    return f"**Repeated**: {names}. A later run has the same variant and seed; the earlier one counts nowhere."


def _seeds(study: Study) -> str:
    sets = {variant.seeds for variant in study.finished}
    if len(sets) < 2:
        return ""
    return "**Seeds** differ between variants: tables show all seeds of each, tests only those that both have."


def _training(study: Study) -> list[Run]:
    return [run for run in study.compared if not is_profile(run)]


def _differing(runs: Sequence[Run], value: Callable[[Run], str | None]) -> list[str]:
    """The distinct values of the runs that have one, in order."""
    return list(dict.fromkeys(found for run in runs if (found := value(run)) is not None))


def _some(names: list[str]) -> str:
    return listed(names) if len(names) <= 6 else f"{', '.join(names[:5])} and {len(names) - 5} more"


CHECKS = (
    _training_pairs,
    _data_files,
    _test_sets,
    _scoring,
    _seeds,
    _commits,
    _dirty,
    _machines,
    _versions,
    _repeated,
)
"""Every check, in the order in which its warning is shown."""
