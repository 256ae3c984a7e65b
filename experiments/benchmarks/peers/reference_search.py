"""Greedy and beam search with the PyTorch reference, in batches, up to EOS or the limit of each sentence."""

import torch

from attnbench.special_tokens import BOS, EOS, PAD
from experiments.benchmarks.peers.reference import Reference


class _Position:
    """The decoder's state in decoding, and one step of it."""

    def __init__(self, model: Reference, source: torch.Tensor, beams: int) -> None:
        memory, state = model.encode(source)
        self._model = model
        self._memory = None if memory is None else tuple(part.repeat_interleave(beams, 0) for part in memory)
        self.state = state.repeat_interleave(beams, 0)
        self.previous_readout = torch.zeros_like(self.state)

    def log_probabilities(self, tokens: torch.Tensor) -> torch.Tensor:
        """(rows,) tokens -> (rows, target vocabulary)."""
        model = self._model
        embedded = model.embed(model.target_embedding, tokens)
        if model.needs_step_loop:
            self.state, context, readout = model.position(embedded, self.state, self.previous_readout, self._memory)
            if readout is None:
                readout = model.read(self.state, context)
            else:
                self.previous_readout = readout
        else:
            hidden, last = model.decoder(embedded[:, None], self.state[None].contiguous())
            self.state = last[0]
            context = None if self._memory is None else model.attend(hidden, self._memory)
            readout = model.read(hidden, context)[:, 0]
        return torch.log_softmax(model.output(readout).float(), -1)

    def keep(self, rows: torch.Tensor) -> None:
        """Continues with the states at `rows`."""
        self.state, self.previous_readout = self.state[rows], self.previous_readout[rows]


@torch.inference_mode()
def greedy(model: Reference, source: torch.Tensor, limits: torch.Tensor) -> torch.Tensor:
    """The most probable token at each position: (batch, longest), PAD after EOS or a limit (batch,)."""
    position = _Position(model, source, 1)
    tokens = torch.full((len(source),), BOS, device=source.device)
    done = limits <= 0
    written: list[torch.Tensor] = []
    while not done.all():
        tokens = position.log_probabilities(tokens).argmax(-1).masked_fill(done, PAD)
        written.append(tokens)
        done = done | (tokens == EOS) | (limits <= len(written))
    return torch.stack(written, 1)


@torch.inference_mode()
def beam(model: Reference, source: torch.Tensor, limits: torch.Tensor, beams: int) -> torch.Tensor:
    """The most probable of `beams` hypotheses: (batch, longest), PAD after EOS or a limit (batch,).

    A hypothesis that has ended stays in the beam. Once the first one has ended the search is over: log probabilities of
    the others only fall.
    """
    batch = len(source)
    position = _Position(model, source, beams)
    tokens = torch.full((batch * beams,), BOS, device=source.device)
    scores = torch.full((batch, beams), -1e9, device=source.device)
    scores[:, 0] = 0
    ended = (limits <= 0)[:, None].expand(batch, beams)
    written = torch.zeros((batch, beams, 0), dtype=torch.long, device=source.device)
    first = torch.arange(batch, device=source.device)[:, None] * beams
    while not ended[:, 0].all():
        steps = position.log_probabilities(tokens)
        classes = steps.shape[-1]
        steps.masked_fill_(ended.flatten()[:, None], float("-inf"))
        steps[:, PAD].masked_fill_(ended.flatten(), 0.0)
        totals = (scores[:, :, None] + steps.view(batch, beams, classes)).flatten(1)
        scores, indices = totals.topk(beams)
        parents, chosen = indices // classes, indices % classes
        position.keep((first + parents).flatten())
        written = torch.cat((written.gather(1, parents[:, :, None].expand_as(written)), chosen[:, :, None]), -1)
        ended = ended.gather(1, parents) | (chosen == EOS) | (limits <= written.shape[-1])[:, None]
        tokens = chosen.flatten()
    return written[:, 0]
