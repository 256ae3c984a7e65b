"""What each section says of runs whose numbers a reader can follow."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.report.elements import Figure, Notice, Section, Table, Text
from attnbench.report.runs import Run, Runs
from attnbench.report.sections import (
    answer,
    caveats,
    choice,
    comparison,
    configs,
    cost,
    curves,
    definitions,
    length,
    maps,
    origin,
    significance,
    tradeoff,
)
from attnbench.report.study import study_of
from tests.report.synthetic import attention_map, drawn_sentences, quality

Make = Callable[..., Run]
SPEED, MEMORY = "speed/train_target_tokens_per_second", "memory/train_peak_bytes"


def shown(module: object, runs: Sequence[Run], **choices: str) -> Section:
    section: Section = module.section(study_of(Runs.of("small", runs), **choices))  # type: ignore[attr-defined]
    return section


def texts(section: Section) -> list[str]:
    return [block.text for block in section.blocks if isinstance(block, Text)]


def table(section: Section, slug: str) -> Table:
    return next(block for block in section.blocks if isinstance(block, Table) and block.slug == slug)


def figures(section: Section) -> list[Figure]:
    return [block for block in section.blocks if isinstance(block, Figure)]


def seeds(make_run: Make, name: str, values: Sequence[float], **options: object) -> list[Run]:
    return [make_run(name, seed=seed, bleu=value, **options) for seed, value in enumerate(values, start=1)]


# The answer


def test_the_answer_names_the_best_with_its_interval_and_what_is_established(make_run: Make) -> None:
    runs = []
    for name, share in (("none", 0.2), ("dot", 0.8), ("general", 0.8)):
        for seed in (1, 2, 3):
            rows = drawn_sentences(share + 0.001 * seed, seed=seed + 10 * (name == "general"))
            runs.append(make_run(name, seed=seed, sentences=rows, metrics=quality(rows, 20)))
    (text, *_) = texts(shown(answer, runs))
    first = table(shown(significance, runs), "differences").rows
    assert text.startswith("On `grammar`, **`")
    assert "(mean of 3 seeds with its 95 % t interval)" in text
    assert "Its lead over `none` (+" in text
    assert "is more than the choice of test sentences and the choice of seeds explain." in text
    assert (
        "is **not established**: other test sentences could turn it round. This does not show that they are equal."
        in text
    )
    assert [row[-1].text for row in first] == ["both", "both", "–"]


def test_one_seed_claims_nothing_about_training(make_run: Make) -> None:
    runs = []
    for name, share in (("none", 0.2), ("dot", 0.8)):
        rows = drawn_sentences(share)
        runs.append(make_run(name, sentences=rows, metrics=quality(rows, 20)))
    (text, *_) = texts(shown(answer, runs))
    assert "(one seed; 95 % bootstrap interval over sentences" in text
    assert "but **not established**: what another seed would give is unknown." in text


def test_the_answer_says_what_happens_beyond_the_training_limit_and_what_it_costs(make_run: Make) -> None:
    runs = [
        make_run(name, metrics={"test/bleu": bleu, **dict(zip(keys, values, strict=True))})
        for keys in [("length/bleu_within", "length/bleu_beyond", SPEED, MEMORY)]
        for name, bleu, values in [
            ("dot", 70.0, (90.0, 50.0, 3000.0, 2.0**28)),
            ("none", 30.0, (40, 7, 6000.0, 2.0**27)),
        ]
    ]
    _, beyond, price = texts(shown(answer, runs))
    assert beyond == (
        "On sentences longer than the training limit of 20 tokens, BLEU goes "
        "from 90.0 to 50.0 with `dot` and from 40.0 to 7.0 with `none`."
    )
    assert price == (
        "Training is fastest with `none`, 6,000 target tokens/s, 2.000 times as fast as with `dot`, the slowest. "
        "Memory in training peaks between 128.0 MiB (`none`) and 256.0 MiB (`dot`)."
    ).replace("2.000 times", "2.00 times")


def test_several_settings_are_counted(make_run: Make) -> None:
    runs = [
        make_run(name, hidden_size=size, bleu=bleu)
        for size, scores in (("64", (3.0, 5.0)), ("128", (7.0, 2.0)), ("256", (9.0, 8.0)))
        for name, bleu in zip(("dot", "none"), scores, strict=True)
    ]
    first, second = texts(shown(answer, runs))
    assert first.startswith("On `grammar`, **`dot` with 256 units** has the highest test BLEU: **9.00** (one seed).")
    assert "itself with 128 units (+2.00)" in first
    assert second == (
        "Of the 3 settings that compare mechanisms, `dot` has the highest mean in 2 and `none` has the highest mean "
        "in 1, tested or not."
    )


# Before comparing


def test_nothing_to_warn_of_is_said(make_run: Make) -> None:
    (text,) = texts(shown(caveats, [make_run("dot", bleu=1.0), make_run("none", bleu=1.0)]))
    assert text.startswith("Checked and equal in all compared runs: training pairs")


def test_differing_training_pairs_are_warned_of(make_run: Make) -> None:
    runs = [
        make_run("dot", sequence_length=limit, metrics={"data/train_pairs": pairs}, run_id=f"limit {limit}")
        for limit, pairs in (("10", 5000.0), ("20", 10000.0))
    ]
    (notice,) = shown(caveats, runs).blocks
    assert isinstance(notice, Notice)
    assert notice.lines == (
        "**Training pairs** differ: 5,000 for dot · limit 10 tokens; 10,000 for dot · limit 20 tokens. What looks like "
        "an effect of length or setting may be one of the amount of data. `data.match_pairs=N` gives every run the "
        "same number.",
    )


@pytest.mark.parametrize(
    ("name", "values", "line"),
    [
        ("commit", ["c0ffee" * 6, "decade" * 6], "**Commits** differ: c0ffeec0ff and decadedeca."),
        ("dirty", [False, True], "**Uncommitted changes** were in the code of 1 run."),
        (
            "device",
            ["Abacus", "Slide rule"],
            "**Devices or threads** differ: Abacus and Slide rule. Speed and memory are not comparable between them.",
        ),
        ("versions", [{"keras": "3.1"}, {"keras": "3.2"}], "**Versions** differ between runs: keras."),
        (
            "facts",
            [{"data": {"train": "01"}}, {"data": {"train": "23"}}],
            "**Data files** of grammar differ between runs (their sha256 digests are not the same).",
        ),
        (
            "bleu_signature",
            ["tok:13a", "tok:none"],
            "**BLEU** of grammar was computed in different ways: signatures differ.",
        ),
    ],
)
def test_a_difference_in_origin_is_warned_of(make_run: Make, name: str, values: list[object], line: str) -> None:
    runs = [make_run(who, provenance={name: value}) for who, value in zip(("none", "dot"), values, strict=True)]
    (notice,) = shown(caveats, runs).blocks
    assert isinstance(notice, Notice)
    assert notice.lines == (line,)


# Comparison


def test_the_comparison_has_a_row_a_variant_and_the_columns_that_runs_fill(make_run: Make) -> None:
    runs = [*seeds(make_run, "dot", [40.0, 41.0, 42.0]), *seeds(make_run, "none", [7.0, 5.0])]
    found = table(shown(comparison, runs), "comparison")
    assert [column.header for column in found.columns] == ["attention", "seeds", "BLEU"]
    assert [[(cell.text, cell.detail) for cell in row] for row in found.rows] == [
        [("none", ""), ("2", "both values"), ("5.00", "7.00")],
        [("dot", ""), ("3", "t interval"), ("41.00", "± 2.48")],
    ]
    assert found.data["test/bleu"].tolist() == [6.0, 41.0]
    assert found.data["test/bleu_low"].tolist() == pytest.approx([5.0, 41.0 - 4.30265 / np.sqrt(3)], abs=1e-4)


def test_beam_search_has_a_column_a_size(make_run: Make) -> None:
    metrics = {"test/bleu": 40.0, "test/bleu_beam_10": 42.0, "test/bleu_beam_1": 40.0}
    found = table(shown(comparison, [make_run(metrics=metrics)]), "comparison")
    assert [column.header for column in found.columns[2:]] == ["BLEU", "BLEU, beam 1", "BLEU, beam 10"]


def test_a_variant_without_a_finished_run_is_shown(make_run: Make) -> None:
    runs = [make_run("dot", bleu=1.0), make_run("none", status="FAILED", provenance={"reason": "time limit"})]
    section = shown(comparison, runs)
    assert [cell.text for cell in table(section, "comparison").rows[0]] == ["none", "0 of 1", "–"]
    assert [cell.text for cell in table(section, "unfinished").rows[0]][1:] == ["none", "1", "FAILED", "time limit"]


# Pairwise differences


def test_what_three_seeds_cannot_show_is_said_in_numbers(make_run: Make) -> None:
    runs = [run for name in ("dot", "none", "general") for run in seeds(make_run, name, [len(name) + 0.0, 2.0, 7.0])]
    limits = texts(shown(significance, runs))[3]
    # Holm over 3: t of 2 degrees of freedom at 0.05 / 6, over the root of 3 seeds
    assert limits == (
        "**What 3 seeds cannot show**: with 3 comparisons, the smallest p of test B stays below 0.05 after Holm only "
        "if |t| > 7.6, that is, if the mean difference exceeds 4.4 times the standard deviation of the differences "
        "between seeds; the exact sign-flip test could not go below p = 0.25 and is left out. "
        "A difference that is not established is not shown to be zero."
    )


def test_what_one_seed_cannot_show_is_said(make_run: Make) -> None:
    limits = texts(shown(significance, [make_run("dot", bleu=3.0), make_run("none", bleu=1.0)]))[3]
    assert limits == (
        "**What one seed cannot show** (1 pair): how much a result would change with another seed. Test B has no value "
        "there, so the difference cannot be in bold; it may be luck. Train with `seed=1,2,3`."
    )


# Length


def test_bleu_by_length_is_the_mean_over_seeds_of_each_bucket(make_run: Make) -> None:
    rows = [drawn_sentences(share, count=160, seed=3) for share in (0.4, 0.6)]
    runs = [make_run(seed=seed, sentences=found, metrics=quality(found, 20)) for seed, found in enumerate(rows)]
    found = table(shown(length, runs), "length").data
    key = "length/bleu_011_020"
    expected = np.mean([run.metrics[key] for run in runs])
    row = found[found["source_tokens_low"] == 11].iloc[0]
    assert row["bleu"] == pytest.approx(expected)
    assert row["bleu_low"] < expected < row["bleu_high"]
    assert row["sentences"] == 40


# Cost


def profiles(make_run: Make) -> list[Run]:
    return [
        make_run(
            name, task="profile", sequence_length=size, metrics={SPEED: 1000.0 * place, MEMORY: 2.0**20 * int(size)}
        )
        for place, name in enumerate(("dot", "none"), start=1)
        for size in ("16", "64", "256")
    ]


def test_profiles_give_cost_curves_and_a_table(make_run: Make) -> None:
    failed = make_run(
        "bahdanau", task="profile", sequence_length="256", status="FAILED", provenance={"reason": "out of memory"}
    )
    section = shown(cost, [*profiles(make_run), failed])
    (figure,) = figures(section)
    assert (figure.slug, [panel.title for panel in figure.panels]) == (
        "profile-sequence-length",
        ["training speed", "training memory peak"],
    )
    assert "training memory peak (MiB), dot: 16.00 at 16, 64.00 at 64, 256.0 at 256." in figure.alt
    (notice,) = (block for block in section.blocks if isinstance(block, Notice))
    assert notice.lines == ("bahdanau · limit 256 tokens: FAILED, out of memory",)
    assert table(section, "profiles").data[SPEED].dropna().tolist() == [2000.0, 1000.0] * 3


def test_profiles_alone_make_a_report_that_speaks_of_no_quality(make_run: Make) -> None:
    assert texts(shown(answer, profiles(make_run))) == [
        "These runs measured cost only (`task=profile`), so nothing here speaks of quality."
    ]
    assert shown(comparison, profiles(make_run)).left_out == "no training run is among the runs."


def test_training_runs_of_two_sizes_give_cost_curves(make_run: Make) -> None:
    runs = [
        make_run(name, hidden_size=size, metrics={SPEED: 7.0}) for name in ("dot", "none") for size in ("64", "128")
    ]
    assert [figure.slug for figure in figures(shown(cost, runs))] == ["training-hidden-size"]


# Quality against speed


@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), min_size=1, max_size=13))
def test_the_pareto_front_holds_what_nothing_else_beats(points: list[tuple[int, int]]) -> None:
    def beats(one: tuple[int, int], other: tuple[int, int]) -> bool:
        return one != other and one[0] >= other[0] and one[1] >= other[1]

    front = tradeoff.pareto_front(points)
    assert front == [index for index, point in enumerate(points) if not any(beats(other, point) for other in points)]


def test_the_front_is_drawn_for_each_data_set(make_run: Make) -> None:
    scores = {
        ("dot", "copy"): (9.0, 1.0),
        ("none", "copy"): (5.0, 2.0),
        ("dot", "sort"): (4.0, 3.0),
        ("none", "sort"): (3.0, 2.0),
    }
    runs = [make_run(name, data=data, metrics={"test/bleu": y, SPEED: x}) for (name, data), (y, x) in scores.items()]
    found = table(shown(tradeoff, runs), "tradeoff").data.set_index(["data", "attention"])
    assert found[f"{SPEED}_on_front"].to_dict() == {
        ("copy", "none"): True,
        ("copy", "dot"): True,
        ("sort", "none"): False,
        ("sort", "dot"): True,
    }


# Curves, maps, choice, options, definitions, origin


def test_curves_have_a_panel_a_history(make_run: Make) -> None:
    histories = {"train/loss": ((20, 3.0), (40, 2.0)), "valid/bleu": ((40, 11.0),)}
    (figure,) = figures(shown(curves, [make_run("dot", seed=seed, histories=histories) for seed in (1, 2)]))
    assert [panel.title for panel in figure.panels] == ["validation BLEU", "training loss"]
    assert "Last training loss of dot: 2.000. Last validation BLEU of dot: 11.00." in figure.alt


def test_maps_are_of_sentences_that_all_mechanisms_share(make_run: Make) -> None:
    def drawn(*sizes: tuple[int, int]) -> list[dict[str, object]]:
        return [attention_map(index, ["s"] * size, ["t"] * size) for index, size in sizes]

    runs = [
        make_run("dot", maps=drawn((1, 3), (2, 29), (3, 5), (4, 7), (5, 9), (6, 31))),
        make_run("general", maps=drawn((2, 29), (3, 5), (4, 7), (5, 9), (6, 31))),
        make_run("uniform", maps=[{"sentence": 3, "source": ["s"], "target": ["t"], "weights": [[1.0]]}]),
        make_run("none"),
    ]
    section = shown(maps, runs)
    assert [figure.slug for figure in figures(section)] == ["map-3", "map-5", "map-2"]
    assert [panel.title for panel in figures(section)[0].panels] == ["dot", "general"]
    assert texts(section)[0].endswith("Without a map, or with equal weights everywhere: `none` and `uniform`.")


def test_a_map_of_an_empty_translation_is_passed_over(make_run: Make) -> None:
    empty = {"sentence": 1, "source": ["s"], "target": [], "weights": []}
    runs = [make_run("dot", maps=[empty, attention_map(2, ["a", "b"], ["c"])])]
    assert [figure.slug for figure in figures(shown(maps, runs))] == ["map-2"]
    assert shown(maps, [make_run("dot", maps=[empty])]).left_out == "no run has attention maps."


def test_the_choice_shows_every_candidate_and_the_chosen_in_bold(make_run: Make) -> None:
    runs = [
        make_run("dot", training__learning_rate=rate, bleu=1.0, histories={"valid/bleu": ((7, score),)})
        for rate, score in (("0.001", 11.0), ("0.01", 13.0))
    ]
    section = shown(choice, runs, metric="valid/bleu", over="training.learning_rate")
    found = table(section, "choice")
    assert [column.header for column in found.columns] == ["variant", "seed", "0.001", "0.01"]
    assert [(cell.text, cell.strong) for cell in found.rows[0][2:]] == [("11.00", False), ("13.00", True)]
    assert "The test set had no part in the choice." in texts(section)[0]


def test_options_that_differ_stand_beside_the_parameter_counts(make_run: Make) -> None:
    runs = [
        make_run(name, attention__score=score, metrics={"model/parameters": size})
        for name, score, size in (("dot", "dot", 1000.0), ("bahdanau", "additive", 1300.0))
    ]
    section = shown(configs, runs)
    found = table(section, "configs")
    assert [column.header for column in found.columns] == ["attention", "score", "parameters"]
    assert [[cell.text for cell in row] for row in found.rows] == [
        ["bahdanau", "additive", "1,300"],
        ["dot", "dot", "1,000"],
    ]
    assert "seed" not in table(section, "shared-options").data["option"].tolist()
    assert "hidden_size" in table(section, "shared-options").data["option"].tolist()


def test_only_the_metrics_that_runs_logged_are_defined(make_run: Make) -> None:
    metrics = {"test/bleu": 1.0, "length/bleu_011_020": 1.0, "test/bleu_beam_5": 2.0, "zebra": 3.0}
    found = table(shown(definitions, [make_run(metrics=metrics)]), "definitions").data["metric"]
    assert found.tolist() == ["test/bleu", "test/bleu_beam_K", "length/bleu_LLL_HHH"]


def test_the_origin_gives_one_value_or_each_with_its_runs(make_run: Make) -> None:
    shared = {"commit": "c0ffee", "versions": {"keras": "3.1"}, "duration_seconds": 90.0}
    runs = [make_run(seed=seed, provenance=shared | {"device": name}) for seed, name in ((1, "A"), (2, "B"), (3, "B"))]
    section = shown(origin, runs)
    found = table(section, "origin").data.set_index("what")["value"]
    assert found.to_dict() == {"commit": "c0ffee", "device": "A (1 run); B (2 runs)", "keras": "3.1"}
    assert texts(section)[0] == "3 runs, 3 of them finished; 4 min of computing in the compared runs."


def test_a_section_without_its_input_says_what_it_needs(make_run: Make) -> None:
    left_out = {module.__name__.rpartition(".")[2]: shown(module, [make_run(bleu=1.0)]).left_out for module in (
        significance, length, cost, tradeoff, curves, maps, choice, origin,
    )}  # fmt: skip
    assert left_out == {
        "significance": "it needs two variants that differ in one factor and share a seed and the test set.",
        "length": "it needs the per-sentence statistics of the test set (sentences.csv), "
        "and buckets of at least 30 sentences.",
        "cost": "it needs runs of at least two sequence lengths or two hidden sizes, or runs of `task=profile`.",
        "tradeoff": "it needs two variants with a test BLEU and a measured speed.",
        "curves": "no run has a history of its losses or of validation BLEU.",
        "maps": "no run has attention maps.",
        "choice": "nothing was chosen. `select=valid/bleu over=OPTION` picks a value for each variant and seed.",
        "origin": "the source holds no commit, versions, device or command of the runs.",
    }
