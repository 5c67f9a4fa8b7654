"""What must be true of every page, whatever it is about. The visitor checks it on each answer in HTML."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit

from lxml.html import HtmlElement

Rule = Callable[[HtmlElement], Iterator[str]]
CONTROLS: Final = "//input[not(@type='hidden' or @type='submit' or @type='button')]|//select|//textarea"
CARRIED: Final = (
    "//@*[name()='style' or starts-with(name(), 'on')"
    " or contains(translate(., 'JAVSCRIPT', 'javscript'), 'javascript:')]"
)
NEVER_IN_CSP: Final = ("unsafe-inline", "unsafe-eval", "*", "http:", "https:")


def broken(tree: HtmlElement, headers: Mapping[str, str], path: str) -> list[str]:
    """The rules that the page at ``path`` breaks, each as a sentence."""
    sentences = [sentence for rule in RULES for sentence in rule(tree)]
    return [*sentences, *_headers(headers), *_language(tree, path)]


def text_of(element: HtmlElement) -> str:
    """What a reader sees of an element, with single spaces."""
    return " ".join(str(element.text_content()).split())


def _headers(headers: Mapping[str, str]) -> Iterator[str]:
    policy = headers.get("Content-Security-Policy", "")
    if "default-src 'none'" not in policy:
        yield "no strict Content-Security-Policy"
    for source in policy.replace(";", " ").split():
        if source.strip("'") in NEVER_IN_CSP:
            yield f"the Content-Security-Policy allows {source}"
    if headers.get("X-Content-Type-Options") != "nosniff":
        yield "no X-Content-Type-Options"


def _language(tree: HtmlElement, path: str) -> Iterator[str]:
    language = tree.get("lang")
    if language not in {"sv", "en"}:
        yield f"the page's lang is {language!r}"
    asked = path.strip("/").split("/")[0]
    if asked in {"sv", "en"} and language != asked:
        yield f"the page under /{asked} says that it is in {language!r}"


def _headings(tree: HtmlElement) -> Iterator[str]:
    titles = [text_of(title) for title in tree.xpath("//head/title")]
    if len(titles) != 1 or not titles[0]:
        yield f"one title that says something is wanted, there is {titles}"
    main_headings = [text_of(heading) for heading in tree.xpath("//h1")]
    if len(main_headings) != 1 or not main_headings[0]:
        yield f"one h1 that says something is wanted, there is {main_headings}"
    if len(tree.xpath("//main")) != 1:
        yield "one main is wanted"
    before = 1
    for heading in tree.xpath("//main//*[self::h1 or self::h2 or self::h3 or self::h4 or self::h5 or self::h6]"):
        level = int(heading.tag[1])
        if level > before + 1:
            yield f"the heading {text_of(heading)!r} jumps from level {before} to {level}"
        before = level


def _ids(tree: HtmlElement) -> Iterator[str]:
    ids: Counter[str] = Counter(tree.xpath("//@id"))
    yield from (f"the id {name!r} is there {count} times" for name, count in ids.items() if count > 1)
    for attribute in ("for", "aria-describedby", "aria-labelledby", "aria-controls", "aria-errormessage", "headers"):
        for value in tree.xpath(f"//@{attribute}"):
            yield from (f"{attribute} names {name!r}, which is not there" for name in value.split() if name not in ids)
    for target in tree.xpath("//a/@href[starts-with(., '#') and string-length(.) > 1]"):
        if target[1:] not in ids:
            yield f"a link leads to {target!r}, which is not there"


def _names(tree: HtmlElement) -> Iterator[str]:
    """Whatever can be operated has a name that can be read out."""
    labelled = set(tree.xpath("//label[normalize-space()]/@for"))
    for control in tree.xpath(CONTROLS):
        wrapped = [label for label in control.iterancestors("label") if text_of(label)]
        if not (control.get("id") in labelled or wrapped or _spoken_name(control)):
            yield f"the field {control.get('name')!r} has no label"
    for element in tree.xpath("//button|//a[@href]|//summary"):
        images = element.xpath(".//img[@alt != '']|.//*[local-name()='svg']/*[local-name()='title']")
        if not (text_of(element) or _spoken_name(element) or images):
            yield f"a {element.tag} to {element.get('href') or element.get('name')!r} has no name"
    for name in tree.xpath("//img[not(@alt)]/@src"):
        yield f"the image {name!r} has no alt"
    for fieldset in tree.xpath("//fieldset[not(legend[normalize-space()])]"):
        yield f"the fieldset {fieldset.get('id')!r} has no legend"


def _spoken_name(element: HtmlElement) -> str | None:
    return element.get("aria-label") or element.get("aria-labelledby")


def _nothing_inline(tree: HtmlElement) -> Iterator[str]:
    if tree.xpath("//script[not(@src) and not(@type='application/ld+json')]"):
        yield "there is an inline script"
    if tree.xpath("//style"):
        yield "there is an inline style sheet"
    for value in tree.xpath(CARRIED):
        name = str(value.attrname)
        if name == "style" or name.startswith("on") or value.strip().lower().startswith("javascript:"):
            yield f"{value.getparent().tag} carries {name}={str(value)!r}"


def _nothing_from_elsewhere(tree: HtmlElement) -> Iterator[str]:
    sources = tree.xpath("//script/@src|//img/@src|//source/@src|//iframe/@src")
    sources += tree.xpath("//link[@rel='stylesheet' or @rel='icon' or @rel='preload' or @rel='manifest']/@href")
    yield from (f"the page fetches {source!r} from elsewhere" for source in sources if urlsplit(source).netloc)


def _forms(tree: HtmlElement) -> Iterator[str]:
    for form in tree.xpath("//form[translate(@method, 'POST', 'post') = 'post']"):
        if not form.xpath(".//input[@name='csrf_token' and string-length(@value) > 20]"):
            yield f"the form to {form.get('action')!r} has no CSRF token"
    for name in tree.xpath("//input[@value='None']/@name|//textarea[normalize-space()='None']/@name"):
        yield f"the field {name!r} says None"


def _leftovers(tree: HtmlElement) -> Iterator[str]:
    for found in re.findall(r"%\(\w+\)s|\{\{|\{%|<[A-Z]\w+ object at", text_of(tree)):
        yield f"the page shows {found!r} to its reader"


RULES: Final[tuple[Rule, ...]] = (
    _headings,
    _ids,
    _names,
    _nothing_inline,
    _nothing_from_elsewhere,
    _forms,
    _leftovers,
)
