"""What a mapping may say, and how clearly it is told what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest

import headgate
from headgate.connectors import parse_mapping
from headgate.connectors.imports.core.expressions import names_in
from headgate.kernel.errors import Invalid

COLUMNS = "columns: [Order, Sku, Qty, Price, Customer, Country, Date]\n"


def problems_of(text: str) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        parse_mapping(text, "dir/shop.yaml")
    return {p.field: f"{p.message} {p.fix}" for p in caught.value.problems}


def test_a_good_mapping_is_read(shop):
    mapping = parse_mapping(COLUMNS + shop, "shop.yaml")
    assert mapping.name == "shop"
    assert [d.type.type for d in mapping.documents] == ["return.recorded", "order.submitted"]
    assert [r.type.type for r in mapping.records] == ["partner.recorded", "product.recorded"]
    assert mapping.documents[0].lines["quantity"].negate


def test_norway_is_a_country_and_a_price_keeps_its_zero(shop):
    mapping = parse_mapping(shop.replace("EUR}\n      ship_to", "EUR}\n      terms: {value: 2.50}\n      ship_to"), "m")
    assert mapping.tables["countries"]["Norway"] == "NO"
    assert mapping.documents[1].header["terms"].constant == "2.50"


def test_comments_and_layout_do_not_change_the_digest_but_meaning_does(shop):
    plain = parse_mapping(shop, "a.yaml").digest
    assert parse_mapping("# a comment\n" + shop.replace("{value: shop}", "{ value:   shop }"), "b.yaml").digest == plain
    assert parse_mapping(shop.replace("{value: shop}", "{value: shop2}"), "a.yaml").digest != plain


@pytest.mark.parametrize(
    ("old", "new", "path", "said"),
    [
        ("group_by: Order", "groupby: Order", "groupby", "Did you mean 'group_by'"),
        ("group_by: Order", "", "group_by", "is missing"),
        ("group_by: Order", "group_by: Ordre", "group_by[0]", "Did you mean 'Order'"),
        ("timezone: Europe/Berlin", "timezone: Europe/Berlino", "timezone", "is not a time zone"),
        ("currency: EUR}\nreject", "currency: EURO}\nreject", "amount.currency", "is not an ISO 4217 code"),
        ('Customer == ""', "Customer == ", "reject[0].when", "does not parse"),
        ('Customer == ""', 'custmer("a")', "reject[0].when", "does not parse"),
        ('Customer == ""', 'Custmer == ""', "reject[0].when", "Did you mean 'Customer'"),
        ('Customer == ""', '$root.Customer == ""', "reject[0].when", "reads the whole row"),
        ("product: Sku\n      quantity: Qty", "quantity: Qty", "documents[1].lines.product", "is missing"),
        ("storefront: {value: shop}", "storefrnt: {value: shop}", "documents[1].header.storefrnt", "'storefront'"),
        (
            "lookup: countries}\n    lines",
            "lookup: lands}\n    lines",
            "documents[1].header.ship_to.country.lookup",
            "table",
        ),
        ("{value: shop}", "{value: shop, column: Sku}", "documents[1].header.storefront", "exactly one of"),
        ('time: "%d.%m.%Y %H:%M"', 'time: "%d %H"', "documents[0].header.recorded_at.time", "is not a time format"),
        ("type: return.recorded", "type: return.made", "documents[0].type", "Use order.submitted or return.recorded"),
        ("    when: 'startsWith(Order, \"R\")'\n", "", "documents[0].when", "can never be reached"),
        ("price_decimals: 2", "price_decimals: 9", "price_decimals", "from 0 to 6"),
        ("mapping: shop", "mapping: shop\nfile: {encoding: utf-16}", "file.encoding", "line by line"),
        ("mapping: shop", "mapping: shop\nfile: {format: xlsx}", "file.format", "Use csv, jsonl"),
        ("mapping: shop", "mapping: shop\nfixed: [{type: order.submitted, items: []}]", "fixed[0].type", "master"),
        ("product.recorded:", "produkt.recorded:", "masters.produkt.recorded", "is not a known key"),
    ],
)
def test_a_mistake_is_named_with_its_path_and_a_way_out(shop, old, new, path, said):
    assert old in shop
    found = problems_of(COLUMNS + shop.replace(old, new, 1))
    where = f"shop.yaml: {path}"
    assert where in found
    assert said in found[where]


def test_all_mistakes_are_told_at_once(shop):
    found = problems_of(COLUMNS + shop.replace("group_by: Order", "").replace("Europe/Berlin", "Nowhere"))
    assert {"shop.yaml: group_by", "shop.yaml: timezone"} <= found.keys()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: b: c", "is not YAML"),
        ("mapping: shop\nmapping: shop", "stands twice"),
        ("a: &x 1\nb: *x", "alias is not allowed"),
        ("- 1", "is not a mapping"),
        ("a: !!python/object/apply:os.system [ls]", "could not determine a constructor"),
        ("[" * 5000, "nested too deeply"),
    ],
)
def test_a_file_that_is_no_mapping_is_refused(text, said):
    with pytest.raises(Invalid, match=r"shop\.yaml") as caught:
        parse_mapping(text, "dir/shop.yaml")
    assert said in caught.value.message


@pytest.mark.parametrize(
    ("expression", "names"),
    [
        ('upper(Sku) + "Price"', {"Sku"}),
        ("Qty > 1 and not (Sku in ['a', 'b'])", {"Qty", "Sku"}),
        ("split(Customer, '.')[0]", {"Customer"}),
        ("`C${trim(Customer)}-${Sku}`", {"Customer", "Sku"}),
        ("Qty == '1' ? Sku : Country", {"Qty", "Sku", "Country"}),
        ("{key: Sku}.key", {"Sku"}),
        ("Sku == null or true", {"Sku"}),
    ],
)
def test_the_columns_an_expression_reads_are_found(expression, names):
    assert names_in(expression) == (names, False)


def test_the_shipped_example_is_a_valid_mapping():
    path = Path(headgate.__file__).parents[2] / "docs/examples/online_retail/mapping.yaml"
    mapping = parse_mapping(path.read_text(encoding="utf-8"), str(path))
    assert mapping.tables["countries"]["Norway"] == "NO"
    assert len(mapping.columns) == 8
