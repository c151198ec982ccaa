//! Every code a finding can have, with what it means and why it matters.
//!
//! A code is a promise: it keeps its one meaning over versions, since users filter and scripts
//! compare by it.

/// Code and explanation, sorted by code.
pub const CODES: &[(&str, &str)] = &[
    (
        "additional-properties-opened",
        "the input now takes parameters that are not listed, a slot through which anything can be asked for",
    ),
    (
        "annotation-changed",
        "an annotation changed that no rule knows, or is not of the form the protocol gives it",
    ),
    (
        "annotation-destructive-added",
        "the tool now says that it may destroy things; honest, but new reach",
    ),
    (
        "annotation-destructive-dropped",
        "the tool no longer says that it may destroy things, so clients ask less",
    ),
    (
        "annotation-idempotent-changed",
        "the tool says otherwise whether repeated calls do harm",
    ),
    ("annotation-open-world-added", "the tool now says that it reaches the outside world"),
    (
        "annotation-open-world-dropped",
        "the tool no longer says that it reaches the outside world, so clients ask less",
    ),
    (
        "annotation-read-only-claimed",
        "the tool now claims to change nothing; clients may call such tools without asking",
    ),
    (
        "annotation-read-only-dropped",
        "the tool no longer claims to change nothing, though it was approved as one that does",
    ),
    (
        "archive-added",
        "a version that was pinned before has one more archive, which some machines prefer; projects do add wheels later, and so does whoever stole their token, so look at when and by whom it was made",
    ),
    (
        "archive-changed",
        "an archive in the store is no longer the bytes that were verified; it is never unpacked, and install fetches it again",
    ),
    (
        "archive-refused",
        "an archive holds what no package may hold, or brings a lockfile of its own (npm-shrinkwrap.json) that would choose its dependencies",
    ),
    (
        "attestation-missing",
        "the registry's metadata announces attestations for a package, and the registry has none for it; a mirror may have dropped them, so ask the registry itself before you rely on the package",
    ),
    (
        "builder-changed",
        "provenance names another builder than before; a machine of somebody's own (self-hosted) can put anything into a build, so find out whether the maintainers moved their builds",
    ),
    (
        "builder-self-hosted",
        "the server's own package was built on a machine of somebody's own, not on one of the host's; whoever runs that machine can put anything into the build",
    ),
    (
        "built-from-source",
        "a Python package has no wheel and you permitted its build: its own code runs to make one, and the bytes that come out exist on this machine alone, so no index and no signature speaks for them",
    ),
    (
        "bundled-dependencies",
        "a package carries dependencies inside its own archive; they are covered by its digest",
    ),
    (
        "bytes-replaced",
        "the same name and version has other bytes than were pinned, which a registry must never allow",
    ),
    ("cache-scope-changed", "the server says otherwise who may share a cached answer"),
    (
        "capability-added",
        "the server claims something new that it can do, and with it new code paths in the client",
    ),
    ("capability-changed", "the settings of a capability changed"),
    ("capability-removed", "the server no longer claims a capability"),
    (
        "closure-broken",
        "the resolver's answer does not hang together: an edge without its package, a package nobody needs, or a requirement that is not met",
    ),
    ("code-changed", "files of a package differ between the pinned version and this one"),
    ("constraint-loosened", "a parameter is checked less strictly than before"),
    (
        "default-changed",
        "a parameter has another default, which is sent without anybody seeing it",
    ),
    (
        "definition-reformatted",
        "a definition is written in another way that means the same",
    ),
    (
        "duplicate-names",
        "two definitions share one name: which of them a client uses is not known",
    ),
    ("endless-pages", "the server's lists never end"),
    ("entry-changed", "another file or function of the package is started than before"),
    ("enum-dropped", "a parameter that took only listed values now takes any"),
    ("enum-value-added", "a parameter takes a further value, whose text the model reads"),
    ("enum-value-removed", "a parameter no longer takes a value"),
    (
        "evidence-downgraded",
        "a package has less evidence of where it comes from than the pinned one had; a stolen token publishes like this, past the build that proves itself, so ask the maintainers before you accept it",
    ),
    (
        "evidence-gained",
        "a package has more evidence of where it comes from than the pinned one had; from now on losing it is reported",
    ),
    (
        "evidence-stripped",
        "the lock names evidence for exactly these bytes and the registry delivers none for them; what was once signed stays signed, so a mirror or somebody between you and the registry takes it away: use another registry or network",
    ),
    (
        "evidence-too-low",
        "the policy demands more evidence of where a package comes from than was proved",
    ),
    (
        "execution-changed",
        "the way a tool is executed changed, for example as a task in the background",
    ),
    ("file-added", "an installed tree holds a file that is in no verified archive"),
    (
        "file-changed",
        "an installed file is not what its verified archive holds: somebody changed it after it was verified",
    ),
    ("file-missing", "a file of a verified archive is missing from the installed tree"),
    (
        "file-mode-changed",
        "an installed file has another executable bit than in its archive",
    ),
    (
        "file-not-regular",
        "a link, folder or device stands in the installed tree where the archive has something else",
    ),
    (
        "handshake-member-changed",
        "a member of the handshake changed that no other rule knows",
    ),
    (
        "header-parameter-changed",
        "a parameter is copied into an HTTP header, where logs and proxies see it",
    ),
    (
        "header-parameter-present",
        "parameters are copied into HTTP headers, where logs and proxies see them",
    ),
    (
        "hidden-instructions",
        "a text of the server uses a known trick to command the model or to reach secrets",
    ),
    (
        "icons-changed",
        "the icons of an item changed; pictures from new places can track and imitate",
    ),
    (
        "identity-unmet",
        "the package was not built by the issuer, signer, repository, workflow or ref that the manifest demands; do not accept it unless you know why, and then change the manifest's `identity`",
    ),
    (
        "input-schema-changed",
        "the input of a tool changed in a way that no finer rule knows",
    ),
    ("input-schema-narrowed", "the input of a tool is checked more strictly"),
    (
        "input-schema-widened",
        "the input of a tool takes more than before, so more can be asked for",
    ),
    (
        "install-script-added",
        "a package now has a script that other package managers run at install; mcp-pin never does",
    ),
    (
        "install-script-changed",
        "a package has another install script than before; mcp-pin never runs it",
    ),
    (
        "install-script-present",
        "packages have scripts that other package managers run at install; mcp-pin never does",
    ),
    ("install-script-removed", "a package no longer has an install script"),
    (
        "instructions-changed",
        "the server's instructions changed; a client may put them before the model as they are",
    ),
    (
        "interpreter-changed",
        "the Python that was recorded for the server has another path or version now; its bytes are not in the lock, so find out whether you or your system updated it",
    ),
    (
        "invisible-characters",
        "characters that nobody sees stand in code or in text for the model, the way hidden instructions are smuggled",
    ),
    ("launch-args", "the server is started with these arguments"),
    (
        "launch-changed",
        "command, arguments, variables, working directory or network permission of the server changed",
    ),
    (
        "launch-cwd",
        "the server starts in the client's working folder, where the files of a project can steer it",
    ),
    (
        "launch-env-passed",
        "variables of the client are passed to the server, which can read and send them",
    ),
    (
        "launch-network",
        "the server may use the network when it is started to take its surface, and may send what it is given",
    ),
    (
        "list-unstable",
        "the server's lists differ between two calls of one run, so what is approved is not what a client sees",
    ),
    (
        "listening-parameter-present",
        "a tool asks for the conversation or the system prompt, which no honest tool needs",
    ),
    (
        "local-command",
        "the server is a command of this machine: its own files are pinned, what those load is not",
    ),
    (
        "local-file-changed",
        "a pinned file of a local command has other content or is gone",
    ),
    (
        "lock-poisoned",
        "the lock does not hang together: an edge without its package, a package nobody needs or under another's name, or a requirement that is not met",
    ),
    (
        "manifest-confusion",
        "the registry's metadata about a package differs from the archive itself: a way to hide scripts or dependencies",
    ),
    (
        "manifest-differs",
        "mcp-pin.toml and mcp-pin.lock say different things about the server",
    ),
    ("meta-changed", "the `_meta` member of an item changed"),
    ("native-code-added", "a package now brings native code, which nobody can read"),
    ("native-code-present", "packages bring native code, which nobody can read"),
    (
        "network-reference",
        "a schema now refers to another one over the network, which can change at any time",
    ),
    (
        "newer-without-wheel",
        "a newer release exists only as source, whose build would run its code, so an older one with a wheel was taken; permit the build by name (`builds` under `[policy]` in your own mcp-pin.toml) if you want it",
    ),
    (
        "optional-dependency-absent",
        "npm silently left out an optional dependency, because the registry does not give it",
    ),
    ("output-schema-changed", "the description of what a tool answers changed"),
    ("package-added", "a package is new in the closure"),
    ("package-aliased", "a new package stands under another package's name"),
    ("package-changed", "packages of the closure have another version or place"),
    ("package-removed", "packages left the closure"),
    (
        "parameter-added",
        "a tool has a new parameter; one that takes any text can carry your data out",
    ),
    (
        "parameter-description-changed",
        "the text of a parameter changed, which the model reads",
    ),
    ("parameter-now-optional", "a parameter is no longer required"),
    ("parameter-now-required", "a parameter is now required, so the model must fill it"),
    ("parameter-removed", "a parameter is gone"),
    ("peer-unsatisfied", "a package wants another one beside it that is not there"),
    ("prompt-added", "a prompt is new"),
    ("prompt-arguments-changed", "the arguments of a prompt changed"),
    ("prompt-description-changed", "the description of a prompt changed"),
    ("prompt-removed", "a prompt is gone"),
    ("prompt-title-changed", "the title of a prompt changed"),
    (
        "protocol-downgraded",
        "the server speaks only an older protocol version, whose rules protect less",
    ),
    ("protocol-version-changed", "the server speaks other protocol versions"),
    (
        "registry-signature-lost",
        "the registry signed the pinned version and does not sign this one; provenance does not make up for it, since anybody can have a build of their own attest any bytes: a mirror may serve what the registry never had, so ask the registry itself",
    ),
    (
        "release-date-before-log",
        "the registry gives a release an earlier date than the log's time, which is proved; a back-dated release slips past the cooldown, so count its age from the log's time",
    ),
    (
        "release-date-unknown",
        "the registry gives no release dates, so the cooldown could not be checked",
    ),
    (
        "release-too-young",
        "the release is younger than the cooldown; most malicious releases are found and pulled within days",
    ),
    (
        "release-yanked",
        "the publisher withdrew this release from the index (yanked); the bytes are as pinned, and there is a reason not to use them, so update",
    ),
    ("resource-added", "a resource is new"),
    ("resource-changed", "type or annotations of a resource changed"),
    ("resource-description-changed", "the description of a resource changed"),
    ("resource-removed", "a resource is gone"),
    ("resource-template-added", "a resource template is new"),
    ("resource-template-removed", "a resource template is gone"),
    ("resource-title-changed", "the name or title of a resource changed"),
    ("runtime-range-changed", "the package asks for other versions of its runtime"),
    (
        "runtime-unfit",
        "the package asks for another version of the runtime than this machine has",
    ),
    ("schema-explosion", "a schema grew out of all proportion, which can stall a client"),
    (
        "secret-parameter-present",
        "parameters ask by name for secrets or notes; honest servers have such, and collecting ones as well",
    ),
    ("server-identity-changed", "the server says something else about who it is"),
    (
        "server-vanished",
        "a server that you approved is in neither file any more, so nothing checks it; somebody took it out without `mcp-pin remove`",
    ),
    (
        "server-version-changed",
        "the version a server gives itself changed; it proves nothing either way",
    ),
    (
        "signer-issuer-changed",
        "another authority vouches for whoever signed the package than before; anybody can be anybody at an authority of their own choice, so accept it only if the maintainers say that they moved",
    ),
    (
        "signer-ref-changed",
        "the package was built from another kind of branch or tag than before; a branch that anybody may push gets past the review that releases go through, so look at that ref and its commit",
    ),
    (
        "signer-ref-unusual",
        "packages were built from a pull request, which anybody can open and nobody need have merged; look at the commit before you trust it",
    ),
    (
        "signer-repository-changed",
        "the package was built from another source repository than before; honest projects move, and so does a package whose publisher was robbed, so accept it only if the old repository or the maintainers say so",
    ),
    (
        "signer-repository-replaced",
        "the name of the source repository or of its owner is the same and its number is not: the old one was deleted, renamed or abandoned and somebody took its name; treat it as another project",
    ),
    (
        "signer-workflow-changed",
        "another workflow signed the package than before; any workflow in a repository can sign, and not every one is reviewed like a release, so look at the workflow's file",
    ),
    (
        "source-changed",
        "the entry comes from another source, or asks for another range of versions",
    ),
    (
        "source-mismatch",
        "the package names one source repository and was built from another; what you read in the first is not what was built, so review the one that it was built from",
    ),
    (
        "startup-code-added",
        "a Python package now has code (a `.pth` file, sitecustomize) that runs whenever the server's Python starts, without anybody importing it; stolen packages used exactly this, so read it",
    ),
    (
        "startup-code-changed",
        "code of a Python package that runs whenever the server's Python starts is other code than before",
    ),
    (
        "startup-code-present",
        "Python packages have code (`.pth` files, sitecustomize) that runs whenever the server's Python starts, without anybody importing it; critical where it decodes, fetches or starts programs, which honest startup code does not",
    ),
    (
        "startup-code-removed",
        "a Python package no longer has code that runs when Python starts",
    ),
    (
        "steering-text",
        "texts give orders, ask to be preferred, or want to be called around other tools",
    ),
    (
        "surface-malformed",
        "the server's lists are not of the form the protocol gives them, so nothing can be pinned",
    ),
    (
        "surface-not-i-json",
        "the server's answer can be read in more than one way (duplicate keys, broken text, oversized numbers)",
    ),
    (
        "surface-not-pinned",
        "the entry has no surface: no change of what the server tells the model will be noticed",
    ),
    (
        "surface-too-large",
        "the server sends more, or larger, definitions than any honest server does",
    ),
    (
        "surface-unpinned",
        "the approved entry had a surface and this one has none: no change would be noticed any more",
    ),
    (
        "suspicious-text",
        "a change brought text that uses a known trick, in a place no other finding covers",
    ),
    ("tool-added", "a tool is new: new reach that nobody reviewed"),
    (
        "tool-description-changed",
        "the description of a tool changed, which the model takes as instructions",
    ),
    ("tool-name-collision", "a tool has or imitates the name of another server's tool"),
    ("tool-removed", "a tool is gone"),
    ("tool-title-changed", "the title that people see when they consent changed"),
    (
        "ui-resource-changed",
        "the user interface a tool brings, or where it may load from, changed",
    ),
    ("unknown-member-changed", "a member of a definition changed that no rule knows"),
    ("version-changed", "the server's own package has another version"),
    ("version-downgraded", "the server's own package became older"),
    (
        "view-added",
        "the server answers in a protocol era, or differently to some clients, where it did not before",
    ),
    (
        "view-removed",
        "the server no longer answers in a protocol era, or to some clients, as it did",
    ),
    ("volatile-leaf", "a part of the surface changes by itself from one call to the next"),
];

/// One sentence about a code; `None` where there is no such code.
pub fn explain(code: &str) -> Option<&'static str> {
    CODES.binary_search_by(|(known, _)| (*known).cmp(code)).ok().map(|at| CODES[at].1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_and_every_code_is_found() {
        assert!(CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
        assert!(CODES.iter().all(|(code, _)| explain(code).is_some()));
        assert_eq!(explain("no-such-code"), None);
    }

    #[test]
    fn every_code_of_the_source_is_listed() {
        let sources = [
            include_str!("../mod.rs"),
            include_str!("../item.rs"),
            include_str!("../members.rs"),
            include_str!("../schema.rs"),
            include_str!("../reach.rs"),
            include_str!("../handshake.rs"),
            include_str!("../package.rs"),
            include_str!("../install.rs"),
            include_str!("../evidence.rs"),
            include_str!("../demand.rs"),
            include_str!("../first.rs"),
            include_str!("../python.rs"),
        ];
        let ordinary = [
            "before-source",
            "before-version",
            "date-time",
            "owner-id",
            "repository-id",
            "self-hosted",
            "x-mcp-header",
        ];
        let mut used = 0;
        for source in sources.map(|source| source.split("#[cfg(test)]").next().unwrap_or_default()) {
            for word in source.split('"') {
                let code_like = word.contains('-')
                    && word.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
                    && !word.starts_with('-')
                    && !word.ends_with('-');
                if code_like && !ordinary.contains(&word) {
                    used += 1;
                    assert!(explain(word).is_some(), "{word} is not in CODES");
                }
            }
        }
        assert!(used > 80, "{used}");
    }
}
