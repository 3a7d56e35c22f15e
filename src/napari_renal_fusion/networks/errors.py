"""What a network refuses, as ``ValueError``s that name the modality, the image or the key."""

from __future__ import annotations

from collections.abc import Iterable


class NetworkInputError(ValueError):
    """Tensors that do not fit the network: a shape, a mask or a modality is wrong."""


class NonFiniteFeatures(NetworkInputError):
    """Features of one image contain NaN or infinity.

    ``modality``, ``batch_index`` and ``instance_index`` (``None`` for a modality with one image)
    say which image it is.
    """

    def __init__(self, modality: str, batch_index: int, instance_index: int | None = None):
        self.modality = modality
        self.batch_index = batch_index
        self.instance_index = instance_index
        which = "the image" if instance_index is None else f"image {instance_index} of the bag"
        super().__init__(
            f"{modality}: {which} of patient {batch_index} in the batch (counted from 0) gives features "
            "that are NaN, infinite or too large; check that image file."
        )

    def __reduce__(self):
        return type(self), (self.modality, self.batch_index, self.instance_index)


class CheckpointMismatch(ValueError):
    """A checkpoint does not hold exactly the entries that the network needs.

    ``missing`` and ``unexpected`` are names as the checkpoint spells them; ``wrong_shape`` and ``unequal``
    (entries that differ although the network shares them) hold sentences. ``network`` is its name.
    """

    def __init__(
        self,
        missing: Iterable[str] = (),
        unexpected: Iterable[str] = (),
        wrong_shape: Iterable[str] = (),
        unequal: Iterable[str] = (),
        network: str = "CMUS-Net",
    ):
        self.missing = sorted(missing)
        self.unexpected = sorted(unexpected)
        self.wrong_shape = sorted(wrong_shape)
        self.unequal = sorted(unequal)
        self.network = network
        parts = [
            f"{label}: {_shortened(names)}"
            for label, names in (
                ("missing", self.missing),
                ("not known", self.unexpected),
                ("of another shape", self.wrong_shape),
                ("that must be equal", self.unequal),
            )
            if names
        ]
        super().__init__(f"This is not a published {network} checkpoint. Entries {'; '.join(parts)}.")

    def __reduce__(self):
        return type(self), (self.missing, self.unexpected, self.wrong_shape, self.unequal, self.network)


def _shortened(names: list[str], most: int = 5) -> str:
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
