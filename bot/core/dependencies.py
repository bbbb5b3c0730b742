"""What candidates need of each other."""

from collections.abc import Sequence

from bot.core.candidate import Candidate


def circle(candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """The first circle of needs: each name needs the next, the last is the first again; () for none."""
    needs = {one.id: (*one.depends_on, *one.after) for one in candidates}
    done: set[str] = set()
    for start in needs:
        trail: list[str] = []
        ahead: list[tuple[str, bool]] = [(start, False)]
        while ahead:
            name, left = ahead.pop()
            if left:
                done.add(trail.pop())
            elif name in trail:
                return (*trail[trail.index(name) :], name)
            elif name not in done and name in needs:
                trail.append(name)
                ahead.append((name, True))
                ahead += [(need, False) for need in reversed(needs[name])]
    return ()
