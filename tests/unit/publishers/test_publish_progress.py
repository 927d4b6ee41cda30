import io

from gitops_guard.publishers.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def run(stream: io.StringIO, steps: int, each: float) -> str:
    clock = Clock()
    progress = Progress(stream, steps, clock=clock)
    for _ in range(steps):
        clock.now += each
        progress.tick()
    drawn = stream.getvalue()
    progress.finish()
    return drawn


def test_nobody_looks() -> None:
    assert not run(io.StringIO(), 1000, 0.1)


def test_short_work_shows_nothing() -> None:
    assert not run(Terminal(), 1000, 0.0004)


def test_long_work_shows_how_far_it_is() -> None:
    drawn = run(Terminal(), 1000, 0.002)
    frames = drawn.split("\r\x1b[2K")[1:]
    assert 10 <= len(frames) <= 20
    assert frames[0].endswith(" of 1,000 files")
    numbers = [int(frame.split()[1].replace(",", "")) for frame in frames]
    assert numbers == sorted(numbers)


def test_the_bar_is_taken_away() -> None:
    terminal = Terminal()
    run(terminal, 1000, 0.002)
    assert terminal.getvalue().endswith("\r\x1b[2K")


def test_slow_steps_are_seen_from_the_first_look_on() -> None:
    assert run(Terminal(), 40, 1.0).count("files") >= 20


def test_no_total_is_no_error() -> None:
    assert run(Terminal(), 0, 1.0) == ""
