"""Good files of every kind, and bad ones of every kind of badness."""

import gzip
import io
import random
import stat
import struct
import zipfile
import zlib

from openpyxl import Workbook
from PIL import Image

from kezun.kernel.kinds import IMAGES


def picture(kind, size=(20, 10)):
    out = io.BytesIO()
    Image.new("RGB", size, "red").save(out, IMAGES[kind])
    return out.getvalue()


def packed(members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def workbook():
    out, book = io.BytesIO(), Workbook()
    book.active.append(["排队号", "等候"])
    book.save(out)
    return out.getvalue()


def parquet():
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    pq.write_table(pa.table({"a": [1, 2]}), out)
    return out.getvalue()


GOOD = {
    "csv": ("text", "号,时\nA1,3\n".encode()),
    "tsv": ("text", "号\t时\nA1\t3\n".encode("gb18030")),
    "txt": ("text", "号,时\nA1,3\n".encode("utf-16")),
    "xlsx": ("xlsx", workbook()),
    "zip": ("zip", packed({"a.csv": "1,2\n"})),
    "gz": ("gzip", gzip.compress(b"a,b\n" * 100)),
    "parquet": ("parquet", parquet()),
    "pdf": ("pdf", b"%PDF-1.7\n1 0 obj\nendobj\ntrailer\n%%EOF\n"),
    "png": ("png", picture("png")),
    "jpg": ("jpeg", picture("jpeg")),
    "gif": ("gif", picture("gif")),
    "webp": ("webp", picture("webp")),
}


def png_of(width, height):
    """A PNG whose header promises many pixels and whose data has none."""

    def chunk(name, body):
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = chunk(b"IDAT", zlib.compress(b"\0" * 10))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + data + chunk(b"IEND", b"")


def linked():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    return out.getvalue()


def locked():
    raw = bytearray(packed({"a": "1"}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(magic) + offset] |= 1
    return bytes(raw)


def lying():
    """A member whose listed size is far less than what it unpacks to."""
    raw = bytearray(packed({"a": b"\0" * 500_000}))
    at = raw.find(b"PK\x01\x02") + 24
    raw[at : at + 4] = struct.pack("<I", 10)
    return bytes(raw)


BAD = {
    "empty": b"",
    "zip bomb": packed({"a": b"\0" * 3_000_000}),
    "zip bomb of many members": packed({f"a{n}": b"\0" * 20_000 for n in range(60)}),
    "zip that lies about its size": lying(),
    "zip of very high ratio": packed({"a": b"\0" * 900_000}),
    "zip with too many members": packed({str(n): b"" for n in range(10_001)}, zipfile.ZIP_STORED),
    "zip with a way out": packed({"../../etc/cron.d/x": "x"}),
    "zip with an absolute name": packed({"/etc/x": "x"}),
    "zip with a drive": packed({"C:/x": "x"}),
    "zip with a Windows way out": packed({"..\\x": "x"}),
    "zip with a link": linked(),
    "zip with a password": locked(),
    "zip cut short": packed({"a": b"x" * 1000})[:-30],
    "zip with a tail": packed({"a": "1"}) + b"<html>",
    "zip with a damaged member": packed({"a": bytes(range(256)) * 20}).replace(b"\x10\x11", b"\x10\x12", 1)
    if b"\x10\x11" in packed({"a": bytes(range(256)) * 20})
    else packed({"a": "x" * 50}, zipfile.ZIP_STORED).replace(b"xxx", b"xyx", 1),
    "gzip bomb": gzip.compress(b"\0" * 3_000_000),
    "gzip bomb of many members": gzip.compress(b"\0" * 90_000) * 20,
    "gzip cut short": gzip.compress(random.Random(1).randbytes(9000))[:-9],
    "gzip with a tail": gzip.compress(b"a") + b"GIF89a...",
    "gzip of only a header": b"\x1f\x8b\x08\0\0\0\0\0\0\xff",
    "gzip damaged": b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + b"\xff" * 50,
    "parquet cut short": parquet()[:-10],
    "parquet of two magics": b"PAR1PAR1",
    "parquet with an impossible footer": b"PAR1" + b"\0" * 20 + b"\xff\xff\xff\x7fPAR1",
    "pdf cut short": b"%PDF-1.7\n1 0 obj\n",
    "png flood": png_of(200_000, 200_000),
    "png a little too large": png_of(101, 100),
    "png with a tail": picture("png") + packed({"a": "1"}),
    "png cut short": picture("png")[:-20],
    "png damaged": picture("png")[:30] + b"\xff" + picture("png")[31:],
    "jpeg cut short": picture("jpeg")[:-10],
    "jpeg with a tail": picture("jpeg") + b"<script>alert(1)</script>",
    "gif and script": picture("gif") + b"=1;alert(1)",
    "webp cut short": picture("webp")[:-5],
    "webp with a tail": picture("webp") + b"tail",
    "not an image at all": b"\xff\xd8\xff" + b"junk" * 10,
    "text with a hidden end": b"a,b\n" * 30_000 + b"\0",
}
