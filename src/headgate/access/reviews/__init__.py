"""Reviews of access: who holds what is looked at, kept or revoked, and signed by somebody else."""

from headgate.access.reviews.core import (
    CSV_COLUMNS,
    DECISIONS,
    SCOPES,
    SHOWN,
    Progress,
    Review,
    ReviewConflict,
    ReviewItem,
    as_csv,
)
from headgate.access.reviews.deciding import MOST_AT_ONCE, cancel_review, decide_items, sign_review
from headgate.access.reviews.opening import DECIDES, exchange_reviewers, open_review
from headgate.access.reviews.reading import (
    UNUSED_AFTER,
    check_review_file,
    export_review,
    get_review,
    hands_of,
    list_items,
    list_reviews,
)

__all__ = [
    "CSV_COLUMNS",
    "DECIDES",
    "DECISIONS",
    "MOST_AT_ONCE",
    "SCOPES",
    "SHOWN",
    "UNUSED_AFTER",
    "Progress",
    "Review",
    "ReviewConflict",
    "ReviewItem",
    "as_csv",
    "cancel_review",
    "check_review_file",
    "decide_items",
    "exchange_reviewers",
    "export_review",
    "get_review",
    "hands_of",
    "list_items",
    "list_reviews",
    "open_review",
    "sign_review",
]
