"""Documents generated from the code: schemas of facts, AsyncAPI, the catalogue of facts, canvases of services."""
