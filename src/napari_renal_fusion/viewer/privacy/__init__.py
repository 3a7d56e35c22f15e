"""What is stored where, and the page on the intended use."""
