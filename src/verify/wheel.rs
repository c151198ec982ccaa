//! Wheels: what a Python package's archive says about itself, held against what is in it.
