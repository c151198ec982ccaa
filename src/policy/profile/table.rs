//! Which codes a profile moves, and which no override lowers. Sorted.

/// Codes that say: the bytes, the evidence, the launch or the files are not what was approved, or
/// what answers cannot be pinned at all. Whoever could lower them could switch mcp-pin off from
/// within. `trust`, `evidence` and `identity` of a user's own manifest are the way to demand less.
pub const KEPT: &[&str] = &[
    "archive-changed",
    "archive-refused",
    "bundle-changed",
    "bytes-replaced",
    "closure-broken",
    "duplicate-names",
    "endless-pages",
    "evidence-forged",
    "evidence-stripped",
    "evidence-too-low",
    "file-added",
    "file-changed",
    "file-missing",
    "file-mode-changed",
    "file-not-regular",
    "identity-unmet",
    "interpreter-changed",
    "launch-changed",
    "list-unstable",
    "local-file-changed",
    "lock-poisoned",
    "manifest-confusion",
    "server-vanished",
    "source-changed",
    "surface-malformed",
    "surface-not-i-json",
    "surface-too-large",
    "surface-unpinned",
];

/// Of these `relaxed` makes a warning a notice: growth that honest releases bring all the time, as
/// measured on the adjacent pairs of real surfaces. Texts that no rule can weigh (instructions, the
/// server's identity, its user interface), names of other servers' tools and other views are not here.
/// Everything stays in the report and in the fingerprint of what is approved.
pub(super) const RELAXED: &[&str] = &[
    "additional-properties-opened",
    "annotation-destructive-dropped",
    "annotation-open-world-dropped",
    "annotation-read-only-claimed",
    "capability-added",
    "constraint-loosened",
    "default-changed",
    "enum-dropped",
    "execution-changed",
    "input-schema-widened",
    "parameter-added",
    "parameter-now-required",
    "prompt-added",
    "resource-added",
    "resource-template-added",
    "tool-added",
    "tool-removed",
    "tool-renamed",
];

/// Of these `strict` makes a notice a warning: new reach, new code from new people, and whatever is
/// not known that could be.
pub(super) const STRICT: &[&str] = &[
    "capability-added",
    "capability-changed",
    "code-changed",
    "constraint-loosened",
    "enum-value-added",
    "icons-changed",
    "maintainers-changed",
    "meta-changed",
    "native-code-added",
    "output-schema-changed",
    "package-added",
    "parameter-added",
    "parameter-description-changed",
    "prompt-arguments-changed",
    "prompt-description-changed",
    "publisher-changed",
    "release-after-silence",
    "release-date-unknown",
    "release-deprecated",
    "release-yanked",
    "repository-changed",
    "resource-added",
    "resource-description-changed",
    "resource-template-added",
    "steering-text",
    "tool-description-changed",
    "tool-removed",
    "tool-title-changed",
    "volatile-leaf",
];
