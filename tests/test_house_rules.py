"""The house rules find what they are there to find."""

import pytest
from lxml import html

from tests import house_rules

HEADERS = {"Content-Security-Policy": "default-src 'none'; script-src 'self'", "X-Content-Type-Options": "nosniff"}
GOOD = """<!doctype html><html lang="sv"><head><title>Titel</title><link rel="stylesheet" href="/static/a.css"></head>
<body><main><h1>Rubrik</h1>{}</main></body></html>"""


def broken(part: str, path: str = "/sv/", **headers: str) -> list[str]:
    return house_rules.broken(html.document_fromstring(GOOD.format(part)), HEADERS | headers, path)


def test_a_good_page_breaks_no_rule() -> None:
    form = '<form method="post"><input type="hidden" name="csrf_token" value="{}"></form>'.format("x" * 40)

    assert broken('<label for="a">Namn</label><input id="a" name="a"><a href="#a">Till namnet</a>' + form) == []


@pytest.mark.parametrize(
    ("part", "sentence"),
    [
        ("<h1>Två</h1>", "one h1 that says something is wanted, there is ['Rubrik', 'Två']"),
        ("<h3>Hopp</h3>", "the heading 'Hopp' jumps from level 1 to 3"),
        ("<p id=a></p><p id=a></p>", "the id 'a' is there 2 times"),
        ("<input name=n>", "the field 'n' has no label"),
        ("<p aria-describedby='gone'></p>", "aria-describedby names 'gone', which is not there"),
        ("<a href='#gone'>x</a>", "a link leads to '#gone', which is not there"),
        ("<a href='/x'></a>", "a a to '/x' has no name"),
        ("<img src='/x.png'>", "the image '/x.png' has no alt"),
        ("<script>1</script>", "there is an inline script"),
        ("<p style='color:red'>x</p>", "p carries style='color:red'"),
        ("<p onclick='x()'>x</p>", "p carries onclick='x()'"),
        (
            "<script src='https://cdn.example/x.js'></script>",
            "the page fetches 'https://cdn.example/x.js' from elsewhere",
        ),
        ("<form method='POST' action='/b'></form>", "the form to '/b' has no CSRF token"),
        ("<label>N<input name=n value=None></label>", "the field 'n' says None"),
        ("<p>Hej %(name)s</p>", "the page shows '%(name)s' to its reader"),
    ],
)
def test_what_breaks_a_rule_is_said(part: str, sentence: str) -> None:
    assert broken(part) == [sentence]


def test_the_language_of_the_address_is_that_of_the_page() -> None:
    assert broken("", path="/en/") == ["the page under /en says that it is in 'sv'"]


def test_a_loose_content_security_policy_is_found() -> None:
    loose = {"Content-Security-Policy": "default-src 'none'; script-src 'unsafe-inline'"}

    assert broken("", **loose) == ["the Content-Security-Policy allows 'unsafe-inline'"]
