"""Rich sample views of every page: for the tests of the templates and for `scripts/preview_console.py`."""

from tests.unit.ui.samples.base import page
from tests.unit.ui.samples.catalogue import SAMPLES, Sample

__all__ = ["SAMPLES", "Sample", "page"]
