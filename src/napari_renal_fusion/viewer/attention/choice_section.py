"""Which attention is shown: modality, layer, latent, head, with the legend of the map."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import QComboBox, QHBoxLayout, QSlider, QWidget

from ...explain.attention import SlideAttention, TokenAttention
from ...figures import value_text
from ..colour_legend import ColourLegend
from ..section import Section
from ..theme import RHYTHM, label
from .parts import AttentionPart, Choice


class ChoiceSection(Section):
    """Choosing asks the model's process; opacity only changes the drawing."""

    chosen = Signal(object)
    opacity_changed = Signal(float)

    def __init__(self) -> None:
        super().__init__("Attention")
        self.modalities, self.slides = _combo("Modality"), _combo("Slide of this modality")
        self.layers, self.latents, self.heads = (
            _combo(f"Mean over all {what}, or one of them") for what in ("layers", "latents", "heads")
        )
        self.opacity = QSlider(Qt.Orientation.Horizontal)
        self.opacity.setRange(5, 100)
        self.opacity.setToolTip("Opacity of the map")
        self.cell = label("", "secondary", wrap=False)
        self.legend = ColourLegend()
        self.said = label("", "secondary")
        self.head.addWidget(self.cell)
        first, second, third = QHBoxLayout(), QHBoxLayout(), QHBoxLayout()
        self.opacity_row = QWidget()
        self.opacity_row.setLayout(third)
        for row in (first, second, third):
            row.setSpacing(RHYTHM if row is not second else RHYTHM // 2)
            row.setContentsMargins(0, 0, 0, 0)
        first.addWidget(self.modalities, 2)
        first.addWidget(self.slides, 1)
        for combo in (self.layers, self.latents, self.heads):
            second.addWidget(combo, 6 if combo is self.latents else 5)
        third.addWidget(label("Opacity", "secondary", wrap=False))
        third.addWidget(self.opacity, 1)
        self.body.addLayout(first)
        self.body.addLayout(second)
        self.body.addWidget(self.opacity_row)
        self.body.addWidget(self.legend)
        self.body.addWidget(self.said)
        for combo in (self.modalities, self.slides, self.layers, self.latents, self.heads):
            combo.activated.connect(lambda _, combo=combo: self._activated(combo))
        self.opacity.valueChanged.connect(lambda value: self.opacity_changed.emit(value / 100))
        self._parts: tuple[AttentionPart, ...] = ()

    @property
    def part(self) -> AttentionPart | None:
        """The modality that is chosen."""
        index = self.modalities.currentIndex()
        return self._parts[index] if 0 <= index < len(self._parts) else None

    @property
    def choice(self) -> Choice | None:
        part = self.part
        if part is None:
            return None
        return Choice(
            part.name, max(0, self.slides.currentIndex()),
            self.layers.currentData(), self.latents.currentData(), self.heads.currentData(),
        )  # fmt: skip

    def show_parts(self, parts: Sequence[AttentionPart]) -> None:
        """List the modalities; the first that this patient has is chosen."""
        self._parts = tuple(parts)
        self.modalities.clear()
        for part in self._parts:
            what = "patches" if part.kind == "slide" else "features" if part.tokens > 1 else "token"
            count = f"{part.tokens:,} {what}" if part.tokens else "missing"
            self.modalities.addItem(f"{part.name} · {count}", part.name)
        there = [place for place, part in enumerate(self._parts) if not part.reason]
        self.modalities.setCurrentIndex(there[0] if there else 0)
        self._modality_changed()

    def show_slide(self, attention: SlideAttention, patch_text: str) -> None:
        """Legend and words for a map that is shown."""
        self._show_counts(attention)
        self.legend.show_range(attention.raw_range, contours=False, dark=False)
        self.legend.setToolTip(
            "Raw attention of a patch, never rescaled; one scale for all slides of this patient."
        )
        self._show_map_parts(True)
        self.cell.setText(f"patch {patch_text}")
        others = " of all its slides" if len(attention.slides) > 1 else ""
        self.said.setText(
            f"{_sentence(attention.label)}. Over all {attention.bag:,} patches{others} it adds up to 1; "
            f"evenly spread, each would have {value_text(attention.even)}."
        )

    def show_tokens(self, attention: TokenAttention) -> None:
        """Words for a ranking of features, or the reason why there is none."""
        self._show_map_parts(False)
        if attention.reason:
            self._show_counts(None)
            self.said.setText(attention.reason)
            return
        self._show_counts(attention)
        self.said.setText(
            f"{_sentence(attention.label)}. Over all {len(attention.ranked):,} features it adds up to 1; evenly "
            f"spread, each would have {value_text(attention.even)}, which the line marks."
        )

    def show_reason(self, sentence: str) -> None:
        """Why there is nothing to show for this choice."""
        self._show_map_parts(False)
        self.said.setText(sentence)

    def _show_map_parts(self, there: bool) -> None:
        self.legend.setVisible(there)
        self.opacity_row.setVisible(there)
        self.cell.setText("")

    def _show_counts(self, attention: SlideAttention | TokenAttention | None) -> None:
        """Fill layers, latents and heads; what was chosen stays chosen."""
        for combo, what in ((self.layers, "layer"), (self.latents, "latent"), (self.heads, "head")):
            count = 1 if attention is None else getattr(attention, f"{what}s")
            if combo.count() != count + 1:
                before = combo.currentData()
                combo.clear()
                combo.addItem(f"All {what}s", None)
                for index in range(count):
                    combo.addItem(f"{what[:1].upper()}{what[1:]} {index + 1}", index)
                combo.setCurrentIndex(0 if before is None or before >= count else before + 1)
            combo.setEnabled(count > 1)

    def _modality_changed(self) -> None:
        part = self.part
        self.slides.clear()
        if part is not None:
            self.slides.addItems([Path(path).name for path in part.slides])
        self.slides.setVisible(self.slides.count() > 1)
        for combo in (self.layers, self.latents, self.heads):
            combo.setCurrentIndex(0)

    def _activated(self, combo: QComboBox) -> None:
        if combo is self.modalities:
            self._modality_changed()
        if self.choice is not None:
            self.chosen.emit(self.choice)


def _combo(tip: str) -> QComboBox:
    made = QComboBox()
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(4)
    made.setToolTip(tip)
    return made


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
