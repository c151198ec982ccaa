//! Python: the interpreter, the compiled files of a tree, and how a server is started.
