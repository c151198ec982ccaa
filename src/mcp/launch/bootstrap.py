def start():
    import sys
    # Before 3.11 the working folder stands in it, and `os` is a file like any other.
    sys.path[:] = filter(None, sys.path)
    import os
    folder, entry, *args = sys.argv[1:]
    name, _, target = entry.partition(" = ")
    module, _, path = target.partition(":")
    sys.argv[:] = [name, *args]
    up = os.path.dirname
    sys.prefix = sys.exec_prefix = up(up(up(folder)))
    os.environ["PYTHONNOUSERSITE"] = "1"
    import site
    site.ENABLE_USER_SITE = False
    site.setquit()
    site.setcopyright()
    site.sethelper()
    site.addsitedir(folder)
    __import__(module)
    found = sys.modules[module]
    for part in path.split("."):
        found = getattr(found, part)
    return found
__import__("sys").exit(globals().pop("start")()())
