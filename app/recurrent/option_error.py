"""An option that does not fit, with its name."""


class OptionError(ValueError):
    """An option that does not fit the network or the sequence; the message names it and says what would be right."""

    def __init__(self, option: str, reason: str) -> None:
        super().__init__(f"{option}: {reason}")
        self.option, self.reason = option, reason
