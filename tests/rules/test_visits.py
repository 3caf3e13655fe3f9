import pytest

from promos.rules.visits import is_machine

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/18.5 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize("browser", [FIREFOX, IPHONE, CHROME, f"{IPHONE} [LinkedInApp]/9.31"])
def test_a_browser_is_a_person(browser: str) -> None:
    assert not is_machine("GET", {"user-agent": browser})


@pytest.mark.parametrize(
    "browser",
    [
        "",
        "curl/8.7.1",
        "python-requests/2.32",
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (Windows NT 10.0) BarracudaCentral",
        "Slackbot-LinkExpanding 1.0",
        "WhatsApp/2.23.20.0",
        "Go-http-client/2.0",
        "Mozilla/5.0 (X11) HeadlessChrome/141.0 Safari/537.36",
    ],
)
def test_a_program_that_says_so_is_one(browser: str) -> None:
    assert is_machine("GET", {"user-agent": browser})


def test_a_look_ahead_is_not_a_visit() -> None:
    assert is_machine("HEAD", {"user-agent": FIREFOX})
    assert is_machine("GET", {"user-agent": CHROME, "sec-purpose": "prefetch;prerender"})
    assert is_machine("GET", {"user-agent": IPHONE, "purpose": "preview"})
    assert is_machine("GET", {})
