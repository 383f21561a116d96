"""The finding: one plain sentence or two about a text, chosen by a rule and true for any text."""
