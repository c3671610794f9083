"""labels.csv as people and spreadsheets leave it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from aurora_gradcam import labels_file

from . import Kind, Refused

FIRST, SECOND = "20240201-00000", "20240201-00010"
KNOWN = [FIRST, SECOND]
HEAD = "frame_id,label,annotator\n"
PATH = Path("labels.csv")
ROWS = f"{FIRST},yes,Ada\n{SECOND},no,Bo\n"
READ = [[FIRST, "yes", "Ada"], [SECOND, "no", "Bo"]]


def content(text: str | bytes, encoding: str = "utf-8") -> Callable[[Path], Any]:
    def act(_: Path) -> Any:
        PATH.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return labels_file.read(PATH, KNOWN).to_numpy().tolist()

    return act


def folder(_: Path) -> Any:
    PATH.mkdir()
    return labels_file.read(PATH, KNOWN)


def missing(_: Path) -> Any:
    return labels_file.read(PATH, KNOWN).to_numpy().tolist()


TABLE = HEAD + ROWS
KINDS = [
    Kind("plain", content(TABLE), READ),
    Kind("no file", missing, []),
    Kind("a header alone", content(HEAD), []),
    Kind("line ends of Windows", content(TABLE.replace("\n", "\r\n")), READ),
    Kind("line ends of old Macs", content(TABLE.replace("\n", "\r")), READ),
    Kind("no line end at the end", content(TABLE.rstrip()), READ),
    Kind("semicolons", content(TABLE.replace(",", ";")), READ),
    Kind("tabs", content(TABLE.replace(",", "\t")), READ),
    Kind("a byte order mark", content(TABLE, "utf-8-sig"), READ),
    Kind("UTF-16", content(TABLE, "utf-16"), READ),
    Kind("commas at the end of lines", content(TABLE.replace("\n", ",,\n")), READ),
    Kind("words in capitals", content(TABLE.replace("yes", "YES").replace(",no", ",No")), READ),
    Kind("quotes and spaces", content(HEAD + f'"{FIRST}", yes ,"Ada"\n{SECOND},no, Bo\n'), READ),
    Kind("empty lines", content(HEAD + "\n" + ROWS.replace("\n", "\n\n") + ",,\n"), READ),
    Kind("another order of lines", content(HEAD + "".join(reversed(ROWS.splitlines(True)))), READ[::-1]),
    Kind("a label twice", content(TABLE + f"{FIRST},yes,Ada\n"), READ),
    Kind("two labels by one person", content(TABLE + f"{FIRST},no,Ada\n"), Refused("'no' here and 'yes' in line 2")),
    Kind(
        "an unknown frame",
        content(TABLE + "20240201-00099,yes,Ada\n"),
        Refused("line 4.*|00099' is in no frames table"),
    ),
    Kind("neither yes nor no", content(TABLE + f"{FIRST},maybe,Cy\n"), Refused("'maybe' is neither yes nor no")),
    Kind("nobody", content(HEAD + f"{FIRST},yes,\n"), Refused("names no annotator")),
    Kind("a cell too many", content(HEAD + f"{FIRST},yes,Ada,x\n"), Refused("4 values where")),
    Kind("a cell too few", content(HEAD + f"{FIRST},yes\n"), Refused("2 values where")),
    Kind("no header", content(ROWS), Refused("header is")),
    Kind("another header", content("frame,label,who\n" + ROWS), Refused("header is")),
    Kind("empty", content(""), Refused("header is")),
    Kind("letters of another encoding", content(HEAD + f"{FIRST},yes,Bjørn\n", "cp1252"), Refused("UTF-8")),
    Kind(
        "zero bytes in the text", content(TABLE.replace("Ada", "A\0da")), Refused("control character.*close the quotes")
    ),
    Kind("a quote that never ends", content(HEAD + f'{FIRST},yes,"Ada\n{SECOND},no,Bo\n'), Refused("line end")),
    Kind("a table of Excel itself", content(b"PK\x03\x04\x14\x00\x06\x00" + bytes(range(256)) * 4), Refused("UTF-8")),
    Kind("a folder of that name", folder, Refused("give a file, not a folder")),
    Kind(
        "a merge that Git could not do",
        content(HEAD + f"<<<<<<< HEAD\n{FIRST},yes,Ada\n=======\n{FIRST},no,Ada\n>>>>>>> b\n"),
        Refused("line 2"),
    ),
]
