#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that the tree keeps to its architecture.

check_layering.py TREE      prints one line for each violation; exit code 1 when there is any
check_layering.py --self-test FIXTURES

The `msg_layer(folder LINKS ...)` lines of TREE/CMakeLists.txt are the allowed arrows: a layer may include itself and
what it links, directly or through others. Besides: every source file of ours starts with an SPDX line, the console
(admin-gui) includes nothing of QtHttpServer or QtCharts and nothing of the server, and
shared/stomp, a codec that a fuzzer must see into, includes nothing of Qt, neither itself nor through our headers.
"""

import os
import re
import sys
from pathlib import Path

LAYER = re.compile(r"msg_layer\(\s*(\S+)\s+LINKS\s+([^)]*)\)")
INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.MULTILINE)
SOURCE_FOLDERS = ("shared", "server", "admin-gui", "resources", "tests")
SOURCE_SUFFIXES = {".cpp", ".h", ".js", ".mjs", ".ts", ".py", ".cmake", ".sh", ".html", ".css", ".sql"}
SKIPPED_FOLDERS = {"node_modules", "build", "fixtures"}
QT_FREE_LAYERS = {"shared/stomp"}
NOT_IN_CONSOLE = re.compile(r"(QtHttpServer/|QtCharts/)?(QHttpServer|QAbstractHttpServer|QtHttpServer|QtCharts|QChart)|server/")


def allowed_layers(cmake_text):
    """Each layer's folder with all the folders it may include."""
    links = {}
    for folder, targets in LAYER.findall(re.sub(r"#.*", "", cmake_text)):
        links[folder] = targets.split()
    folder_of_target = {folder.replace("/", "_"): folder for folder in links}

    def reach(folder, seen):
        if folder not in seen:
            seen.add(folder)
            for target in links[folder]:
                if target in folder_of_target:
                    reach(folder_of_target[target], seen)
        return seen

    return {folder: reach(folder, set()) for folder in links}


def source_files(tree):
    for top in SOURCE_FOLDERS:
        for directory, folders, files in os.walk(tree / top):
            folders[:] = sorted(f for f in folders if f not in SKIPPED_FOLDERS)
            for name in sorted(files):
                path = Path(directory) / name
                if path.suffix in SOURCE_SUFFIXES or name == "CMakeLists.txt":
                    yield path


def is_qt(header):
    return bool(re.match(r"Q[A-Z]|Qt", header))


def qt_headers(tree, text, seen):
    """Headers of Qt that a source with this text includes, as (header, our header that includes it or None)."""
    for _, header in INCLUDE.findall(text):
        if is_qt(header):
            yield header, None
        elif header not in seen and (tree / header).is_file():
            seen.add(header)
            for deeper, through in qt_headers(tree, (tree / header).read_text(encoding="utf-8"), seen):
                yield deeper, through or header


def violations(tree):
    found = []
    allowed = allowed_layers((tree / "CMakeLists.txt").read_text())
    if not allowed:
        found.append("CMakeLists.txt: no msg_layer line was found")
    for path in source_files(tree):
        name = path.relative_to(tree).as_posix()
        text = path.read_text(encoding="utf-8")
        if "SPDX-License-Identifier: " not in "\n".join(text.split("\n", 3)[:3]):
            found.append(f"{name}: no SPDX-License-Identifier in its first lines")
        if path.suffix not in (".cpp", ".h"):
            continue
        layer = path.parent.relative_to(tree).as_posix()
        if layer.startswith(("shared/", "server/", "admin-gui/")) and layer not in allowed:
            found.append(f"{name}: the folder {layer} is no msg_layer of CMakeLists.txt")
            continue
        if layer in QT_FREE_LAYERS:
            for header, through in qt_headers(tree, text, set()):
                way = f" through {through}" if through else ""
                found.append(f"{name}: {layer} is plain C++ but includes {header}{way}")
        if layer.startswith("admin-gui"):
            for _, header in INCLUDE.findall(text):
                if NOT_IN_CONSOLE.match(header):
                    found.append(f"{name}: the console may not include {header}")
        if layer not in allowed:
            continue
        for bracket, header in INCLUDE.findall(text):
            target = header.rpartition("/")[0]
            ours = header.startswith(("shared/", "server/", "admin-gui/", "tests/"))
            if ours and target not in allowed[layer]:
                found.append(f"{name}: {layer} may not include {header} (CMakeLists.txt links no such layer)")
            if not ours and bracket == '"' and "/" not in header and not header.endswith(".moc"):
                found.append(f'{name}: "{header}" must be included by its path from the root')
    return found


def self_test(fixtures):
    """The fixture `good` must pass, and `bad` must show exactly the violations that it lists."""
    for fixture in ("good", "bad"):
        tree = fixtures / fixture
        expected = (tree / "expected.txt").read_text().splitlines()
        found = violations(tree)
        if found != expected:
            print(f"self-test {fixture}: expected\n  " + "\n  ".join(expected))
            print("but found\n  " + "\n  ".join(found))
            return 1
    print("self-test passed")
    return 0


def main(arguments):
    if len(arguments) == 2 and arguments[0] == "--self-test":
        return self_test(Path(arguments[1]))
    if len(arguments) != 1:
        print(__doc__)
        return 2
    found = violations(Path(arguments[0]))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
