"""The course's progress bar."""

import os
from collections.abc import Iterable, Iterator


def progress(items: Iterable, label: str) -> Iterator:
    """Iterate with a bar that goes away at the end.

    No bar where ``TQDM_DISABLE`` is set, as in stored outputs: tqdm's notebook bar does not
    look at that variable by itself.

    Parameters
    ----------
    items : iterable
        With a length.
    label : str
    """
    from tqdm.auto import tqdm

    return tqdm(items, desc=label, leave=False, disable=bool(os.environ.get("TQDM_DISABLE")))
