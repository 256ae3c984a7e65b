"""attnbench: which attention should a recurrent sequence-to-sequence model use, and what does it cost?"""

__version__ = "0.1.0"
