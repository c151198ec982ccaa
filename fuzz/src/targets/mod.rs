//! The targets by name.

mod archive;
mod attest;
mod challenge;
mod code;
mod files;
mod frame;
mod mutate;
mod names;
mod npm;
mod sigstore;
mod surface;
mod wheel;

/// What tries one input.
pub(crate) type Target = fn(&[u8]);

/// Every target.
pub(crate) const TARGETS: &[(&str, Target)] = &[
    ("archive", archive::gzip),
    ("archive-tar", archive::tar),
    ("attest-mutated", attest::mutated),
    ("bundle", sigstore::bundle),
    ("bundle-mutated", sigstore::mutated),
    ("challenge", challenge::challenge),
    ("code-text", code::text),
    ("guard-frame", frame::guard),
    ("judge", surface::judged),
    ("key-set", attest::keys),
    ("lock", files::lock),
    ("manifest", files::manifest),
    ("mcp", surface::wire),
    ("names", names::names),
    ("npm-package-json", npm::package_json),
    ("npm-packument", npm::packument),
    ("npm-range", npm::range),
    ("npm-reply", attest::npm_reply),
    ("npm-resolution", npm::resolution),
    ("npmrc", npm::npmrc),
    ("pep740", attest::pep740),
    ("python-names", attest::file_names),
    ("source", attest::source),
    ("statement", attest::statement),
    ("strict-json", surface::strict_json),
    ("surface", surface::taken),
    ("text", surface::text),
    ("trusted-root", sigstore::root),
    ("tuf-stored", attest::tuf_stored),
    ("wheel", archive::wheel),
    ("wheel-layout", wheel::layout),
    ("wheel-mended", archive::wheel_mended),
    ("wheel-metadata", wheel::contents),
];

/// The input as text; targets of text pass over what is none.
fn text(data: &[u8]) -> Option<&str> {
    std::str::from_utf8(data).ok()
}
