def run():
    import importlib, json, os, sys
    folder, hook, backend, *paths = sys.argv[1:]
    sys.path[:] = filter(None, sys.path)
    sys.argv[:] = ["build"]
    os.environ["PYTHONNOUSERSITE"] = "1"
    import site
    site.ENABLE_USER_SITE = False
    site.addsitedir(folder)
    top = os.getcwd()
    source = os.path.join(top, "source")
    os.chdir(source)
    sys.path[:0] = [os.path.normpath(os.path.join(source, path)) for path in paths]
    module, _, rest = backend.partition(":")
    found = importlib.import_module(module)
    for part in filter(None, rest.split(".")):
        found = getattr(found, part)
    if hook == "requires":
        ask = getattr(found, "get_requires_for_build_wheel", None)
        answer = list(ask()) if ask else []
    else:
        answer = [found.build_wheel(os.path.join(top, "out"))]
    with open(os.path.join(top, "answer.json"), "w") as file:
        json.dump(answer, file)
run()
