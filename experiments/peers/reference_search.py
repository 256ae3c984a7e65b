"""Greedy and beam search with the PyTorch reference, batched, a fixed number of target positions each."""

import torch

from experiments.peers.reference import Reference

_BEGIN = 1


class _Position:
    """The decoder's state in decoding, and one step of it."""

    def __init__(self, model: Reference, source: torch.Tensor, beams: int) -> None:
        memory, state = model.encode(source)
        self._model = model
        self._memory = None if memory is None else tuple(part.repeat_interleave(beams, 0) for part in memory)
        self.state = state.repeat_interleave(beams, 0)
        self.fed = torch.zeros_like(self.state)

    def log_probabilities(self, tokens: torch.Tensor) -> torch.Tensor:
        """(rows,) tokens -> (rows, target vocabulary)."""
        model = self._model
        embedded = model.embed(model.target_embedding, tokens)
        if model.stepped:
            self.state, context, fed = model.position(embedded, self.state, self.fed, self._memory)
            self.fed = self.fed if fed is None else fed
            readout = model.read(self.state, context) if fed is None else fed
        else:
            hidden, last = model.decoder(embedded[:, None], self.state[None].contiguous())
            self.state = last[0]
            context = None if self._memory is None else model.attend(hidden, self._memory)
            readout = model.read(hidden, context)[:, 0]
        return torch.log_softmax(model.output(readout).float(), -1)

    def keep(self, rows: torch.Tensor) -> None:
        """Goes on from the states at `rows`."""
        self.state, self.fed = self.state[rows], self.fed[rows]


@torch.inference_mode()
def greedy(model: Reference, source: torch.Tensor, length: int) -> torch.Tensor:
    """The most probable token at each of `length` positions: (batch, length)."""
    position = _Position(model, source, 1)
    tokens = torch.full((len(source),), _BEGIN)
    written = []
    for _ in range(length):
        tokens = position.log_probabilities(tokens).argmax(-1)
        written.append(tokens)
    return torch.stack(written, 1)


@torch.inference_mode()
def beam(model: Reference, source: torch.Tensor, length: int, beams: int) -> torch.Tensor:
    """The best of `beams` hypotheses of `length` tokens each: (batch, length)."""
    batch = len(source)
    position = _Position(model, source, beams)
    tokens = torch.full((batch * beams,), _BEGIN)
    scores = torch.full((batch, beams), -1e9)
    scores[:, 0] = 0
    written = torch.zeros((batch, beams, 0), dtype=torch.long)
    first = torch.arange(batch)[:, None] * beams
    for _ in range(length):
        steps = position.log_probabilities(tokens)
        classes = steps.shape[-1]
        totals = (scores[:, :, None] + steps.view(batch, beams, classes)).flatten(1)
        scores, places = totals.topk(beams)
        parents, chosen = places // classes, places % classes
        position.keep((first + parents).flatten())
        written = torch.cat((written.gather(1, parents[:, :, None].expand_as(written)), chosen[:, :, None]), -1)
        tokens = chosen.flatten()
    return written[:, 0]
