"""The data sets, a file each; the table of loaders is in `attnbench.data.loading`."""
