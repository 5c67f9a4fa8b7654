"""Join the Latin and the Latin Extended file of one variable font: merge_subsets.py LATIN LATIN_EXT OUT.ttf."""

import sys
from copy import deepcopy

from fontTools.ttLib import TTFont


def missing_glyphs(target: TTFont, source: TTFont) -> list[str]:
    """Glyphs that only ``source`` has, with the parts they are composed of, in its order."""
    have, wanted, open_names = set(target.getGlyphOrder()), set(), list(source.getBestCmap().values())
    while open_names:
        name = open_names.pop()
        if name in have or name in wanted:
            continue
        wanted.add(name)
        glyph = source["glyf"][name]
        glyph.expand(source["glyf"])
        open_names += [part.glyphName for part in glyph.components] if glyph.isComposite() else []
    return [name for name in source.getGlyphOrder() if name in wanted]


def merge(target: TTFont, source: TTFont) -> None:
    """Copy outlines, widths, variations and characters of ``source`` into ``target``."""
    names = missing_glyphs(target, source)
    order = target.getGlyphOrder() + names
    target["glyf"].glyphOrder = order
    for name in names:
        target["glyf"].glyphs[name] = deepcopy(source["glyf"][name])
        target["hmtx"].metrics[name] = source["hmtx"][name]
        target["gvar"].variations[name] = deepcopy(source["gvar"].variations.get(name, []))
    target.setGlyphOrder(order)
    for table in (table for table in target["cmap"].tables if table.isUnicode()):
        for character, name in source.getBestCmap().items():
            if character <= 0xFFFF or table.format == 12:  # noqa: PLR2004  format 12 holds all planes
                table.cmap.setdefault(character, name)
    for optional in {"HVAR", "DSIG"} & set(target.keys()):  # the widths come from gvar
        del target[optional]


if __name__ == "__main__":
    latin, extended = TTFont(sys.argv[1]), TTFont(sys.argv[2])
    merge(latin, extended)
    latin.flavor = None
    latin.save(sys.argv[3])
