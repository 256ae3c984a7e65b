"""`task=translate` and `task=align`: a finished run decodes text, or aligns pairs."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from attnbench import data
from attnbench.config import RunConfig
from attnbench.decoding import ForcedAligner, Searcher
from attnbench.results import RunFolder, read_json, write_atomically
from attnbench.scoring import alignment
from attnbench.training import checkpoint
from attnbench.worker.build import build_model, set_up

BATCH_SIZE = 64


def translate(folder: RunFolder, config: RunConfig, source: str, output: str) -> None:
    """Translates a UTF-8 text, one sentence a line, with the first search of the run's `evaluation.beam_sizes`.

    Raises:
        ValueError: the checkpoint is missing or damaged, or the text is not UTF-8.
    """
    model, (source_vocabulary, target_vocabulary) = _finished_model(folder, config)
    lines = [_prepared(line, config) for line in _read(source)]
    sentences = data.Sentences.of([source_vocabulary.encode(line) for line in lines])
    written = [""] * len(lines)
    rows = np.flatnonzero(sentences.lengths)
    if rows.size:
        searcher = Searcher(
            model, beams=config.evaluation.beam_sizes[0], length_penalty=config.evaluation.length_penalty
        )
        batches = data.source_batches(sentences.take(rows), batch_size=BATCH_SIZE)
        for row, ids in zip(rows, searcher.decode(batches, len(rows)).hypotheses, strict=True):
            written[row] = target_vocabulary.decode(ids.tolist())
    _write(output, written)


def align(folder: RunFolder, config: RunConfig, source: str, output: str) -> None:
    """Aligns pairs, `source TAB target` a line: each target word's source word, as `i-j` from 0.

    Raises:
        ValueError: a line has no tab, the run has no attention, or the checkpoint cannot be used.
    """
    model, vocabularies = _finished_model(folder, config)
    if model.attention is None:
        raise ValueError(
            f"attention={config.attention.name} has no weights to align with. Name a run with an attention mechanism."
        )
    aligner = ForcedAligner(model)
    written = []
    for number, line in enumerate(_read(source), start=1):
        sides = line.split("\t")
        if len(sides) != 2:
            raise ValueError(
                f"Line {number} of {source} has {len(sides) - 1} tabs, expected one: source TAB target. Mend the line."
            )
        ids = [v.encode(_prepared(side, config)) for v, side in zip(vocabularies, sides, strict=True)]
        links = _links(aligner, ids, vocabularies) if all(ids) else set()
        written.append(" ".join(f"{i}-{j}" for i, j in sorted(links, key=lambda link: (link[1], link[0]))))
    _write(output, written)


def _links(aligner: ForcedAligner, ids: Sequence[list[int]], vocabularies: Sequence[Any]) -> set[tuple[int, int]]:
    (weights,) = aligner.batch(*(np.array([[*side, data.END]], np.int32) for side in ids))
    return alignment.link_words(weights, *(v.words(side) for v, side in zip(vocabularies, ids, strict=True)))


def _finished_model(folder: RunFolder, config: RunConfig) -> tuple[Any, tuple[Any, Any]]:
    kept = read_json(folder.path / "vocabularies.json")
    if kept is None or not (folder.checkpoints / "best.npz").exists():
        raise ValueError(
            f"The run folder {folder.path.name} holds no checkpoint to decode with. Train the run again with rerun=all."
        )
    set_up(replace(config, device="auto"))
    source, target = (data.from_dict(kept[side]) for side in ("source", "target"))
    model = build_model(config, source_vocabulary=source.size, target_vocabulary=target.size)
    checkpoint.load(folder.checkpoints / "best.npz", {"model": model.trainable_variables})
    return model, (source, target)


def _prepared(line: str, config: RunConfig) -> str:
    return line.lower() if config.data.lowercase else line


def _read(source: str) -> Iterator[str]:
    content = sys.stdin.buffer.read() if source == "-" else Path(source).read_bytes()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{source} is not UTF-8 (byte {error.start}). Convert it to UTF-8.") from error
    lines = text.removesuffix("\n").split("\n") if text else []
    return iter([line.removesuffix("\r") for line in lines])


def _write(output: str, lines: Sequence[str]) -> None:
    text = "".join(f"{line}\n" for line in lines)
    if output == "-":
        sys.stdout.write(text)
    else:
        write_atomically(Path(output), text)
