"""Read first: the reader's own section, the seal on the model's opinion, and the agreement page."""
