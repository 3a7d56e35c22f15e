"""The diagnoses that a reader finds by typing: the entities of the Mayo Clinic/Renal Pathology Society consensus.

The glomerular groups follow Sethi et al., "Mayo Clinic/Renal Pathology Society consensus report on pathologic
classification, diagnosis, and reporting of GN", J Am Soc Nephrol 27 (2016) 1278-1287; what a native biopsy may show
besides glomerulonephritis stands below them. Free text is accepted everywhere: this is a help, not a limit.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Entity:
    """One diagnosis: its full English name, what else finds it, its name in Chinese, and the group it belongs to."""

    name: str
    short: tuple[str, ...] = ()
    chinese: tuple[str, ...] = ()
    group: str = ""

    @property
    def words(self) -> tuple[str, ...]:
        """Everything that means exactly this entity."""
        return (self.name, *self.short, *self.chinese)


_IMMUNE = "Immune-complex glomerulonephritis"
_PAUCI = "Pauci-immune and anti-GBM glomerulonephritis"
_MONOCLONAL = "Monoclonal immunoglobulin"
_C3 = "C3 glomerulopathy"
_PODOCYTE = "Podocytopathy"
_DEPOSITS = "Metabolic, deposits"
_INHERITED = "Basement membrane, inherited"
_VESSELS = "Vessels"
_TUBULES = "Tubules and interstitium"
_OTHER = "Other"

ENTITIES: tuple[Entity, ...] = (
    Entity("IgA nephropathy", ("IgAN", "Berger disease"), ("IgA肾病", "IgA腎病"), _IMMUNE),
    Entity(
        "IgA vasculitis nephritis",
        ("IgAVN", "IgAV", "HSPN", "HSN", "Henoch-Schönlein purpura nephritis"),
        ("紫癜性肾炎", "过敏性紫癜性肾炎", "IgA血管炎肾炎"),
        _IMMUNE,
    ),
    Entity("Lupus nephritis", ("LN", "SLE nephritis"), ("狼疮性肾炎", "狼疮肾炎", "狼瘡性腎炎"), _IMMUNE),
    Entity(
        "Membranous nephropathy",
        ("MN", "MGN", "PMN", "membranous glomerulopathy", "membranous glomerulonephritis"),
        ("膜性肾病", "膜性腎病"),
        _IMMUNE,
    ),
    Entity(
        "Infection-related glomerulonephritis",
        ("IRGN", "PIGN", "PSGN", "APSGN", "post-infectious glomerulonephritis", "acute post-streptococcal glomerulonephritis"),
        ("感染相关性肾小球肾炎", "感染后肾小球肾炎", "急性链球菌感染后肾小球肾炎", "毛细血管内增生性肾小球肾炎"),
        _IMMUNE,
    ),
    Entity(
        "Hepatitis B virus-associated glomerulonephritis",
        ("HBV-GN", "HBVGN"),
        ("乙型肝炎病毒相关性肾炎", "乙肝相关性肾炎"),
        _IMMUNE,
    ),
    Entity(
        "Immune-complex membranoproliferative glomerulonephritis",
        ("IC-MPGN", "MPGN", "mesangiocapillary glomerulonephritis"),
        ("膜增生性肾小球肾炎", "免疫复合物介导的膜增生性肾小球肾炎"),
        _IMMUNE,
    ),
    Entity(
        "Cryoglobulinaemic glomerulonephritis",
        ("Cryo", "CryoGN", "cryoglobulinemic glomerulonephritis"),
        ("冷球蛋白血症性肾小球肾炎",),
        _IMMUNE,
    ),
    Entity("Fibrillary glomerulonephritis", ("FGN",), ("纤维样肾小球病", "纤维性肾小球肾炎"), _IMMUNE),
    Entity("C1q nephropathy", ("C1qN", "C1qNP"), ("C1q肾病",), _IMMUNE),
    Entity(
        "Mesangial proliferative glomerulonephritis",
        ("MsPGN", "non-IgA mesangial proliferative glomerulonephritis", "IgM nephropathy"),
        ("系膜增生性肾小球肾炎", "非IgA系膜增生性肾小球肾炎"),
        _IMMUNE,
    ),
    Entity(
        "ANCA-associated glomerulonephritis",
        ("AAGN", "ANCA", "ANCA-GN", "pauci-immune glomerulonephritis", "pauci-immune crescentic glomerulonephritis"),
        ("ANCA相关性肾小球肾炎", "ANCA相关性血管炎肾损害", "寡免疫复合物性肾小球肾炎"),
        _PAUCI,
    ),
    Entity(
        "Anti-GBM glomerulonephritis",
        ("Anti-GBM", "GBM", "Goodpasture disease", "anti-glomerular basement membrane glomerulonephritis"),
        ("抗GBM肾炎", "抗肾小球基底膜肾炎", "抗肾小球基底膜病"),
        _PAUCI,
    ),
    Entity(
        "Proliferative glomerulonephritis with monoclonal immunoglobulin deposits",
        ("PGNMID",),
        ("单克隆免疫球蛋白沉积性增生性肾小球肾炎",),
        _MONOCLONAL,
    ),
    Entity(
        "Monoclonal immunoglobulin deposition disease",
        ("MIDD", "LCDD", "HCDD", "light chain deposition disease", "heavy chain deposition disease"),
        ("单克隆免疫球蛋白沉积病", "轻链沉积病", "重链沉积病"),
        _MONOCLONAL,
    ),
    Entity("Immunotactoid glomerulopathy", ("ITG",), ("免疫触须样肾小球病",), _MONOCLONAL),
    Entity("AL amyloidosis", ("AL", "amyloid", "renal amyloidosis"), ("肾淀粉样变性", "淀粉样变", "轻链型淀粉样变性"), _MONOCLONAL),
    Entity(
        "Light chain cast nephropathy",
        ("LCCN", "myeloma cast nephropathy", "myeloma kidney"),
        ("管型肾病", "骨髓瘤管型肾病", "轻链管型肾病"),
        _MONOCLONAL,
    ),
    Entity("Light chain proximal tubulopathy", ("LCPT",), ("轻链近端肾小管病",), _MONOCLONAL),
    Entity("C3 glomerulonephritis", ("C3GN", "C3G", "C3 glomerulopathy"), ("C3肾小球肾炎", "C3肾小球病"), _C3),
    Entity("Dense deposit disease", ("DDD",), ("致密物沉积病",), _C3),
    Entity(
        "Minimal change disease",
        ("MCD", "MCN", "MCNS", "minimal change nephropathy"),
        ("微小病变", "微小病变性肾病", "微小病变性肾小球病"),
        _PODOCYTE,
    ),
    Entity(
        "Focal segmental glomerulosclerosis",
        ("FSGS",),
        ("局灶节段性肾小球硬化", "局灶节段性肾小球硬化症", "局灶性节段性肾小球硬化"),
        _PODOCYTE,
    ),
    Entity("Collapsing glomerulopathy", ("CG", "HIVAN"), ("塌陷性肾小球病",), _PODOCYTE),
    Entity(
        "Diabetic nephropathy",
        ("DN", "DKD", "DGS", "diabetic glomerulosclerosis", "diabetic kidney disease"),
        ("糖尿病肾病", "糖尿病肾小球硬化症"),
        _DEPOSITS,
    ),
    Entity("Amyloidosis of another type", ("AA amyloidosis", "ALECT2", "hereditary amyloidosis"), ("AA型淀粉样变性",), _DEPOSITS),
    Entity("Fabry disease", ("Fabry nephropathy",), ("法布里病", "Fabry病"), _DEPOSITS),
    Entity("Lipoprotein glomerulopathy", ("LPG",), ("脂蛋白肾小球病",), _DEPOSITS),
    Entity("Collagen type III glomerulopathy", ("collagenofibrotic glomerulopathy",), ("III型胶原肾小球病", "胶原III肾病"), _DEPOSITS),
    Entity("Idiopathic nodular glomerulosclerosis", ("ING", "smoking-associated nodular glomerulosclerosis"), ("特发性结节性肾小球硬化症",), _DEPOSITS),
    Entity("Alport syndrome", ("AS", "Alport nephropathy", "collagen type IV nephropathy"), ("奥尔波特综合征", "Alport综合征"), _INHERITED),
    Entity(
        "Thin basement membrane nephropathy",
        ("TBMN", "TBMD", "thin basement membrane disease"),
        ("薄基底膜肾病",),
        _INHERITED,
    ),
    Entity(
        "Thrombotic microangiopathy",
        ("TMA", "HUS", "aHUS", "TTP", "malignant hypertension"),
        ("血栓性微血管病", "溶血尿毒综合征"),
        _VESSELS,
    ),
    Entity(
        "Hypertensive nephrosclerosis",
        ("HN", "arterionephrosclerosis", "benign nephrosclerosis"),
        ("高血压肾损害", "高血压性肾硬化", "良性小动脉性肾硬化"),
        _VESSELS,
    ),
    Entity("Obesity-related glomerulopathy", ("ORG",), ("肥胖相关性肾小球病",), _VESSELS),
    Entity("Acute tubular injury", ("ATI", "ATN", "acute tubular necrosis"), ("急性肾小管损伤", "急性肾小管坏死"), _TUBULES),
    Entity(
        "Acute interstitial nephritis",
        ("AIN", "ATIN", "TIN", "acute tubulointerstitial nephritis"),
        ("急性间质性肾炎", "急性肾小管间质性肾炎"),
        _TUBULES,
    ),
    Entity("Chronic interstitial nephritis", ("CIN", "CTIN"), ("慢性间质性肾炎", "慢性肾小管间质性肾病"), _TUBULES),
    Entity("IgG4-related kidney disease", ("IgG4-RKD", "IgG4-TIN"), ("IgG4相关性肾病",), _TUBULES),
    Entity("Crystalline nephropathy", ("oxalate nephropathy", "urate nephropathy", "nephrocalcinosis"), ("结晶性肾病", "草酸盐肾病"), _TUBULES),
    Entity("Polyomavirus nephropathy", ("BKVN", "BK virus nephropathy"), ("BK病毒肾病",), _TUBULES),
    Entity("Kidney transplant rejection", ("ABMR", "AMR", "TCMR"), ("移植肾排斥反应",), _OTHER),
    Entity("Advanced sclerosis, cause not determined", ("ESKD", "end-stage kidney"), ("硬化性肾小球肾炎", "终末期肾"), _OTHER),
    Entity("No significant abnormality", ("NSA", "normal kidney"), ("大致正常", "轻微病变", "未见明显异常"), _OTHER),
)  # fmt: skip


def plain(text: str) -> str:
    """A text as it is compared: full width, case, hyphens and repeated spaces do not count."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("ö", "o")
    return " ".join(re.sub(r"[-_/,.'’()]+", " ", folded).split())


def entity_of(text: str) -> Entity | None:
    """The entity that a text names exactly: in full, by an abbreviation or in Chinese; None for anything else."""
    return _exact().get(plain(text))


def same_diagnosis(first: str, second: str) -> bool:
    """Whether two texts name the same disease; free text is the same only if it reads the same."""
    one, other = entity_of(first), entity_of(second)
    if one is not None or other is not None:
        return one is other
    return bool(plain(first)) and plain(first) == plain(second)


def full_name(text: str) -> str:
    """The full English name of what a text names; free text with its spaces put in order."""
    found = entity_of(text)
    return found.name if found else " ".join(text.split())


def find_entities(text: str, limit: int | None = None) -> tuple[Entity, ...]:
    """Entities that a text may mean, best first; all of them, in their order, for an empty text.

    An exact abbreviation comes first, then names that begin so, then other words that begin so, then parts of
    words; several typed words must all be found. Where nothing fits, a slip of the pen is forgiven.
    """
    wanted = plain(text)
    if not wanted:
        return ENTITIES[:limit]
    ranked = [(rank, place) for place, one in enumerate(ENTITIES) if (rank := _rank(wanted, one)) is not None]
    if not ranked:
        ranked = [
            (rank, place) for place, one in enumerate(ENTITIES) if (rank := _slip(wanted, one)) is not None
        ]
    return tuple(ENTITIES[place] for _, place in sorted(ranked))[:limit]


@cache
def _exact() -> dict[str, Entity]:
    return {plain(word): one for one in ENTITIES for word in one.words}


def _rank(wanted: str, entity: Entity) -> float | None:
    """How well a text fits, 0 the best; None if it does not."""
    name, others = plain(entity.name), [plain(one) for one in (*entity.short, *entity.chinese)]
    if wanted == name or wanted in others:
        return 0
    if name.startswith(wanted):
        return 1
    if any(one.startswith(wanted) for one in others):
        return 2
    parts = wanted.split()
    for rank, text in [(3, name), *((4, one) for one in others)]:
        words = text.split()
        if all(any(word.startswith(part) for word in words) for part in parts):
            return rank
    if len(wanted) >= 3 or not wanted.isascii():
        for rank, text in [(5, name), *((6, one) for one in others)]:
            if all(part in text for part in parts):
                return rank
    return None


def _slip(wanted: str, entity: Entity) -> float | None:
    """How near a mistyped text comes to the beginning of a name; None if it is not near."""
    from difflib import SequenceMatcher

    if len(wanted) < 4:
        return None
    best = max(SequenceMatcher(None, wanted, plain(word)[: len(wanted) + 1]).ratio() for word in entity.words)
    return 1 - best if best >= 0.75 else None
