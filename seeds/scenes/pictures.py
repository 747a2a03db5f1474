"""Drawn pictures that stand for photos of a building site: nobody could take them for real."""

from __future__ import annotations

from decimal import Decimal
from io import BytesIO

from django.core.files.base import ContentFile
from PIL import Image, ImageDraw

SIZE = (960, 640)
SKY, GROUND, STEEL, FRAME = "#cfe0ea", "#b59f7b", "#8a949c", "#38556b"
COLUMNS = 8


def site_photo(name: str, percent: Decimal) -> ContentFile[bytes]:
    """A site whose frames stand as high as the works are done."""
    picture = Image.new("RGB", SIZE, SKY)
    drawing = ImageDraw.Draw(picture)
    width, height = SIZE
    floor = height * 3 // 4
    drawing.rectangle((0, floor, width, height), fill=GROUND)
    top = floor - int(height * Decimal("0.55") * max(percent, Decimal(8)) / 100)
    step = width // (COLUMNS + 2)
    for place in range(1, COLUMNS + 1):
        drawing.rectangle((place * step, top, place * step + 14, floor), fill=STEEL)
    drawing.rectangle((step, top, COLUMNS * step + 14, top + 10), fill=FRAME)
    drawing.text((24, 24), f"DEMO {name}", fill=FRAME)
    target = BytesIO()
    picture.save(target, "JPEG", quality=80)
    return ContentFile(target.getvalue(), name=f"site-{name}.jpg")
