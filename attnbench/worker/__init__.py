"""The child process: one run from its frozen configuration to its result. Free of MLflow and Hydra."""
