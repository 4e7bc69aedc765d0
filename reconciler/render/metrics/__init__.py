"""What drift runs measured, for Prometheus and for CloudWatch."""

from reconciler.render.metrics.emf import emf_lines
from reconciler.render.metrics.openmetrics import openmetrics_text

__all__ = ["emf_lines", "openmetrics_text"]
