"""What a service needs besides its API: health, metrics, logging, middleware and warm-up."""
