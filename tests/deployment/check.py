"""The stack's life in ministack: made by one deployment, used, updated, refused, rolled back, deleted.

    check.py PYTHON SAM TARGET [BEFORE]

PYTHON has ministack, SAM is the command, TARGET has the functions' binaries and the command line. BEFORE is a source tree of an earlier version
with its own target/debug: then nothing is done but to make a stack of it and to update it to this one.
"""

import pathlib
import shutil
import sys
import time

import chapters
from engine import Engine
from lists import the_lists_are_current
from moved import moved
from operation import operate
from package import package
from stack import Stack, inventory
from terminal import asked
from visitor import Visitor


class Clock:
    """How long each part took."""

    def __init__(self):
        self.last = time.monotonic()

    def chapter(self, title: str):
        now = time.monotonic()
        print(f"     ({now - self.last:.1f} s)\n\n== {title}", flush=True)
        self.last = now


def life(engine, stack, packaged, latchkey, clock):
    """All chapters of a stack's life."""
    clock.chapter("What is left out")
    the_lists_are_current(engine, packaged)
    clock.chapter("An operator is asked")
    asked(latchkey, stack.folder)
    clock.chapter("Wrong parameters")
    chapters.refused_before_anything_is_made(engine, stack, packaged.template)
    clock.chapter("A first deployment fails")
    chapters.failed_at_first(engine, stack, packaged)
    empty = inventory(engine)
    clock.chapter("The first deployment")
    jane = Visitor(engine, chapters.made(engine, stack, packaged), "jane@example.com")
    clock.chapter("Somebody signs in")
    chapters.use(engine, stack, jane)
    clock.chapter("A browser opens the pages")
    chapters.browse(engine, jane)
    clock.chapter("The operator looks after it")
    operate(engine, stack, latchkey, jane)
    clock.chapter("One parameter changes")
    chapters.update(engine, stack, packaged, jane)
    clock.chapter("An update fails")
    chapters.rolled_back(engine, stack, packaged, jane)
    clock.chapter("Somebody leaves")
    chapters.leave(engine, stack, jane)
    clock.chapter("The stack goes")
    chapters.delete(engine, stack, empty)


def main():
    python, sam, target = (pathlib.Path(part).absolute() for part in sys.argv[1:4])
    clock = Clock()
    # The logs stay here, to look at when something does not hold.
    folder = pathlib.Path("target/ci/deployment").absolute()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    engine = Engine(python, folder)
    try:
        packaged = package(pathlib.Path(), target, folder / "package", engine.url)
        stack = Stack(engine, sam, folder)
        if len(sys.argv) > 4:
            clock.chapter("A stack of an earlier version is updated")
            chapters.leave(engine, stack, moved(engine, stack, packaged, pathlib.Path(sys.argv[4]), chapters.PARAMETERS))
        else:
            life(engine, stack, packaged, target / "latchkey", clock)
    finally:
        engine.keep_logs(folder / "functions.log")
        engine.stop()
    clock.chapter("All of it holds")


if __name__ == "__main__":
    main()
