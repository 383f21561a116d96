"""The headers that protect the pages: nothing loads from another host, and nothing inline runs."""

# The hashes of two style attributes and one style element of Plotly.js, in that order. They belong to its version: a
# browser test fails when they no longer fit.
_PLOTLY_STYLES = (
    "'unsafe-hashes'",
    "'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU='",
    "'sha256-AR/cKIZjWPcPmBUPDA6oti9XBiTbJvz0Cro2J1VzzS8='",
    "'sha256-ji27qzEtxXZW+7dun6UwjHXJ18e6WAin1VvNtkzIE/o='",
)

_POLICY = {
    "default-src": ("'none'",),
    "script-src": ("'self'",),
    "style-src": ("'self'", *_PLOTLY_STYLES),
    "img-src": ("'self'", "data:", "blob:"),
    "connect-src": ("'self'",),
    "base-uri": ("'none'",),
    "form-action": ("'self'",),
    "frame-ancestors": ("'none'",),
}

HEADERS = {
    "Content-Security-Policy": "; ".join(" ".join((name, *sources)) for name, sources in _POLICY.items()),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
