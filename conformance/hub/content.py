"""What requests carry beside words: base64, and data URLs in the place of web addresses."""

import base64
import binascii

from conformance.hub.errors import invalid


def decoded(data: str, place: str) -> bytes:
    """The bytes behind base64; 400 for anything else, naming `place`."""
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        raise invalid("This is not base64.", place) from None


def size_behind(url: str, place: str) -> int:
    """The number of bytes in a data URL; 0 for a web address, which is never fetched. 400 for anything else."""
    if url.startswith("data:"):
        head, comma, data = url.partition(",")
        if not comma or not head.endswith(";base64"):
            raise invalid("A data URL must hold base64.", place)
        return len(decoded(data, place))
    if not url.startswith(("https://", "http://")):
        raise invalid("This is neither a web address nor a data URL.", place)
    return 0
