"""Which options of the benchmark that compares with PyTorch can be combined."""

import pytest

from experiments.benchmarks.peers.__main__ import main


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["training"], "--runs is for test_greedy and test_beam. Leave it out for training."),
        (["greedy", "beam"], "--runs is for test_greedy and test_beam. Leave it out for greedy and beam."),
        (
            ["test_beam", "--variants", "dot"],
            "--variants and --runs cannot be combined: a run has its own variant. Leave out one of them.",
        ),
        (["test_beam", "beam"], "test_greedy and test_beam cannot be combined with other work, and need --runs."),
    ],
)
def test_options_that_would_be_ignored_with_runs_are_refused(
    arguments: list[str], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as exited:
        main([*arguments, "--root", "DIR", "--runs", "RUN"])
    assert exited.value.code == 2
    assert capsys.readouterr().err.endswith(f"python -m experiments.benchmarks.peers: error: {problem}\n")
