"""The immunofluorescence panel: all antibodies of a case side by side, graded by keys, under one display range."""
