"""What people make of cases: own impressions, sealed answers, decisions, final diagnoses, and the log of it all."""

from .agreement import Agreement, ReadCase, agreement
from .case_version import case_version
from .entities import ENTITIES, Entity, entity_of, find_entities, full_name, same_diagnosis
from .labels import labelled, write_labels
from .log import CaseLog
from .nameless import without_names
from .reading import (
    AFTER_MODEL,
    BEFORE_MODEL,
    CONFIDENCES,
    DECISIONS,
    Confidence,
    Decision,
    Reading,
    log_decision,
    log_final,
    log_impression,
    log_reveal,
    reading_of,
)
from .state import CaseState, case_state
from .statistics import Kappa, Share, cohen_kappa
from .stored import (
    StoredAnswer,
    has_official,
    read_stored,
    read_what_if,
    store_answer,
    what_if_numbers,
    write_stored,
)

__all__ = [
    "AFTER_MODEL",
    "BEFORE_MODEL",
    "CONFIDENCES",
    "DECISIONS",
    "ENTITIES",
    "Agreement",
    "CaseLog",
    "CaseState",
    "Confidence",
    "Decision",
    "Entity",
    "Kappa",
    "ReadCase",
    "Reading",
    "Share",
    "StoredAnswer",
    "agreement",
    "case_state",
    "case_version",
    "cohen_kappa",
    "entity_of",
    "find_entities",
    "full_name",
    "has_official",
    "labelled",
    "log_decision",
    "log_final",
    "log_impression",
    "log_reveal",
    "read_stored",
    "read_what_if",
    "reading_of",
    "same_diagnosis",
    "store_answer",
    "what_if_numbers",
    "without_names",
    "write_labels",
    "write_stored",
]
