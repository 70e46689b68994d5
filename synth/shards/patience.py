"""Storage that fails for a while: which errors pass, and how long to wait for that."""

from __future__ import annotations

import errno
import random
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")

_FIRST_WAIT, _LONGEST_WAIT = 0.5, 30.0  # seconds
_PASSING = {
    errno.EIO, errno.EAGAIN, errno.EBUSY, errno.ESTALE, errno.ETIMEDOUT, errno.ECONNREFUSED, errno.ECONNRESET,
    errno.ECONNABORTED, errno.EPIPE, errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EREMOTEIO,
    errno.ENOTCONN,
}  # fmt: skip
# Clients of object stores have errors of their own for a server that does not answer, or has too much to do.
_PASSING_CLASSES = {
    "botocore.exceptions.ConnectionError",
    "botocore.exceptions.HTTPClientError",
    "aiohttp.client_exceptions.ClientError",
    "requests.exceptions.ConnectionError",
    "requests.exceptions.Timeout",
    "gcsfs.retry.HttpError",
}


def passes(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, is of a kind that goes away by itself."""
    while error is not None:
        if isinstance(error, ConnectionError | TimeoutError):
            return True
        if isinstance(error, OSError) and error.errno in _PASSING:
            return True
        if _PASSING_CLASSES & {f"{c.__module__}.{c.__qualname__}" for c in type(error).__mro__}:
            return True
        error = error.__cause__
    return False


def patiently(
    seconds: float, action: Callable[Arguments, Result], *args: Arguments.args, **kwargs: Arguments.kwargs
) -> Result:
    """``action(...)``, tried again while it fails in ways that pass, for up to ``seconds``.

    It must not matter how often, and how far, the action is done. Waits grow, and differ between workers.
    """
    end, wait = time.monotonic() + seconds, _FIRST_WAIT
    while True:
        try:
            return action(*args, **kwargs)
        except Exception as error:
            if not passes(error) or time.monotonic() + wait > end:
                raise
        time.sleep(wait * random.uniform(0.5, 1.0))
        wait = min(2 * wait, _LONGEST_WAIT)
