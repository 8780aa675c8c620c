"""Roles of a tenant's own, the matrix of duties, and what is allowed in spite of it."""

from headgate.access.duties.custom import (
    CustomRole,
    confirm_role,
    expect_role,
    get_custom_role,
    holder_counts,
    list_custom_roles,
    permissions_by_role,
    retire_role,
    save_role,
)
from headgate.access.duties.explain import (
    Held,
    Holder,
    Right,
    conflicts_of,
    explain_right,
    get_holder,
    list_holders,
)
from headgate.access.duties.instance import expect_other_hands
from headgate.access.duties.matrix import (
    MatrixVersion,
    decide_matrix,
    list_matrices,
    matrix_in_force,
    propose_matrix,
)
from headgate.access.duties.mitigations import (
    Mitigation,
    approve_mitigation,
    ask_mitigation,
    end_mitigation,
    list_mitigations,
)

__all__ = [
    "CustomRole",
    "Held",
    "Holder",
    "MatrixVersion",
    "Mitigation",
    "Right",
    "approve_mitigation",
    "ask_mitigation",
    "confirm_role",
    "conflicts_of",
    "decide_matrix",
    "end_mitigation",
    "expect_other_hands",
    "expect_role",
    "explain_right",
    "get_custom_role",
    "get_holder",
    "holder_counts",
    "list_custom_roles",
    "list_holders",
    "list_matrices",
    "list_mitigations",
    "matrix_in_force",
    "permissions_by_role",
    "propose_matrix",
    "retire_role",
    "save_role",
]
