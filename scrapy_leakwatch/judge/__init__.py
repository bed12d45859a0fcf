"""Pure: the history of the samples in, verdicts out."""
