"""Answers as files: report, prediction, overlays."""
