"""The dock that puts a messy folder in order: thumbnails in groups, doubtful ones first, keys to correct."""
