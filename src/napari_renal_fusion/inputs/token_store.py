"""Token maps of a frozen encoder kept on disk during a training, so that every image is encoded once."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING

from ..compute.places import cache_dir
from ..errors import RenalFusionError
from ..notices import Notice
from .array_files import mapped_offset, read_array, tidy, write_array

if TYPE_CHECKING:
    import torch

    from ..networks import TimmEncoder
    from .pixels import Preprocessing

_WRITING = threading.Lock()
_LIMIT_BYTES = 20 * 2**30


class TokenStore:
    """Token maps [h, w, d], float32, by the ``input_sha256`` of a prepared picture.

    One folder an encoder: ``folder/<encoder_id>``. What is read is mapped from the file into memory, so that
    tokens of a whole cohort need not fit; an entry that is incomplete or damaged counts as absent. Where
    nothing can be written the tokens are kept in memory, and ``notices`` says so once.

    Parameters
    ----------
    folder
        The root; ``cache_dir()/"tokens"`` if None.
    encoder_id
        What :func:`encoder_id` gives: nothing encoded by other weights can be mistaken for this encoder's.
    """

    def __init__(self, folder: Path | None, encoder_id: str):
        self.folder = (Path(folder) if folder else cache_dir() / "tokens") / encoder_id[:32]
        self.encoder_id = encoder_id
        self.notices: list[Notice] = []
        self._held: dict[str, torch.Tensor] = {}

    def get(self, input_sha256: str) -> torch.Tensor | None:
        """The token map [h, w, d] of a picture; None if there is none yet. Changing it changes no file."""
        import torch

        if input_sha256 in self._held:
            return self._held[input_sha256]
        path = self._path(input_sha256)
        found = read_array(path)
        if found is None or found[1] != {"encoder": self.encoder_id, "picture": input_sha256}:
            return None
        array = found[0]
        start = mapped_offset(path)
        if start % array.itemsize:  # safetensors pads its header; older versions did not
            return torch.from_numpy(array.copy())
        size = start // array.itemsize + array.size
        mapped = torch.from_file(str(path), shared=False, size=size, dtype=torch.float32)
        return mapped[start // array.itemsize :].view(array.shape)

    def put(self, input_sha256: str, tokens: torch.Tensor) -> None:
        """Keep the token map [h, w, d] of a picture."""
        tokens = tokens.detach().float().cpu()
        if not self.notices:
            try:
                with _WRITING:
                    facts = {"encoder": self.encoder_id, "picture": input_sha256}
                    write_array(self._path(input_sha256), tokens.numpy(), facts)
                return
            except RenalFusionError as error:
                self.notices.append(
                    Notice(
                        code=error.code,
                        message=f"Encoded images cannot be kept in {self.folder}; they stay in memory "
                        f"({error.problem}). {error.remedy}",
                        path=self.folder,
                    )
                )
        self._held[input_sha256] = tokens.clone()

    def tidy(self) -> None:
        """Keep the tokens of all encoders below 20 GiB by removing the oldest; those of the last day stay."""
        tidy(self.folder.parent, _LIMIT_BYTES)

    def __contains__(self, input_sha256: str) -> bool:
        return self.get(input_sha256) is not None

    def _path(self, input_sha256: str) -> Path:
        return self.folder / input_sha256[:2] / f"{input_sha256}.safetensors"


def encoder_id(encoder: TimmEncoder, preprocessing: Preprocessing, how: str = "float32") -> str:
    """SHA-256 of all that decides the tokens of a picture: configuration, weights, normalisation, and ``how`` it is
    computed (precision, device, threads).
    """
    import torch

    digest = hashlib.sha256(encoder.config.model_dump_json().encode())
    digest.update(f"{preprocessing.mean}{preprocessing.std}{how}".encode())
    for name, tensor in sorted(encoder.state_dict().items()):
        tensor = tensor.detach().cpu().contiguous()
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
