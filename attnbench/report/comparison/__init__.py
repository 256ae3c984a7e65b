"""What is compared: variants, pairs of them, estimates with their intervals, and choices made on validation."""
