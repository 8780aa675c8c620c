"""How the body of POST /v1/events is described: the envelope of CloudEvents 1.0 with JSON data."""

from __future__ import annotations

from typing import Any

_TEXT: dict[str, Any] = {"type": "string", "minLength": 1, "maxLength": 512}

EVENT: dict[str, Any] = {
    "type": "object",
    "description": "A CloudEvent with JSON data. What `data` holds depends on `type`.",
    "required": ["specversion", "id", "source", "type", "data"],
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {**_TEXT, "description": "Unique within its source for ever. A repeat is answered, not applied again."},
        "source": {**_TEXT, "description": "Where it happened, in your words."},
        "type": {
            "type": "string",
            "maxLength": 512,
            "pattern": r"^[A-Za-z0-9][A-Za-z0-9._:/-]*$",
            "examples": ["order.submitted"],
        },
        "subject": {**_TEXT, "type": ["string", "null"]},
        "time": {"type": ["string", "null"], "format": "date-time"},
        "datacontenttype": {
            "type": ["string", "null"],
            "pattern": r"^(application|text)/([a-z0-9.+-]+\+)?json$",
            "examples": ["application/json"],
        },
        "data": {"type": "object"},
    },
    "propertyNames": {"pattern": "^[a-z0-9]{1,64}$"},
    "additionalProperties": {"type": ["string", "boolean", "number", "null"]},
}
EXAMPLE: dict[str, Any] = {
    "specversion": "1.0",
    "id": "9b2f",
    "source": "webshop-1",
    "type": "order.submitted",
    "time": "2026-03-02T09:30:00Z",
    "data": {
        "order": "WEB1-10023",
        "partner": "P-0007",
        "storefront": "webshop-1",
        "placed_at": "2026-03-02T09:29:58Z",
        "currency": "EUR",
        "ship_to": {"country": "DE"},
        "lines": [{"line": "1", "product": "SKU-1", "quantity": "3", "unit_price": "19.90"}],
    },
}
REQUEST_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "application/cloudevents+json": {"schema": EVENT, "example": EXAMPLE},
        "application/cloudevents-batch+json": {
            "schema": {"type": "array", "maxItems": 1000, "items": EVENT},
            "example": [EXAMPLE],
        },
    },
}
