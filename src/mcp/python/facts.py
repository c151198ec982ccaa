import json, os, platform, sys, sysconfig

info = sys.implementation.version
version = "%d.%d.%d" % info[:3]
if info.releaselevel != "final":
    version += info.releaselevel[0].replace("c", "rc") + str(info.serial)
try:
    libc = os.confstr("CS_GNU_LIBC_VERSION")
except (AttributeError, OSError, ValueError):
    libc = None
program = os.path.dirname(os.path.realpath(sys.executable))
settings = [os.path.join(folder, "pyvenv.cfg") for folder in (program, os.path.dirname(program))]
loader = sys.modules.get("_frozen_importlib_external")

def seen():
    """Every file that this answer was made of, as far as the system says which."""
    try:
        with open("/proc/self/maps", encoding="utf-8") as maps:
            fields = [line.rstrip("\n").split(None, 5) for line in maps]
        files = {line[5] for line in fields if len(line) == 6 and line[5].startswith("/")}
        if any("\\" in file or file.endswith(" (deleted)") for file in files):
            return None
        for module in list(sys.modules.values()):
            files.add(getattr(module, "__file__", None))
            files.add(getattr(getattr(module, "__spec__", None), "cached", None))
        files = sorted(file for file in files.union(sys.path) if isinstance(file, str) and os.path.isabs(file))
        json.dumps(files, ensure_ascii=False).encode("utf-8")
        return files
    except (OSError, ValueError):
        return None

print(json.dumps({
    "version": list(sys.version_info[:3]),
    "full_version": platform.python_version(),
    "implementation": sys.implementation.name,
    "implementation_version": version,
    "os_name": os.name,
    "sys_platform": sys.platform,
    "platform_machine": platform.machine(),
    "platform_python_implementation": platform.python_implementation(),
    "platform_release": platform.release(),
    "platform_system": platform.system(),
    "platform_version": platform.version(),
    "free_threaded": bool(sysconfig.get_config_var("Py_GIL_DISABLED")),
    "debug": bool(sysconfig.get_config_var("Py_DEBUG")) or hasattr(sys, "gettotalrefcount"),
    "pointer_size": sys.maxsize.bit_length() // 8 + 1,
    "cache_tag": sys.implementation.cache_tag or "",
    "magic": loader.MAGIC_NUMBER.hex() if loader else "",
    "libc": libc,
    "mac_version": platform.mac_ver()[0],
    "windows_platform": sysconfig.get_platform() if os.name == "nt" else "",
    # Before 3.14, `site` alone compares the prefixes, and it is not asked.
    "in_environment": sys.prefix != sys.base_prefix or any(map(os.path.lexists, settings)),
    "prefix": sys.base_prefix,
    "library": os.path.dirname(os.__file__),
    "path": [entry for entry in sys.path if os.path.isabs(entry)],
    "seen": seen(),
}))
