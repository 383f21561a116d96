"""The models on disk: find, load, verify, save.

A model is a folder: ``model.safetensors`` (weights), ``config.json`` (a ``ModelConfig``), ``vocab.json`` (the tokens by
id), ``statistics.json`` (a ``Statistics``), ``README.md`` (the model card, for people) and ``saturation.svg`` (the
card's figure). The last three are optional. An imported model also has
``import.json`` (an ``ImportReport``): how it was read, and what proves it.
"""
