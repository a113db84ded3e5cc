"""The Surface Defect Detector's site: pages over the REST service, without a model, image code or state of its own."""
