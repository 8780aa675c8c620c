"""Views of lists that people keep under a name: the filters as the address has them."""

from headgate.access.saved.service import (
    LONGEST_NAME,
    LONGEST_QUERY,
    MAY_SHARE,
    MOST,
    NO_FILTER,
    NO_NAME,
    NOT_YOURS,
    TAKEN,
    TOO_LONG,
    TOO_MANY,
    NewView,
    SavedView,
    change_view,
    delete_view,
    save_view,
    views_of,
)

__all__ = [
    "LONGEST_NAME",
    "LONGEST_QUERY",
    "MAY_SHARE",
    "MOST",
    "NOT_YOURS",
    "NO_FILTER",
    "NO_NAME",
    "TAKEN",
    "TOO_LONG",
    "TOO_MANY",
    "NewView",
    "SavedView",
    "change_view",
    "delete_view",
    "save_view",
    "views_of",
]
