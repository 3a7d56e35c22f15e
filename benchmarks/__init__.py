"""Speed and memory, always as a ratio against a named alternative that runs side by side."""
