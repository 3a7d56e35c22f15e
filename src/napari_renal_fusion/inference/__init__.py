"""From a case and a bundle to a prediction; importing this room does not import torch."""

from .engine import Engine, shared_engine
from .outcome import PLUMBING
from .predict import model_input, predict
from .prediction import Prediction, Provenance
from .self_test import noise_logits, run_self_test
from .session import Session
from .verify import VerifyRecord, verify

__all__ = [
    "PLUMBING",
    "Engine",
    "Prediction",
    "Provenance",
    "Session",
    "VerifyRecord",
    "model_input",
    "noise_logits",
    "predict",
    "run_self_test",
    "shared_engine",
    "verify",
]
