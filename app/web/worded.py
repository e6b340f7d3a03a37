"""A shop's own words as pages show them: marks read, pictures with address and size."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from app.delivery.queries import Line, Said, unmarked
from app.kit import pictures
from app.web.shown import StepShown

AddressOf = Callable[[UUID], str]


@dataclass(frozen=True)
class PictureShown:
    """A picture at its address, with the size that is kept for it."""

    url: str
    width: int
    height: int


@dataclass(frozen=True)
class WordedStep:
    """A step of how to use something."""

    lines: tuple[Line, ...]
    picture: PictureShown | None = None


@dataclass(frozen=True)
class Worded:
    """What stands beside the codes of one product."""

    product: str
    title: str = ""
    tips: tuple[Line, ...] = ()
    steps: tuple[WordedStep, ...] = ()
    button: str = ""
    button_url: str = ""
    invite: tuple[Line, ...] = ()
    footer: tuple[Line, ...] = ()
    logo: PictureShown | None = None
    invite_picture: PictureShown | None = None

    @property
    def is_blank(self) -> bool:
        """Tell whether there is nothing to read and nothing to look at."""
        said = (self.title, self.tips, self.steps, self.button, self.invite, self.footer)
        return not any((*said, self.logo, self.invite_picture))


def worded(said: Sequence[Said], guides: Sequence[Sequence[StepShown]], address: AddressOf) -> list[Worded]:
    """Return what is said, each beside the guide of its product, which is shown where no steps are said."""
    sizes = pictures.sizes({picture for one in said for picture in one.pictures})
    return [_worded(one, guide, sizes, address) for one, guide in zip(said, guides, strict=True)]


def _worded(
    said: Said, guide: Sequence[StepShown], sizes: Mapping[UUID, tuple[int, int]], address: AddressOf
) -> Worded:
    def shown(number: UUID | None) -> PictureShown | None:
        return PictureShown(address(number), *sizes[number]) if number in sizes and number else None

    own = tuple(WordedStep(step.lines, shown(step.picture_id)) for step in said.steps)
    return Worded(
        said.product,
        said.title,
        said.tips,
        own or guided(guide, address),
        said.button,
        said.button_url,
        said.invite,
        said.footer,
        shown(said.logo_id),
        shown(said.invite_picture_id),
    )


def guided(guide: Collection[StepShown], address: AddressOf) -> tuple[WordedStep, ...]:
    """Return the steps of a product's guide, as words of the shop are shown."""
    return tuple(
        WordedStep(
            unmarked(step.text),
            PictureShown(address(step.picture), step.width, step.height) if step.picture else None,
        )
        for step in guide
    )
