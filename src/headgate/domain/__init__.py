"""F1: pure business arithmetic of the channel. Values in, values out: no database, no network, no clock, no settings.

A module here may import `headgate.kernel` and the standard library only (`calendar` also reads public holidays from
`holidays`).
"""
