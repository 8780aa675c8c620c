"""What each page shows, as plain values: amounts are `Money`, times are aware datetimes, nothing is formatted yet.

A route fills one view from its services and hands it to `console.render`. Every view names its template; views whose
parts HTMX may ask for name those too (`parts`: id of the element to be replaced → template).
"""
