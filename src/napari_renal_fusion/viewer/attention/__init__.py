"""The dock in which a person walks the attention: over the slide, down to the patches, along the genes.

Nothing heavy is imported here: ``attention.child`` runs in the model's process, without napari and without Qt.
"""
