"""From a trained model to hypotheses and alignments."""

from attnbench.decoding.alignment import ForcedAligner
from attnbench.decoding.beam import beam_search
from attnbench.decoding.greedy import greedy_search, length_limits
from attnbench.decoding.search import Decoded, Searcher

__all__ = ["Decoded", "ForcedAligner", "Searcher", "beam_search", "greedy_search", "length_limits"]
