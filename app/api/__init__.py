"""The wire: schemas, encodings, problems and a file for each resource."""
