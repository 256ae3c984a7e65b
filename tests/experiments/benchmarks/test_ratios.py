"""The figure of the speed-ups that the benchmarks wrote."""

from pathlib import Path

from experiments.benchmarks import ratios, rows

FORMATS = dict.fromkeys(("work", "variant", "precision", "threads", "speed_up", "speed_up_low", "speed_up_high"), "")


def test_the_figure_has_a_line_for_each_row_of_the_files_that_benchmarks_write(tmp_path: Path) -> None:
    numbers = {"speed_up": 1.25, "speed_up_low": 1.0, "speed_up_high": 1.5}
    inference: rows.Row = {"work": "test_beam", "variant": "dot", "precision": "float32", "threads": 1, **numbers}
    training: rows.Row = {"variant": "bahdanau+feeding", "precision": "mixed_bfloat16", "threads": 2, **numbers}
    files = [tmp_path / "decoding_compared_with_PyTorch.csv", tmp_path / "training.csv"]
    for file, row in zip(files, (inference, training), strict=True):
        rows.report([row], FORMATS, file)

    ratios.main([*map(str, files), "--output", str(tmp_path / "ratios")])

    drawn = (tmp_path / "ratios.svg").read_text(encoding="utf-8")
    for text in (
        "decoding compared with PyTorch",
        "test beam, dot, float32, 1 thread",
        "training",
        "bahdanau+feeding, mixed bfloat16, 2 threads",
        "speed-up, above 1 where attnbench is faster",
    ):
        assert f">{text}</text>" in drawn
