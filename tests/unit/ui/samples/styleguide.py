"""The style guide."""

from headgate.console.present.styleguide import styleguide
from tests.unit.ui.samples.base import NOW

STYLEGUIDE = styleguide(NOW)
