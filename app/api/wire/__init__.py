"""What all resources share on the wire: problems, negotiation, conditional requests, encodings, OpenAPI."""
