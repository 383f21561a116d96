"""What the page shows in the place of a picture that would take too many numbers: what fits, and a link to it."""

from markupsafe import Markup

from ..api.traces.plan import TracePlan
from ..api.wire.fitting import most_steps, passed
from ..figures.numbers import safe
from ..settings import PREFIX
from .look import Look


class TooLargeError(Exception):
    """The picture of a text would take more numbers than the server allows."""

    def __init__(self, plan: TracePlan, text: str) -> None:
        super().__init__(plan.model.id)
        self.plan, self.text = plan, text


def too_large(error: TooLargeError, look: Look) -> Markup:
    """Return how much of its text a picture fits, with a link to so much of a text of words."""
    plan, settings = error.plan, error.plan.settings
    steps = plan.stop - plan.start
    noun = plan.model.config.tokenizer or "step"
    much = passed(plan.demands(steps), settings)
    if much is None:
        raise ValueError("the picture is within the limits")
    fits = most_steps(steps, plan.demands, settings)
    counted = f"{fits:,} {noun}{'s fit' if fits != 1 else ' fits'}" if fits else f"not even one {noun} fits"
    limit = f"{PREFIX}{much.setting.upper()}"
    told = (
        f"The picture of all {steps:,} {noun}s of a model of this size takes {much.numbers:,} numbers, and this server "
        f"allows {much.limit(settings):,} ({limit}): {counted}."
    )
    if not fits:
        told += f" Choose a smaller model, or start the server with a higher {limit}."
    return Markup(f'<section class="too-large"><p>{safe(told)}</p>{_link(error, look, fits)}</section>')  # noqa: S704


def _link(error: TooLargeError, look: Look, fits: int) -> str:
    """Return a link to as much of the text as fits; "" for numbers, and where not even one step fits."""
    plan = error.plan
    if not fits or plan.model.tokenizer is None:
        return ""
    count = plan.start + fits
    text = error.text[: plan.tokens[count - 1].end]
    step = look.step if look.step is not None and look.step < count else None
    field = "other" if look.compare == "text" and error.text != look.text else "text"
    address = look.address(**{field: text, "step": step})
    noun = plan.model.tokenizer.kind
    what = f"the first {count:,} {noun}s" if count > 1 else f"the first {noun}"
    return f'<p><a href="{safe(address)}">Read only {what}</a></p>'
