"""Recurrent cells: one time step from a projected input and a state. Input kernels belong to whoever has the input."""

from typing import Any

from keras import ops

from attnbench import backend
from attnbench.attention.seeded import SeededLayer
from attnbench.tensors import Structure, Tensor


class Cell(SeededLayer):
    """Base class: a cell defines `step`, and weights beyond the recurrent kernel and one bias.

    Attributes:
        gates: the projected input has gates x `units` columns.
        states: tensors of the state, (batch, units) each; the first is h.
    """

    gates: int
    states: int

    def __init__(self, units: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.units = units

    def build(self) -> None:
        """Creates the recurrent kernel, and the bias that whoever projects the input adds to it."""
        columns = self.gates * self.units
        self.recurrent_kernel = self.add_weight((self.units, columns), "orthogonal", name="recurrent_kernel")
        self.bias = self.add_weight((columns,), "zeros", name="bias")
        self.built = True

    def step(self, projected: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """One time step: the sum of all input terms with `bias`, (batch, gates x units), and a state -> the new one."""
        raise NotImplementedError


class GRU(Cell):
    """Gated recurrent unit, with the reset gate applied after the recurrent product (`reset_after`).

    z, r = σ(x_z + h U_z), σ(x_r + h U_r);  h̃ = tanh(x_h + r ∘ (h U_h + b));  h' = z ∘ h + (1 - z) ∘ h̃
    (Cho et al. 2014, in the form that cuDNN computes). Columns of the projected input: update, reset, candidate.
    """

    gates = 3
    states = 1

    def build(self) -> None:
        """Creates the bias b of the candidate as well."""
        super().build()
        self.candidate_bias = self.add_weight((self.units,), "zeros", name="candidate_bias")

    def step(self, projected: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """See `Cell.step`; the state is h."""
        (hidden,) = state
        recurrent = backend.product(hidden, self.recurrent_kernel)
        return (_gru_gates(projected, recurrent, ops.cast(self.candidate_bias, hidden.dtype), hidden),)


@backend.fused
def _gru_gates(projected: Tensor, recurrent: Tensor, candidate_bias: Tensor, hidden: Tensor) -> Tensor:
    # Splits, not slices: their gradient is a concatenation, which XLA fuses far better than sums of padded parts.
    update_in, reset_in, candidate_in = ops.split(projected, 3, axis=-1)
    update_back, reset_back, candidate_back = ops.split(recurrent, 3, axis=-1)
    update, reset = ops.sigmoid(update_in + update_back), ops.sigmoid(reset_in + reset_back)
    candidate = backend.tanh(candidate_in + reset * (candidate_back + candidate_bias))
    return candidate + update * (hidden - candidate)


class LSTM(Cell):
    """Long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al. 2000), the forget gate's bias starting at 1.

    i, f, o = σ(...); g = tanh(...);  c' = f ∘ c + i ∘ g;  h' = o ∘ tanh(c')
    Columns of the projected input: input, forget and output gate, candidate.
    """

    gates = 4
    states = 2

    def step(self, projected: Tensor, state: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        """See `Cell.step`; the state is h and c."""
        hidden, memory = state
        return _lstm_gates(projected, backend.product(hidden, self.recurrent_kernel), memory)


@backend.fused
def _lstm_gates(projected: Tensor, recurrent: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
    input_gate, forget_gate, output_gate, candidate = ops.split(projected + recurrent, 4, axis=-1)
    memory = ops.sigmoid(forget_gate + 1) * memory + ops.sigmoid(input_gate) * backend.tanh(candidate)
    return ops.sigmoid(output_gate) * backend.tanh(memory), memory


CELLS: dict[str, type[Cell]] = {"gru": GRU, "lstm": LSTM}


def run_cell(
    cell: Cell, projected: Tensor, state: tuple[Tensor, ...], mask: Tensor | None = None
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Runs a cell along the leading axis, from the state before the first step.

    Input terms with bias (time, batch, gates x units) -> h of every step (time, batch, units), and the last state.
    Where `mask` (time, batch, 1) is False the state stays as it is.
    """

    def step(state: Structure, inputs: Structure, _: Structure) -> tuple[Structure, Tensor]:
        after = cell.step(inputs[0], state)
        if mask is not None:
            after = tuple(ops.where(inputs[1], new, old) for new, old in zip(after, state, strict=True))
        return after, after[0]

    sequences = (projected,) if mask is None else (projected, mask)
    state, outputs = backend.scan(step, state, sequences, variables=cell.variables, dtype=cell.compute_dtype)
    return outputs, state
