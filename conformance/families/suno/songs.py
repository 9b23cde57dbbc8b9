"""Songs of one task, held against each other."""

from __future__ import annotations

from collections.abc import Sequence

from conformance.engine.judge import expect
from conformance.engine.kit.courses import Format, Stage, Stages, ends_of, expect_alike
from conformance.families.suno.reading import songs_of


def expect_same_songs(how: Format, stages: Stages, names: Sequence[str]) -> None:
    """Break when a finished task tells of other songs than at its end."""
    first, *later = ends_of(how, stages)
    for stage in later:
        if how.word(stage.task) == how.word(first.task):
            expect_songs_of(first, stage, names)


def expect_songs_of(wanted: Stage, stage: Stage, names: Sequence[str]) -> None:
    """Break when two answers tell of different songs."""
    ours, theirs = songs_of(wanted), songs_of(stage)
    expect(len(theirs) == len(ours), f"{len(ours)} songs as before", len(theirs), f"{stage.at}/data", stage.exchange)
    for (_, one), (at, other) in zip(ours, theirs, strict=True):
        expect_alike(one.model_dump(), Stage(stage.exchange, other.model_dump(), at), names)
