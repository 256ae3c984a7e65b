"""What a report claims: its answer, its warnings, its comparison and its pairwise differences."""

import numpy as np
import pytest

from attnbench.records import Status
from attnbench.report.render.elements import Notice
from attnbench.report.sections import (
    answer,
    caveats,
    comparison,
    significance,
)
from tests import made
from tests.report.reading import MEMORY, SPEED, Make, column, headers, seeds, shown, table, texts
from tests.report.synthetic import drawn_sentences, quality

# The answer


def test_the_answer_names_the_best_with_its_interval_and_what_is_established(make_run: Make) -> None:
    runs = []
    for name, share in (("none", 0.2), ("dot", 0.8), ("general", 0.8)):
        for seed in (1, 2, 3):
            rows = drawn_sentences(share + 0.001 * seed, seed=seed + 10 * (name == "general"))
            runs.append(make_run(name, seed=seed, sentences=rows, metrics=quality(rows, 20)))
    (text, *_) = texts(shown(answer, runs))
    first = table(shown(significance, runs), "differences").cells
    assert text.startswith("On `grammar`, **`")
    assert "(mean of 3 seeds with its 95 % t interval)" in text
    assert "Its lead over `none` (+" in text
    assert "is more than the choice of test sentences and the choice of seeds explain." in text
    assert (
        "is **not established**: other test sentences could reverse the ranking. "
        "This does not show that they are equal." in text
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
        "On test sentences beyond the training limit, BLEU drops from 90.0 (at most 20 source tokens) to 50.0 "
        "(more than 20) with `dot` and from 40.0 to 7.0 with `none`."
    )
    assert price == (
        "Training is fastest with `none`, 6,000 target tokens/s, 2.00 times as fast as with `dot`, the slowest. "
        "Memory in training peaks between 128.0 MiB (`none`) and 256.0 MiB (`dot`)."
    )


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
        "Checked and equal in all compared runs: training pairs, test set and its scoring, seeds, results version, "
        "data files, commit, device, threads and versions."
    ]


def test_what_is_unknown_of_a_run_is_not_said_to_be_equal(make_run: Make) -> None:
    runs = [make_run("dot", bleu=1.0, origin=RECORDED), make_run("none", bleu=1.0, origin=RECORDED | {"commit": None})]
    assert texts(shown(caveats, runs)) == [
        "Checked and equal in all compared runs: training pairs, test set and its scoring, seeds, results version, "
        "data files, device, threads and versions. **Unknown** of some runs, so not checked: commit."
    ]
    different = [runs[0], make_run("none", bleu=1.0, origin=RECORDED | {"commit": None, "versions": {"keras": "3.2"}})]
    assert shown(caveats, different) == [
        Notice(
            "Keep in mind",
            ("**Versions** differ between runs: keras.", "**Unknown** of some runs, so not checked: commit."),
        )
    ]


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


# Pairwise differences


def test_what_three_seeds_cannot_show_is_said_in_numbers(make_run: Make) -> None:
    runs = [run for name in ("dot", "none", "general") for run in seeds(make_run, name, [len(name) + 0.0, 2.0, 7.0])]
    limits = texts(shown(significance, runs))[3]
    # Holm over 3: t of 2 degrees of freedom at 0.05 / 6, over the root of 3 seeds
    assert limits == (
        "**What 3 seeds cannot show**: with 3 comparisons, the smallest p of test B stays below 0.05 after Holm only "
        "if |t| > 7.6, that is, if the mean difference exceeds 4.4 times the standard deviation of the differences "
        "between seeds; the sign-flip test could not go below p = 0.25 and is omitted. "
        "A difference that is not established is not shown to be zero."
    )


def test_what_one_seed_cannot_show_is_said(make_run: Make) -> None:
    limits = texts(shown(significance, [make_run("dot", bleu=3.0), make_run("none", bleu=1.0)]))[3]
    assert limits == (
        "**What one seed cannot show** (1 pair): how much a result would change with another seed. Test B has no value "
        "there, so the difference cannot be in bold; it may be chance. Train with `seed=1,2,3`."
    )
