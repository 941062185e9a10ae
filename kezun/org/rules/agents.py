"""What a browser calls itself, as people know it."""

from __future__ import annotations

# The first that is found counts: nearly every browser also calls itself Chrome and Safari.
BROWSERS = {
    "MicroMessenger/": "WeChat",
    "Edg/": "Edge",
    "Edge/": "Edge",
    "OPR/": "Opera",
    "QQBrowser/": "QQ Browser",
    "Firefox/": "Firefox",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
}
SYSTEMS = {
    "HarmonyOS": "HarmonyOS",
    "Android": "Android",
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Windows": "Windows",
    "Macintosh": "macOS",
    "Linux": "Linux",
}
LONGEST = 40


def browser_name(agent: str) -> str:
    """Browser and system of a User-Agent header, such as «Edge · Windows»; what is unknown stays as it is."""
    browser, system = _first(BROWSERS, agent), _first(SYSTEMS, agent)
    named = " · ".join(filter(None, (browser, system))) if browser else agent.strip()
    return named if len(named) <= LONGEST else named[: LONGEST - 1] + "…"


def _first(known: dict[str, str], agent: str) -> str:
    return next((name for sign, name in known.items() if sign in agent), "")
