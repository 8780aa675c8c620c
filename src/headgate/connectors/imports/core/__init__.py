"""Pure part of the file import: a mapping and rows in, documents, masters and refused rows out. No I/O."""
