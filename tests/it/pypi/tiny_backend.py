"""The smallest build backend: it makes the wheel that `tiny.json` describes."""
import base64
import hashlib
import json
import os
import zipfile


def get_requires_for_build_wheel(config_settings=None):
    return read().get("more", [])


def read():
    with open("tiny.json") as file:
        return json.load(file)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    said = read()
    seen = {}
    exec(said.get("first", ""), seen)
    stem = said["name"].replace("-", "_") + "-" + said["version"]
    info = stem + ".dist-info/"
    metadata = "Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".format(**said)
    for requirement in said.get("requires", []):
        metadata += "Requires-Dist: " + requirement + "\n"
    files = dict(said.get("files", {}))
    files.update(seen.get("FILES", {}))
    files[info + "METADATA"] = metadata
    files[info + "WHEEL"] = "Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    if said.get("script"):
        files[info + "entry_points.txt"] = "[console_scripts]\n" + said["script"] + "\n"
    record = ""
    for path, text in sorted(files.items()):
        digest = hashlib.sha256(text.encode()).digest()
        if said.get("lies"):
            digest = bytes(32)
        digest = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (path, digest, len(text.encode()))
    files[info + "RECORD"] = record + info + "RECORD,,\n"
    name = stem + "-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        for path, text in sorted(files.items()):
            wheel.writestr(zipfile.ZipInfo(path), text)
    return name
