"""SVG for the inside of an HTML page, where ids and style rules are those of the whole page."""

from __future__ import annotations

import re
from colorsys import hls_to_rgb, rgb_to_hls
from xml.etree import ElementTree

_SVG = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}"
_REFERENCE = re.compile(r"url\(\s*(['\"]?)#(.*?)\1\s*\)")
_LISTS = ("aria-labelledby", "aria-describedby")
_LENGTH = re.compile(r"([\d.]+)(pt|px|in|)")
_PIXELS = {"pt": 4 / 3, "px": 1.0, "in": 96.0, "": 1.0}
_COLOUR = re.compile(r"(?<=[:\s])#([0-9a-fA-F]{6})\b")
# Fonts of a whole picture, as wide as those it was drawn with or narrower.
_FONTS = "'DejaVu Sans', Verdana, Arial, sans-serif"
_FAMILY = re.compile(r"font-family:[^;]*;?\s*")
_DRAWN, _DIGITS = {"d", "x", "y", "transform"}, re.compile(r"-?\d+\.\d{3,}")
# Lightness of what is white by day.
_DARKEST = 0.09


def inline_svg(svg: str, prefix: str, alt: str) -> str:
    """Return a picture ready to stand in HTML: ids of its own, a text for it, fluid size.

    Height and width are taken away, so that the style of the page decides; `viewBox` keeps the
    ratio. Where a reader prefers dark pages, colours of inline styles become as light as they are
    dark, so that a picture looks as it did with light and dark exchanged.

    Parameters
    ----------
    svg
        One complete SVG document, without references to the outside.
    prefix
        Goes before every id, so that pictures of one page do not share any.
    alt
        The text that stands for the picture, as `aria-label`.

    Returns
    -------
    str
        An `svg` element. The width it was drawn at stays as `--drawn`, for the style of the page.
    """
    root = _renamed_tree(svg, prefix)
    width = _pixels(root.attrib.pop("width", ""))
    root.attrib.pop("height", None)
    if width is not None:
        root.set("style", f"--drawn: {width:.0f}px")

    for name in _LISTS:
        root.attrib.pop(name, None)
    root.set("role", "img")
    root.set("aria-label", alt)
    root.set("focusable", "false")
    _let_colours_change(root)
    _leave_out_what_nobody_sees(root)
    return ElementTree.tostring(root, encoding="unicode")


def drawn_width(svg: str) -> float | None:
    """Return the width that a picture was drawn at in CSS pixels, None if it does not say."""
    return _pixels(ElementTree.fromstring(svg).get("width", ""))


def _renamed_tree(svg: str, prefix: str) -> ElementTree.Element:
    """Parse the picture, and put `prefix` before its ids and references to them.

    References to ids that the picture does not have stay as they are. The root gets an id if it has
    none, because style rules are nested under it.
    """
    root = ElementTree.fromstring(svg)
    _leave_out_metadata(root)
    root.set("id", root.get("id", "svg"))
    ids = {x.attrib["id"] for x in root.iter() if "id" in x.attrib}

    for element in root.iter():
        _without_namespaces(element)
        for name, value in element.attrib.items():
            element.set(name, _renamed(name, value, ids, prefix))
        if element.tag == "style" and element.text:
            rules = _rules(element.text, ids, prefix)
            element.text = f"#{root.get('id')} {{{rules}}}"
    return root


def _let_colours_change(root: ElementTree.Element) -> None:
    """Make every colour of an inline style a variable, which dark pages set anew.

    Fonts are those of the whole picture, so that each text need not name them.
    """
    used: set[str] = set()

    def variable(match: re.Match[str]) -> str:
        used.add(match[1].lower())
        return f"var(--c{match[1].lower()})"

    for element in root.iter():
        style = element.get("style", "")
        if element is not root and style:
            element.set("style", _FAMILY.sub("", _COLOUR.sub(variable, style)).strip("; "))
        # Letters without a colour are black, which is no variable.
        if element.tag == "text" and "fill:" not in style:
            element.set("fill", "currentColor")

    light = "".join(f"--c{x}:#{x};" for x in sorted(used))
    dark = "".join(f"--c{x}:{opposite(x)};" for x in sorted(used))
    rules = ElementTree.SubElement(root, "style")
    rules.text = (
        f"#{root.get('id')} {{font-family:{_FONTS};{light}}}"
        f"@media screen and (prefers-color-scheme: dark) {{#{root.get('id')} {{{dark}}}}}"
    )


def _leave_out_what_nobody_sees(root: ElementTree.Element) -> None:
    """Take out indents, ids that nothing refers to, and digits beyond hundredths of a point."""
    values = [x for element in root.iter() for x in element.attrib.values()]
    values += [element.text or "" for element in root.iter("style")]
    joined = " ".join(x for x in values if "#" in x)

    for element in root.iter():
        if element.text and not element.text.strip():
            element.text = None
        if element.tail and not element.tail.strip():
            element.tail = None
        if element is not root and f"#{element.get('id')}" not in joined:
            element.attrib.pop("id", None)
        for name in _DRAWN & set(element.attrib):
            numbers = " ".join(element.attrib[name].split())
            element.set(name, _DIGITS.sub(lambda x: f"{float(x[0]):.2f}", numbers))
    _leave_out_groups(root)


def _leave_out_groups(element: ElementTree.Element) -> None:
    """Put what stands in groups that say nothing in their place, in place."""
    for child in element:
        _leave_out_groups(child)
    flat: list[ElementTree.Element] = []
    for child in element:
        flat += list(child) if child.tag == "g" and not child.attrib else [child]
    element[:] = flat


def opposite(colour: str) -> str:
    """Return a colour as light as this one is dark, of the same hue: for pages in the dark.

    Parameters
    ----------
    colour
        Six hexadecimal digits.

    Returns
    -------
    str
        The colour with `#`; white becomes a dark grey, not black.
    """
    red, green, blue = (int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4))
    hue, light, saturation = rgb_to_hls(red, green, blue)
    parts = hls_to_rgb(hue, 1 - (1 - _DARKEST) * light, saturation)
    return "#" + "".join(f"{round(255 * x):02x}" for x in parts)


def _leave_out_metadata(root: ElementTree.Element) -> None:
    """Take every `metadata` element out of the tree, in place."""
    for parent in list(root.iter()):
        for child in parent.findall(f"{{{_SVG}}}metadata"):
            parent.remove(child)


def _without_namespaces(element: ElementTree.Element) -> None:
    """Drop namespaces: HTML knows SVG by its names alone, and `href` as well as `xlink:href`."""
    element.tag = element.tag.removeprefix(f"{{{_SVG}}}")
    for name in [x for x in element.attrib if x.startswith(_XLINK)]:
        value = element.attrib.pop(name)
        if name == f"{_XLINK}href":
            element.set("href", value)


def _renamed(name: str, value: str, ids: set[str], prefix: str) -> str:
    """Return the value of an attribute with ids renamed: an id, a link, a list, or `url(#id)`."""
    if name == "id":
        return prefix + value
    if name == "href" and value[:1] == "#" and value[1:] in ids:
        return f"#{prefix}{value[1:]}"
    if name in _LISTS:
        return " ".join(prefix + x if x in ids else x for x in value.split())
    return _references(value, ids, prefix)


def _references(text: str, ids: set[str], prefix: str) -> str:
    """Rename ids within `url(#id)`; other text stays."""

    def renamed(match: re.Match[str]) -> str:
        return f"url(#{prefix}{match[2]})" if match[2] in ids else match[0]

    return _REFERENCE.sub(renamed, text)


def _rules(text: str, ids: set[str], prefix: str) -> str:
    """Rename ids in a style sheet: `#x` before a brace; what is inside braces may be a colour."""

    def selector(match: re.Match[str]) -> str:
        return re.sub(r"#([\w-]+)", lambda x: f"#{prefix}{x[1]}" if x[1] in ids else x[0], match[0])

    return re.sub(r"[^{}]+(?=\{)", selector, _references(text, ids, prefix))


def _pixels(length: str) -> float | None:
    """Return a length in CSS pixels, None if it has a unit other than pt, px and in."""
    match = _LENGTH.fullmatch(length.strip())
    return float(match[1]) * _PIXELS[match[2]] if match else None
