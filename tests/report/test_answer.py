"""What a report claims: its answer, its warnings, its comparison and its pairwise differences."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from attnbench.records import Status
from attnbench.report.comparison.pairs import Scope
from attnbench.report.render.elements import Notice
from attnbench.report.sections import (
    answer,
    caveats,
    comparison,
    differences,
    parts,
)
from attnbench.report.sources.runs import Run
from tests import made
from tests.report.reading import MEMORY, SPEED, Make, column, figures, headers, seeds, shown, table, texts
from tests.report.synthetic import drawn_sentences, quality

# The answer


def scored(make_run: Make, shares: Mapping[str, float], seed_numbers: Sequence[int], **options: object) -> list[Run]:
    runs = []
    for index, (name, share) in enumerate(shares.items()):
        for seed in seed_numbers:
            rows = drawn_sentences(share + 0.001 * seed, count=160, seed=seed + 10 * index)
            runs.append(make_run(name, seed=seed, sentences=rows, metrics=quality(rows, 20), **options))
    return runs


def test_the_answer_opens_within_and_beyond_the_limit_and_says_who_is_distinguished(make_run: Make) -> None:
    runs = scored(make_run, {"none": 0.2, "dot": 0.8, "general": 0.8}, (1, 2, 3))
    within, beyond, lengths = texts(shown(answer, runs))
    first = "On `grammar`, on sentences as long as those of training (at most 20 source tokens), **`"
    assert within.startswith(first)
    assert (
        "(mean of 3 seeds with its 95 % interval over seeds and sentences). It is distinguished from `none` (+"
        in within
    )
    assert "It is **not distinguished** from `" in within
    assert within.endswith("; this does not show that they are equal.")
    assert beyond.startswith("On `grammar`, on longer sentences than in training (more than 20 source tokens), **`")
    assert lengths == (
        "There, hypotheses ÷ references in length is 1.00 with `none`, 1.00 with `dot` and 1.00 with `general`; below "
        "1 the brevity penalty lowers BLEU."
    )


@pytest.mark.parametrize("seed_numbers", [(1,), (1, 2)])
def test_fewer_than_three_seeds_claim_nothing(make_run: Make, seed_numbers: tuple[int, ...]) -> None:
    (text, *_) = texts(shown(answer, scored(make_run, {"none": 0.2, "dot": 0.8}, seed_numbers)))
    assert text.endswith(
        "is not tested: they share fewer than three seeds, and what another seed would give is unknown."
    )


def test_equal_variants_are_said_to_be_equal_within_the_margin(make_run: Make) -> None:
    runs = [*seeds(make_run, "dot", [40.0, 40.01, 40.02]), *seeds(make_run, "none", [40.0, 40.02, 40.01])]
    (text,) = texts(shown(answer, runs, scope=Scope(margin=0.5)))
    assert "It is equal to `" in text
    assert text.endswith("within 0.5 BLEU.")


def test_a_variant_that_had_not_converged_is_never_best_without_that_word(make_run: Make) -> None:
    rising = {"valid/bleu": ((79, 11.0), (158, 13.0))}
    (text,) = texts(shown(answer, [make_run("dot", bleu=30.0, histories=rising), make_run("none", bleu=7.0)]))
    assert "**30.00** (one seed). It had not converged." in text


def test_nothing_learned_is_said_in_place_of_an_order(make_run: Make) -> None:
    (text,) = texts(shown(answer, [make_run("dot", bleu=0.4), make_run("none", bleu=0.2)]))
    assert text == (
        "On `grammar` **nothing was learned**: BLEU is below 1 everywhere, so there is nothing to compare. Train "
        "longer, or choose an easier task."
    )


def test_speed_of_training_runs_is_not_ranked_but_memory_is_told(make_run: Make) -> None:
    runs = [
        make_run(name, metrics={"test/bleu": 30.0, SPEED: speed, MEMORY: memory})
        for name, speed, memory in (("dot", 3000.0, 2.0**28), ("none", 6000.0, 2.0**27))
    ]
    _, price = texts(shown(answer, runs))
    assert price == "Memory in training peaks between 128.0 MiB (`none`) and 256.0 MiB (`dot`)."


def test_profiles_say_what_they_found_at_the_largest_size(make_run: Make) -> None:
    runs = [
        make_run(name, task="profile", sequence_length=length, metrics={SPEED: speed})
        for length, speeds in ((64, (3000.0, 6000.0)), (1024, (2000.0, 500.0)))
        for name, speed in zip(("dot", "bahdanau"), speeds, strict=True)
    ]
    (text, _) = texts(shown(answer, runs))
    assert text == "With limit 1024 tokens, `dot` trains 4.00 times as fast as `bahdanau`."


def test_settings_are_counted_in_which_the_best_is_distinguished(make_run: Make) -> None:
    runs = [
        *seeds(make_run, "dot", [30.0, 30.1, 30.2], hidden_size="64"),
        *seeds(make_run, "none", [20.0, 20.2, 20.1], hidden_size="64"),
        *seeds(make_run, "dot", [30.0, 20.0, 10.0], hidden_size="128"),
        *seeds(make_run, "none", [10.0, 30.0, 12.0], hidden_size="128"),
    ]
    _, counted = texts(shown(answer, runs))
    assert (
        counted
        == "Of the 2 settings that compare mechanisms in BLEU, the highest mean is distinguished from all others in 1."
    )


# Are the runs comparable?


RECORDED = {
    "facts": made.facts(),
    "commit": "c0ffee" * 6,
    "device": "Abacus",
    "threads": 3,
    "versions": {"keras": "3.1"},
}
"""What a run in a checkout records of its making."""


def test_nothing_to_warn_of_is_said(make_run: Make) -> None:
    assert texts(shown(caveats, [make_run(name, bleu=1.0, origin=RECORDED) for name in ("dot", "none")])) == [
        "Checked and equal in all compared runs: training pairs and target tokens, test set and its "
        "scoring, seeds, results version, data files, commit, device, threads and versions."
    ]


def test_convergence_is_said_to_be_checked_only_where_evaluations_are_at_hand(make_run: Make) -> None:
    settled = {"valid/bleu": ((79, 13.0), (158, 11.0))}
    runs = [make_run(name, bleu=1.0, origin=RECORDED, histories=settled) for name in ("dot", "none")]
    assert "scoring, seeds, convergence, results version" in texts(shown(caveats, runs))[0]
    bare = make_run("general", bleu=1.0, origin=RECORDED)
    assert "convergence" not in texts(shown(caveats, [*runs, bare]))[0]


def test_what_is_unknown_of_a_run_is_not_said_to_be_equal(make_run: Make) -> None:
    runs = [make_run("dot", bleu=1.0, origin=RECORDED), make_run("none", bleu=1.0, origin=RECORDED | {"commit": None})]
    assert texts(shown(caveats, runs)) == [
        "Checked and equal in all compared runs: training pairs and target tokens, test set and its "
        "scoring, seeds, results version, data files, device, threads and versions. "
        "**Unknown** of some runs, so not checked: commit."
    ]
    different = [runs[0], make_run("none", bleu=1.0, origin=RECORDED | {"commit": None, "versions": {"keras": "3.2"}})]
    assert shown(caveats, different) == [
        Notice(
            "Keep in mind",
            ("**Versions** differ between runs: keras.", "**Unknown** of some runs, so not checked: commit."),
        )
    ]


def test_runs_that_had_not_converged_are_warned_of(make_run: Make) -> None:
    rising = {"valid/bleu": ((79, 11.0), (158, 13.0))}
    runs = [
        make_run("dot", bleu=1.0, histories=rising, run_id="dot-s1", origin=RECORDED),
        make_run("none", bleu=1.0, origin=RECORDED),
    ]
    (notice,) = (block for block in shown(caveats, runs) if isinstance(block, Notice))
    assert notice.lines == (
        "**Not converged**: the last validation was the best one in dot-s1. Longer training may change the order. "
        "Train with more `training.epochs`.",
    )


def test_differing_training_pairs_are_warned_of(make_run: Make) -> None:
    runs = [
        make_run(sequence_length=limit, metrics={"data/train_pairs": pairs}, run_id=f"limit {limit}", origin=RECORDED)
        for limit, pairs in (("10", 5000.0), ("20", 10000.0))
    ]
    (notice,) = (block for block in shown(caveats, runs) if isinstance(block, Notice))
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
            "**Devices or threads** differ: Abacus with 3 threads and Slide rule with 3 threads. "
            "Speed and memory are not comparable between them.",
        ),
        ("versions", [{"keras": "3.1"}, {"keras": "3.2"}], "**Versions** differ between runs: keras."),
        (
            "facts",
            [made.facts(data={"train": "01"}), made.facts(data={"train": "23"})],
            # printf '{"train": "01"}' | sha256sum begins with 522d284d.
            "**Data files** differ between runs, by their sha256 digests: "
            "grammar is 522d284d in none-s1 and 98e22433 in dot-s1.",
        ),
        (
            "bleu_signature",
            ["tok:13a", "tok:none"],
            "**BLEU** of grammar was computed in different ways: signatures differ.",
        ),
    ],
)
def test_a_difference_in_origin_is_warned_of(make_run: Make, name: str, values: list[object], line: str) -> None:
    runs = [make_run(who, origin=RECORDED | {name: value}) for who, value in zip(("none", "dot"), values, strict=True)]
    assert shown(caveats, runs) == [Notice("Keep in mind", (line,))]


def timed(make_run: Make, **disturbances: float) -> list[Run]:
    """Profiles with the disturbance of training of each; that of decoding is 0."""
    return [
        make_run(
            name,
            task="profile",
            metrics={SPEED: speed, "speed/train_disturbance": part, "speed/decode_disturbance": 0.0},
            origin=RECORDED,
        )
        for speed, (name, part) in enumerate(disturbances.items(), start=1)
    ]


def test_timing_that_was_disturbed_is_warned_of_and_not_ranked(make_run: Make) -> None:
    runs = timed(make_run, none=0.051, dot=0.05)
    assert shown(caveats, runs) == [
        Notice(
            "Keep in mind",
            (
                "**Timing was disturbed** in none: other work on the machine held up more than 5 % of it. "
                "Such speeds are rough.",
            ),
        )
    ]
    assert "times as fast" not in " ".join(texts(shown(answer, runs)))


def test_timing_that_was_not_disturbed_is_said_to_be_checked(make_run: Make) -> None:
    (text,) = texts(shown(caveats, timed(make_run, none=0.05, dot=0.0)))
    assert text == (
        "Checked and equal in all compared runs: results version, data files, commit, device, threads, versions and "
        "undisturbed timing."
    )


# Comparison


def test_the_comparison_has_a_row_a_variant_and_the_columns_that_runs_fill(make_run: Make) -> None:
    runs = [*seeds(make_run, "dot", [40.0, 41.0, 42.0]), *seeds(make_run, "none", [7.0, 5.0])]
    found = table(shown(comparison, runs), "comparison")
    assert headers(found) == ["attention", "seeds", "BLEU"]
    assert [[(cell.text, cell.detail) for cell in row] for row in found.cells] == [
        [("none", ""), ("2", "both values"), ("5.00", "7.00")],
        [("dot", ""), ("3", "t interval"), ("41.00", "± 2.48")],
    ]
    assert column(found, "test/bleu") == [6.0, 41.0]
    assert column(found, "test/bleu_low") == pytest.approx([5.0, 41.0 - 4.30265 / np.sqrt(3)], abs=1e-4)


def test_beam_search_has_a_column_a_size(make_run: Make) -> None:
    metrics = {"test/bleu": 40.0, "test/bleu_beam_10": 42.0, "test/bleu_beam_1": 40.0}
    found = table(shown(comparison, [make_run(metrics=metrics)]), "comparison")
    assert headers(found)[2:] == ["BLEU", "BLEU, beam 1", "BLEU, beam 10"]


def test_a_variant_without_a_finished_run_is_shown(make_run: Make) -> None:
    runs = [make_run("dot", bleu=1.0), make_run("none", status=Status.FAILED, origin={"reason": "time limit"})]
    section = shown(comparison, runs)
    assert [cell.text for cell in table(section, "comparison").cells[0]] == ["none", "0 of 1", "–"]
    assert [cell.text for cell in table(section, "unfinished").cells[0]][1:] == ["none", "1", "FAILED", "time limit"]


# Differences


def test_every_difference_has_its_interval_its_parts_and_a_verdict(make_run: Make) -> None:
    runs = scored(make_run, {"none": 0.2, "dot": 0.8, "general": 0.8}, (1, 2, 3))
    section = shown(differences, runs)
    found = table(section, "differences-within")
    assert headers(found) == [
        "better mean", "other", "options that differ", "difference", "verdict", "p, Holm", "seeds alone",
        "sentences alone", "detectable", "p", "seeds",
    ]  # fmt: skip
    verdicts = [row[4].text for row in found.cells]
    assert verdicts == ["distinguished", "distinguished", "not distinguished"]
    (figure,) = figures(section)
    assert [panel.title for panel in figure.panels] == [
        "difference in BLEU within the limit",
        "difference in BLEU beyond the limit",
    ]


def test_what_can_be_found_is_said_in_bleu(make_run: Make) -> None:
    runs = [*seeds(make_run, "dot", [2.0, 4.0, 6.0]), *seeds(make_run, "none", [1.0, 2.0, 3.0])]
    # differences 1, 2, 3: standard error 1 / sqrt(3); t of 2 degrees of freedom 4.3027 and 1.0607
    found = (4.30265 + 1.06066) / math.sqrt(3)
    assert (
        f"**What 3 seeds can find** in BLEU, with 1 comparison: a difference of {found:.2f} is found with a "
        "probability of 80 %."
    ) in texts(shown(differences, runs))


def test_what_one_seed_cannot_show_is_said(make_run: Make) -> None:
    assert (
        "One seed shows how a difference varies with the test sentences at most: what another seed would give is "
        "unknown, so there is no p-value. Train with `seed=1,2,3` or more."
    ) in texts(shown(differences, [make_run("dot", bleu=3.0), make_run("none", bleu=1.0)]))


def test_a_difference_has_the_decimals_of_its_metric(make_run: Make) -> None:
    runs = [make_run(name, metrics={"test/exact_match": share}) for name, share in (("dot", 0.504), ("none", 0.5))]
    found = table(shown(differences, runs), "differences-further")
    (cells,) = found.cells
    assert cells[headers(found).index("difference")].text == "+0.004"


# What BLEU is made of


def test_precision_times_brevity_is_bleu(make_run: Make) -> None:
    # Of 10 reference tokens 5 are written, all n-grams right: precision 100, brevity penalty exp(1 - 10/5).
    rows = made.sentences([[7, 5, 4, 3, 2, 5, 4, 3, 2, 5, 10]] * 30)
    further = {"unfinished": [1] * 3 + [0] * 27, "repeated_4grams": [1] * 12 + [0] * 18}
    columns = rows | {name: np.array(values) for name, values in further.items()}
    runs = [make_run("dot", sentences=columns, metrics={"test/bleu": 36.79})]
    found = table(shown(parts, runs), "parts")
    assert column(found, "part") == ["whole test set"]
    assert column(found, "precision") == pytest.approx([100])
    assert column(found, "brevity") == pytest.approx([math.exp(-1)])
    assert column(found, "length_ratio") == [0.5]
    # 12 of 30 x 2 4-grams; columns that the sentences lack, those of exact matches, are no columns here
    assert [cell.text for cell in found.cells[0]][-2:] == ["3.0", "0.200"]
    assert column(table(shown(parts, runs), "parts-by-length"), "part") == ["1–10"]
