"""Waiting for something to become true, with a limit and without guessing how long it takes."""

import time


class LabError(Exception):
    """The bed itself did not do what it should; says nothing about the product."""


def until(what, condition, timeout=10.0, pause=0.02):
    """Returns condition ()'s first true value; raises LabError naming `what` after the timeout."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise LabError(f"{what}: not within {timeout:g} s")
        time.sleep(pause)
