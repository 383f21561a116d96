"""What an address of the page says of the first picture: fields after the ``?``, or the same as JSON."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ..api.wire.edits import plain_data
from ..api.wire.schemas import WellFormedText
from ..api.wire.values import MOST_CHARACTERS
from ..recurrent.edits.edit import Edit, EditError
from ..recurrent.edits.short_form import from_listed_form
from ..store.model import Model

LONGEST_QUERY = 4_000  # characters: servers bound the length of an address

Place = Annotated[int, Field(ge=0, le=999_999)]
Example = Annotated[int, Field(ge=1, le=999_999)] | Literal["none"] | None


def _is_short_form(text: str) -> str:
    try:
        plain_data([each.to_dict() for each in from_listed_form(text)])
    except EditError as error:
        raise ValueError(error.what) from None
    return text


class Look(BaseModel):
    """What the first picture shows. What is left out is chosen by the server."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    model: WellFormedText = ""
    text: WellFormedText | None = None
    example: Example = None  # which one the text is, from 1; "none": the address does not hold it
    compare: WellFormedText = ""
    other: WellFormedText = ""  # the text to compare with
    edits: Annotated[str, AfterValidator(_is_short_form)] = ""  # in their short form; ! before those that are off
    layer: Place | None = None  # place in the layers of a trace
    step: Place | None = None
    unit: Place | None = None
    start: Place = 0  # first step shown of a long text
    present: Literal["", "1"] | None = None  # None: the page is not presented
    chapter: Place | None = None  # of the story, from 1
    width: Annotated[int, Field(ge=200, le=4000)] | None = None  # pixels
    height: Annotated[int, Field(ge=300, le=1600)] | None = None  # of the picture, in pixels

    @classmethod
    def of(cls, query: Mapping[str, str]) -> tuple[Self, list[str]]:
        """Return what ``query`` says, and its fields that make no sense, which are ignored, as they stand there."""
        given = {name: query[name] for name in cls.model_fields if name in query}
        wrong: list[str] = []
        try:
            look = cls.model_validate(given)
        except ValidationError as error:
            wrong = list(dict.fromkeys(str(each["loc"][0]) for each in error.errors()))
            look = cls.model_validate({name: value for name, value in given.items() if name not in wrong})
        return look, [f"{name}={given[name]}" for name in wrong]

    @property
    def shown_layer(self) -> int | None:
        """The place of the layer that is asked for; None: the one that the head reads.

        An address that names a unit and no layer means the first one, as it did before there was a first screen.
        """
        return 0 if self.layer is None and self.unit is not None else self.layer

    @property
    def applied(self) -> tuple[Edit, ...]:
        """The edits that are on."""
        return from_listed_form(self.edits)

    def address(self, **changes: int | str | None) -> str:
        """Return the address of this look, or of one with ``changes``, from the ``?`` on."""
        fields = self.model_dump(exclude={"width", "height"}) | changes
        if fields["example"] is not None:
            del fields["text"]
        return "?" + urlencode(
            {name: value for name, value in fields.items() if value not in (None, "") and (name, value) != ("start", 0)}
        )


def example_of(model: Model, text: str) -> Example:
    """Return what an address says in the place of CSV that is too long for it: which example it is, from 1, or "none".

    Of what an address holds, this is None. ``exampleOf`` in ``static/js/state.js`` does the same on the page.
    """
    if model.tokenizer is not None or len(text) <= MOST_CHARACTERS:
        return None
    examples = model.config.examples
    return examples.index(text) + 1 if text in examples else "none"
