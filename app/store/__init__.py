"""The models on disk: find, load, verify, save.

A model is a folder: ``model.safetensors`` (weights), ``config.json`` (a ``ModelConfig``), ``vocab.json`` (the tokens by
id; none of a model that reads numbers), ``statistics.json`` (a ``Statistics``), ``README.md`` (the model card, for
people), ``saturation.svg`` (the card's figure) and ``import.json`` (an ``ImportReport``: how a model was read from the
file of another framework, and what proves it). The last four are optional.
"""
