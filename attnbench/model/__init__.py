"""The one recurrent sequence-to-sequence model that every mechanism is compared in."""

from attnbench.model.decoder import DecoderState
from attnbench.model.marks import BEGIN, END, PAD
from attnbench.model.seq2seq import Encoded, Seq2Seq

__all__ = ["BEGIN", "END", "PAD", "DecoderState", "Encoded", "Seq2Seq"]
