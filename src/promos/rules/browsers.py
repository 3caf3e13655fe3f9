"""What a browser says it is, in two words by which its owner knows it again: `Firefox, Android`."""

_BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("FxiOS", "Firefox"), ("CriOS", "Chrome"))
_ENGINES = (("Chrome", "Chrome"), ("Safari", "Safari"))  # after the others, which say so, too
_SYSTEMS = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "Mac"))


def named(user_agent: str) -> str:
    """Empty for one that says nothing known."""
    browser = next((word for mark, word in (*_BROWSERS, *_ENGINES) if mark in user_agent), "")
    system = next((word for mark, word in (*_SYSTEMS, ("Linux", "Linux")) if mark in user_agent), "")
    return ", ".join(filter(None, (browser, system)))
