"""What each page shows, as plain values: amounts are `Money`, times are aware datetimes, nothing is formatted yet.

A route fills one view from its services and hands it to `console.render.Console`. Every view names its template; views
whose parts HTMX may ask for name those too (`parts`: id of the element to be replaced → template).

To add a page:
1. its address in `console/urls.py`;
2. a frozen dataclass here that extends `View`, with `template` and the `nav` entry that is current;
3. `console/templates/NAME.html`, extending `layout.html` with the blocks `heading` and `content`, built from the macros
   in `ui/macros/`; no style or script attribute, and numbers only through filters and macros;
4. a sample in `tests/unit/ui/samples/catalogue.py`, which puts it under every test and into the preview;
5. `python scripts/preview_console.py --shots NAME`, and look at it;
6. a route that fills the view.
"""
