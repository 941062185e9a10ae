"""What is copied from node_modules: the files, and only the icons in use."""

import pytest

from kezun.ui import vendor as vendor_module
from kezun.ui.vendor import FILES, ICONS, Missing, icons_used, sprite, symbol, vendor

SVG = """<svg xmlns="x" width="24">
  <path stroke="none" d="M0 0h24v24H0z" fill="none"/>
  <path d="M1 2" />
</svg>
"""


@pytest.fixture
def package(tmp_path):
    room = tmp_path / "kezun" / "room"
    (room / "tests").mkdir(parents=True)
    (room / "page.html").write_text('{% icon "home" %} {% include "e" with picture="inbox" %} "not-one"')
    (room / "part.html").write_text('{% icon picture|default:"box" %}')
    (room / "pages.py").write_text(
        'Menu("look", 1, _("A (b)"), "users")\nicon("x")\nspec(icon="flag")\nMenu("a")'
    )
    (room / "tests" / "test_x.py").write_text('icon("never")')
    return tmp_path / "kezun"


@pytest.fixture
def modules(tmp_path):
    root = tmp_path / "node_modules"
    for origin in FILES.values():
        (root / origin).parent.mkdir(parents=True, exist_ok=True)
        (root / origin).write_text("body{}\n/*# sourceMappingURL=a.css.map */")
    (root / ICONS).mkdir(parents=True)
    for name in ("home", "inbox", "box", "users", "x", "flag"):
        (root / ICONS / f"{name}.svg").write_text(SVG)
    return root


def test_icons_are_found_where_they_are_named(package):
    assert icons_used(package) == {"home", "inbox", "box", "users", "x", "flag"}


def test_icons_of_catalogs_are_found_too(package):
    (package / "a" / "catalog" / "kinds").mkdir(parents=True)
    (package / "a" / "catalog" / "kinds" / "k.yaml").write_text("id: k\nicon: tool\nfields: [{icon: no}]\n")
    assert "tool" in icons_used(package)
    assert "no" not in icons_used(package)


def test_a_symbol_keeps_the_strokes_and_drops_the_empty_frame():
    assert symbol(
        "home", SVG
    ) == '<symbol id="home" viewBox="0 0 24 24">  <path d="M1 2" /></symbol>'.replace(">  <path", "><path")


def test_everything_is_written_without_source_maps(package, modules, tmp_path):
    written = vendor(modules, tmp_path / "out", package)
    assert [p.name for p in written] == [*FILES, "icons.svg"]
    assert b"sourceMappingURL" not in (tmp_path / "out" / "tabler.min.css").read_bytes()
    assert (tmp_path / "out" / "icons.svg").read_text().count("<symbol") == 6


def test_an_unknown_icon_is_named(modules):
    with pytest.raises(Missing, match="«nope»"):
        sprite({"nope"}, modules / ICONS)


def test_without_node_modules_it_says_what_to_do(tmp_path, package):
    with pytest.raises(Missing, match="npm ci"):
        vendor(tmp_path / "nothing", tmp_path / "out", package)


def test_every_icon_of_the_product_exists_in_the_sprite_when_built():
    from kezun.ui.vendor import ROOT, TARGET

    built = TARGET / "icons.svg"
    if not (ROOT / "node_modules" / ICONS).exists() or not built.exists():
        pytest.skip("assets are not installed here: ./dev setup")
    made = sprite(icons_used(ROOT / "kezun"), ROOT / "node_modules" / ICONS)
    assert made.count("<symbol") == len(icons_used(ROOT / "kezun"))


def test_the_command_names_what_it_copied(monkeypatch, capsys, tmp_path):
    made = tmp_path / "tabler.min.css"
    made.write_bytes(b"12345")
    monkeypatch.setattr(vendor_module, "vendor", lambda _modules: [made])
    assert vendor_module.main() == 0
    assert capsys.readouterr().out == "tabler.min.css\t5\n"


def test_the_command_says_what_is_missing_and_fails(monkeypatch, capsys):
    def missing(_modules):
        raise vendor_module.Missing("x is not installed")

    monkeypatch.setattr(vendor_module, "vendor", missing)
    assert vendor_module.main() == 1
    assert "x is not installed" in capsys.readouterr().err
