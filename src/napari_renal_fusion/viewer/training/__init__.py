"""The dock "Train a model": from a folder of patients to a bundle in use, beside the images.

Nothing heavy is imported here: ``prepare_child`` runs in a process without napari and without Qt.
"""
