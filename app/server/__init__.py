"""What a service needs next to its API: health, metrics, logging, a folder of models that is watched, warm-up."""
