"""Watch the recurrent modules inside a model: record what calls of them did, and trace it when asked."""
