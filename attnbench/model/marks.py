"""The ids of the marks, which every vocabulary shares."""

PAD, BEGIN, END = 0, 1, 2
