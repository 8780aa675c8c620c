"""Whether the organisation may keep more files of its partners."""

from __future__ import annotations

from headgate.access.tenancy import expect_document_room
from headgate.kernel.errors import Invalid, OverQuota, invalid
from headgate.kernel.phrases import phrase
from headgate.portal.visit import Visit


def no_room_for_files(visit: Visit) -> Invalid | None:
    """Why what was uploaded cannot be kept; None when it can.

    Counted in a transaction of the organisation's, for a partner's sees its own files only.
    """
    adding = sum(len(upload.content) for upload in visit.uploads)
    if not adding:
        return None
    try:
        with visit.app.database.transaction(visit.ctx.tenant_id, read_only=True) as conn:
            expect_document_room(conn, adding)
    except OverQuota:
        fix = phrase("Send it without a file, and tell %(tenant)s.", tenant=visit.tenant.name)
        return invalid("file", "", "cannot be kept: there is no room for more files", fix)
    return None
