"""What the sections below the comparison say of runs whose numbers a reader can follow."""

from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from attnbench.config import RESULTS_VERSION
from attnbench.records import AttentionMap, Status
from attnbench.report.comparison.estimates import pareto_front
from attnbench.report.render.drawing import draw
from attnbench.report.render.elements import Figure, Notice, Text
from attnbench.report.render.fonts import fallbacks
from attnbench.report.render.style import styles
from attnbench.report.sections import (
    answer,
    choice,
    comparison,
    configs,
    cost,
    curves,
    definitions,
    differences,
    length,
    maps,
    origin,
    parts,
    phenomena,
    tradeoff,
)
from attnbench.report.sources.runs import Run
from tests.report.reading import DECODING, MEMORY, SPEED, Make, column, figures, headers, shown, table, texts
from tests.report.synthetic import attention_map, drawn_sentences, quality

# Length


def test_bleu_by_length_is_the_mean_over_seeds_of_each_bucket(make_run: Make) -> None:
    rows = [drawn_sentences(share, count=160, seed=3) for share in (0.4, 0.6)]
    runs = [make_run(seed=seed, sentences=found, metrics=quality(found, 20)) for seed, found in enumerate(rows)]
    (row,) = table(shown(length, runs), "length").records
    key = "length/bleu_011_020"
    expected = np.mean([run.metrics[key] for run in runs])
    assert row[key] == pytest.approx(expected)
    assert float(str(row[f"{key}_low"])) < expected < float(str(row[f"{key}_high"]))
    assert row["length/sentences_011_020"] == 40


# Phenomena


def test_the_accuracy_by_phenomenon_has_intervals(make_run: Make) -> None:
    runs = []
    for seed in (1, 2, 3):
        right = np.random.default_rng(seed).binomial(2, 0.5, 160)
        columns = {**drawn_sentences(0.5, count=160), "verb_final_right": right, "verb_final_total": np.full(160, 2)}
        runs.append(make_run("dot", seed=seed, sentences=columns, metrics=quality(columns, 20)))
    section = shown(phenomena, [*runs, make_run("none", bleu=1.0)])
    (row,) = table(section, "phenomena").records
    key = "phenomenon/verb_final"
    assert row[key] == pytest.approx(np.mean([run.metrics[key] for run in runs]))
    assert row[f"{key}_bounds"] == "95 % interval over seeds and sentences"
    assert float(str(row[f"{key}_low"])) < float(str(row[key])) < float(str(row[f"{key}_high"]))
    assert headers(table(section, "phenomena")) == ["attention", "verb-final order"]


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
        "bahdanau", task="profile", sequence_length="256", status=Status.FAILED, origin={"reason": "out of memory"}
    )
    section = shown(cost, [*profiles(make_run), failed])
    (figure,) = figures(section)
    assert (figure.slug, [panel.title for panel in figure.panels]) == (
        "profile-sequence-length",
        ["training speed", "training memory peak"],
    )
    assert "training memory peak (MiB), dot: 16.00 at 16, 64.00 at 64, 256.0 at 256." in figure.alt
    (notice,) = (block for block in section if isinstance(block, Notice))
    assert notice.lines == ("bahdanau · limit 256 tokens: FAILED, out of memory",)
    assert [speed for speed in column(table(section, "profiles"), SPEED) if speed == speed] == [2000.0, 1000.0] * 3


def test_profiles_alone_make_a_report_that_says_nothing_about_quality(make_run: Make) -> None:
    assert texts(shown(answer, profiles(make_run))) == [
        "With limit 256 tokens, `none` trains 2.00 times as fast as `dot`.",
        "These runs measured cost only (`task=profile`): they say nothing about quality.",
    ]
    assert shown(comparison, profiles(make_run)) == "no training run is among the runs."


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

    front = pareto_front(points)
    assert front == [index for index, point in enumerate(points) if not any(beats(other, point) for other in points)]


def test_the_front_is_drawn_for_each_data_set(make_run: Make) -> None:
    scores = {
        ("dot", "copy"): (9.0, 1.0),
        ("none", "copy"): (5.0, 2.0),
        ("dot", "sort"): (4.0, 3.0),
        ("none", "sort"): (3.0, 2.0),
    }
    runs = [make_run(name, data=data, metrics={"test/bleu": y, SPEED: x}) for (name, data), (y, x) in scores.items()]
    rows = table(shown(tradeoff, runs), "tradeoff").records
    assert {(row["data"], row["attention"]): row[f"{SPEED}_on_front"] for row in rows} == {
        ("copy", "none"): True,
        ("copy", "dot"): True,
        ("sort", "none"): False,
        ("sort", "dot"): True,
    }


def rivals(make_run: Make, **metrics: float) -> list[Run]:
    """`dot` is better and slower than `none`, whose metrics are changed."""
    known = {"test/bleu": 5.0, SPEED: 200.0, DECODING: 70.0}
    return [
        make_run("none", metrics=known | {key.replace("__", "/"): value for key, value in metrics.items()}),
        make_run("dot", metrics={"test/bleu": 9.0, SPEED: 100.0, DECODING: 50.0}),
    ]


def test_no_front_is_drawn_by_a_speed_whose_timing_was_disturbed(make_run: Make) -> None:
    section = shown(tradeoff, rivals(make_run, speed__train_disturbance=0.06, speed__decode_disturbance=0.05))
    assert texts(section)[1] == (
        "Training speed is not ranked, because its timing was disturbed in none. Measure it in turns, on a machine "
        "that does nothing else: `python -m attnbench -m task=profile attention=none,dot`."
    )
    (row, _) = table(section, "tradeoff").records
    assert (f"{SPEED}_on_front" in row, row[f"{DECODING}_on_front"]) == (False, True)
    (figure,) = figures(section)
    assert [panel.title for panel in figure.panels] == ["training speed", "decoding speed"]
    assert figure.alt == "Test BLEU against speed. On the front of decoding speed: dot, none."


def test_where_no_speed_is_ranked_there_is_neither_front_nor_table(make_run: Make) -> None:
    section = shown(tradeoff, rivals(make_run, speed__train_disturbance=0.5, speed__decode_disturbance=0.5))
    assert [type(block) for block in section] == [Text, Text, Figure]
    assert figures(section)[0].caption == (
        "Test BLEU against speed; up and to the right is better. Bars: 95 % intervals where there are any."
    )


def test_speeds_that_differ_less_between_variants_than_between_seeds_are_not_ranked(make_run: Make) -> None:
    runs = [
        make_run(name, seed=seed, metrics={"test/bleu": 9.0, SPEED: speed})
        for name, speeds in (("none", (100.0, 120.0)), ("dot", (110.0, 130.0)))
        for seed, speed in enumerate(speeds)
    ]
    assert texts(shown(tradeoff, runs)) == [
        "Training speed is not ranked, because it differs less between variants than between seeds. Measure it in "
        "turns, on a machine that does nothing else: `python -m attnbench -m task=profile attention=none,dot`."
    ]


def test_cost_names_the_variants_whose_timing_was_disturbed(make_run: Make) -> None:
    runs = [
        make_run("dot", task="profile", metrics={SPEED: 1.0, "speed/train_disturbance": 0.1}),
        make_run("none", task="profile", metrics={SPEED: 1.0, "speed/train_disturbance": 0.05}),
    ]
    (text,) = texts(shown(cost, runs))
    assert text.endswith(" Timing was disturbed in dot: these speeds are rough.")


# Curves, maps, choice, options, definitions, origin


def test_curves_have_a_panel_a_history(make_run: Make) -> None:
    histories = {"train/loss": ((20, 3.0), (40, 2.0)), "valid/bleu": ((40, 11.0),)}
    (figure,) = figures(shown(curves, [make_run("dot", seed=seed, histories=histories) for seed in (1, 2)]))
    assert [panel.title for panel in figure.panels] == ["validation BLEU", "training loss"]
    assert "Last training loss of dot: 2.000. Last validation BLEU of dot: 11.00." in figure.alt


def test_maps_are_of_sentences_that_all_mechanisms_share(make_run: Make) -> None:
    def drawn(*sizes: tuple[int, int]) -> list[AttentionMap]:
        return [attention_map(index, ["s"] * size, ["t"] * size) for index, size in sizes]

    runs = [
        make_run("dot", maps=drawn((1, 3), (2, 29), (3, 5), (4, 7), (5, 9), (6, 31))),
        make_run("general", maps=drawn((2, 29), (3, 5), (4, 7), (5, 9), (6, 31))),
        make_run("uniform", maps=[AttentionMap(3, ["s"], ["t"], [[1.0]])]),
        make_run("none"),
    ]
    section = shown(maps, runs)
    assert [figure.slug for figure in figures(section)] == ["map-3", "map-5", "map-2"]
    assert [panel.title for panel in figures(section)[0].panels] == ["dot", "general"]
    assert texts(section)[0].endswith("Without a map, or with equal weights everywhere: `none` and `uniform`.")


def test_a_map_shows_control_characters_and_says_what_no_font_has(make_run: Make) -> None:
    words = ["a\x1b", "\U0010fffd"]
    runs = [make_run(name, maps=[attention_map(0, words, ["c"])]) for name in ("dot", "general")]
    (figure,) = figures(shown(maps, runs))
    symbols = len(fallbacks(frozenset("\u241b"))[1])
    assert figure.caption == (
        f"Test sentence 1: a\u241b \U0010fffd. No installed font has {symbols + 1} character{'s' * symbols} of these "
        "maps: the reader's fonts decide whether they are seen."
    )
    file = draw(figure, styles(["dot", "general"])).file
    assert "a\u241b" in file.decode()
    ElementTree.fromstring(file)


def test_rows_are_said_to_sum_to_one_only_where_they_do(make_run: Make) -> None:
    def said(source: list[str], weights: list[list[float]]) -> str:
        text = texts(shown(maps, [make_run("dot", maps=[AttentionMap(1, source, ["t"] * len(weights), weights)])]))[0]
        return text.partition("from top to bottom. ")[2].partition(". The")[0]

    assert said(["a", "</s>"], [[0.9, 0.1], [0.3334, 0.6666]]) == "Each row sums to 1"
    assert said(["a", "b"], [[0.5, 0.3], [0.1, 0.9]]) == "EOS is not shown; rows need not sum to 1"
    assert said(["a", "</s>"], [[0.9, 0.9], [0.1, 0.2]]) == "Rows need not sum to 1"


def test_a_map_of_an_empty_translation_is_passed_over(make_run: Make) -> None:
    empty = AttentionMap(1, ["s"], [], [])
    runs = [make_run("dot", maps=[empty, attention_map(2, ["a", "b"], ["c"])])]
    assert [figure.slug for figure in figures(shown(maps, runs))] == ["map-2"]
    assert shown(maps, [make_run("dot", maps=[empty])]) == "no run has attention maps."


def test_the_choice_shows_every_candidate_and_the_chosen_in_bold(make_run: Make) -> None:
    runs = [
        make_run("dot", training__learning_rate=rate, bleu=1.0, histories={"valid/bleu": ((7, score),)})
        for rate, score in (("0.001", 11.0), ("0.01", 13.0))
    ]
    section = shown(choice, runs, metric="valid/bleu", over="training.learning_rate")
    found = table(section, "choice")
    assert headers(found) == ["variant", "0.001", "0.01"]
    assert [(cell.text, cell.strong) for cell in found.cells[0][1:]] == [("11.00", False), ("13.00", True)]
    assert "by the mean over 1 seed. The test set had no part in the choice." in texts(section)[0]
    assert [figure.slug for figure in figures(section)] == ["budget"]


def test_options_that_were_tuned_before_are_named(make_run: Make) -> None:
    assert texts(shown(choice, [make_run("dot", bleu=1.0, tuned="reports/tuning/chosen.json")])) == [
        "Each mechanism trained with the options that were chosen for it in `reports/tuning/chosen.json`."
    ]


def test_options_that_differ_stand_beside_the_parameter_counts(make_run: Make) -> None:
    runs = [
        make_run(name, attention__score=score, metrics={"model/parameters": size})
        for name, score, size in (("dot", "dot", 1000.0), ("bahdanau", "additive", 1300.0))
    ]
    section = shown(configs, runs)
    found = table(section, "configs")
    assert headers(found) == ["attention", "score", "parameters"]
    assert [[cell.text for cell in row] for row in found.cells] == [
        ["bahdanau", "additive", "1,300"],
        ["dot", "dot", "1,000"],
    ]
    assert "seed" not in column(table(section, "shared-options"), "option")
    assert "hidden_size" in column(table(section, "shared-options"), "option")


def test_only_the_metrics_that_runs_logged_are_defined(make_run: Make) -> None:
    metrics = {"test/bleu": 1.0, "length/bleu_011_020": 1.0, "test/bleu_beam_5": 2.0, "zebra": 3.0}
    found = table(shown(definitions, [make_run(metrics=metrics)]), "definitions")
    assert column(found, "metric") == ["test/bleu", "test/bleu_beam_K", "length/bleu_LLL_HHH"]


def test_the_origin_gives_one_value_or_each_with_its_runs(make_run: Make) -> None:
    shared = {"commit": "c0ffee", "versions": {"keras": "3.1"}, "duration_seconds": 90.0}
    runs = [make_run(seed=seed, origin=shared | {"device": name}) for seed, name in ((1, "A"), (2, "B"), (3, "B"))]
    section = shown(origin, runs)
    found = table(section, "origin").records
    assert {row["what"]: row["value"] for row in found} == {
        "commit": "c0ffee",
        "results version": str(RESULTS_VERSION),
        "device": "A (1 run); B (2 runs)",
        "keras": "3.1",
    }
    assert texts(section)[0] == "3 runs, 3 of them finished; 4 min of computing in the compared runs."


def test_a_section_without_its_input_says_what_it_needs(make_run: Make) -> None:
    modules = (differences, parts, length, phenomena, cost, tradeoff, curves, maps, choice, origin)
    runs = [make_run(bleu=1.0, origin={"results_version": None})]
    missing = {module.__name__.rpartition(".")[2]: shown(module, runs) for module in modules}
    assert missing == {
        "differences": "it needs two variants that differ in one factor and share a seed and the test set.",
        "parts": "it needs the per-sentence statistics of the test set (sentences.csv).",
        "length": "it needs the per-sentence statistics of the test set (sentences.csv), "
        "and buckets of at least 30 sentences.",
        "phenomena": "it needs runs on data that knows where a sentence shows which phenomenon (`data=grammar`).",
        "cost": "it needs runs of at least two sequence lengths or two hidden sizes, or runs of `task=profile`.",
        "tradeoff": "it needs two variants with a test BLEU and a measured speed.",
        "curves": "no run has a history of its losses or of validation BLEU.",
        "maps": "no run has attention maps.",
        "choice": "nothing was chosen. `select=valid/bleu over=OPTION` chooses a value for each variant.",
        "origin": "the source holds no commit, versions, device or command of the runs.",
    }
