"""Rankings on the wire: which parts of a model matter for an output."""
