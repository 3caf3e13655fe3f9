"""When an answer leaves, where the time it took would tell what it does not say."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

PACE = 0.3  # seconds: twice what any of it takes on a machine that has far too much to do


@asynccontextmanager
async def paced(is_needed: bool = True) -> AsyncIterator[None]:
    """Whether there was a mail to write shows by no clock: what is in this block ends at the next full `PACE`."""
    begun = time.perf_counter()
    try:
        yield
    finally:
        if is_needed:
            await asyncio.sleep(PACE - (time.perf_counter() - begun) % PACE)
