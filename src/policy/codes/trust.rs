//! Who made a package, and how that is proved.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "ask the maintainers, by a way that you knew before, whether they changed how they publish";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "attestation-missing",
        meaning: "the registry's metadata announces attestations for a package, and the registry has none for it; a mirror may have dropped them, so ask the registry itself before you rely on the package",
        advice: "try again without a mirror, and use no package whose evidence somebody withholds",
    },
    Page {
        code: "builder-changed",
        meaning: "provenance names another builder than before; a machine of somebody's own (self-hosted) can put anything into a build, so find out whether the maintainers moved their builds",
        advice: "look in the project for the commit that moved the build, and ask the maintainers if there is none",
    },
    Page {
        code: "builder-self-hosted",
        meaning: "the server's own package was built on a machine of somebody's own, not on one of the host's; whoever runs that machine can put anything into the build",
        advice: "find out whose machine it is; without an answer, treat the package as one without provenance",
    },
    Page {
        code: "bundle-changed",
        meaning: "a stored attestation is no longer the bytes that were proved",
        advice: "`mcp-pin install` fetches it again and proves it; find out who can write to the store",
    },
    Page {
        code: "evidence-downgraded",
        meaning: "a package has less evidence of where it comes from than the pinned one had; a stolen token publishes like this, past the build that proves itself, so ask the maintainers before you accept it",
        advice: "do not update before the maintainers say that they published this version, and why without proof",
    },
    Page {
        code: "evidence-forged",
        meaning: "the evidence that the lock names for a package does not hold, or proves something else than the lock says",
        advice: "do not install it; look at who changed the lock and how",
    },
    Page {
        code: "evidence-gained",
        meaning: "a package has more evidence of where it comes from than the pinned one had; from now on losing it is reported",
        advice: "nothing needs to be done; the level is kept from now on",
    },
    Page {
        code: "evidence-stripped",
        meaning: "the lock names evidence for exactly these bytes and the registry delivers none for them; what was once signed stays signed, so a mirror or somebody between you and the registry takes it away: use another registry or network",
        advice: "do not accept it: use another registry or network, where the evidence is delivered again",
    },
    Page {
        code: "evidence-too-low",
        meaning: "the policy demands more evidence of where a package comes from than was proved",
        advice: "use a version that meets the policy, or change the policy if you know why",
    },
    Page {
        code: "identity-unmet",
        meaning: "the package was not built by the issuer, signer, repository, workflow or ref that the manifest demands; do not accept it unless you know why, and then change the manifest's `identity`",
        advice: "do not accept it: compare with the identity in the manifest, and ask the maintainers whether they moved",
    },
    Page {
        code: "maintainers-changed",
        meaning: "the registry says that other people can publish a package than before; handovers are ordinary, and so is this before a stolen or sold package turns",
        advice: "look at who came and who went",
    },
    Page {
        code: "project-policy-changed",
        meaning: "the project demands something else of its servers than the base does; a change that is proposed is judged by what the base demands",
        advice: "read the change of mcp-pin.toml itself; what was demanded should not be dropped in passing",
    },
    Page {
        code: "publisher-by-hand",
        meaning: "the registry says that a release was published by hand, where the one before came from a build that the registry knows; a stolen token publishes like this",
        advice: "ask the maintainers, by a way that you knew before, whether they published it",
    },
    Page {
        code: "publisher-changed",
        meaning: "the registry says that a release was published by another account than the one before",
        advice: "look at whether the account was a maintainer before, and ask the others if it was not",
    },
    Page {
        code: "registry-signature-lost",
        meaning: "the registry signed the pinned version and does not sign this one; provenance does not make up for it, since anybody can have a build of their own attest any bytes: a mirror may serve what the registry never had, so ask the registry itself",
        advice: "do not accept it: ask the registry itself, without a mirror in between",
    },
    Page {
        code: "release-after-silence",
        meaning: "a package was released again after more than a year without a release; whoever releases it now may be somebody else",
        advice: "read what changed with more care than usual, and look at who published it",
    },
    Page {
        code: "release-date-before-log",
        meaning: "the registry gives a release an earlier date than the log's time, which is proved; a back-dated release slips past the cooldown, so count its age from the log's time",
        advice: "wait until the release is old enough by the date of the log",
    },
    Page {
        code: "release-date-missing",
        meaning: "a registry that dates its releases gives no date for some: the cooldown could not be checked for them",
        advice: "ask the registry when they were published; a release without a date may be minutes old",
    },
    Page {
        code: "release-date-unknown",
        meaning: "the registry gives no release dates, so the cooldown could not be checked",
        advice: "look up by hand when the release was made, or use a registry that says so",
    },
    Page {
        code: "release-deprecated",
        meaning: "the publisher calls a release deprecated that is taken; the words are theirs",
        advice: "read the publisher's words: they say what to use instead, or that nobody mends it any more",
    },
    Page {
        code: "release-too-young",
        meaning: "the release is younger than the cooldown; most malicious releases are found and pulled within days",
        advice: "wait, unless the release repairs something that hurts you now",
    },
    Page {
        code: "release-yanked",
        meaning: "the publisher withdrew this release from the index (yanked); the bytes are as pinned, and there is a reason not to use them, so update",
        advice: "update; the index or the project says why it was withdrawn",
    },
    Page {
        code: "repository-changed",
        meaning: "the archive of a package names another source repository than before, or none any more",
        advice: "look at both: a project that moves says so at its old place",
    },
    Page {
        code: "signer-issuer-changed",
        meaning: "another authority vouches for whoever signed the package than before; anybody can be anybody at an authority of their own choice, so accept it only if the maintainers say that they moved",
        advice: "accept it only if the maintainers say, where they spoke before, that they moved",
    },
    Page {
        code: "signer-ref-changed",
        meaning: "the package was built from another kind of branch or tag than before; a branch that anybody may push gets past the review that releases go through, so look at that ref and its commit",
        advice: "look at the ref and its last commits in the repository, and who may push there",
    },
    Page {
        code: "signer-ref-unusual",
        meaning: "packages were built from a pull request, which anybody can open and nobody need have merged; look at the commit before you trust it",
        advice: "look at the pull request, who opened it and whether it was merged",
    },
    Page {
        code: "signer-repository-changed",
        meaning: "the package was built from another source repository than before; honest projects move, and so does a package whose publisher was robbed, so accept it only if the old repository or the maintainers say so",
        advice: "look in the old repository for a word that the project moved; without one, do not accept it",
    },
    Page {
        code: "signer-repository-replaced",
        meaning: "the name of the source repository or of its owner is the same and its number is not: the old one was deleted, renamed or abandoned and somebody took its name; treat it as another project",
        advice: "do not accept it: treat it as another project by somebody else",
    },
    Page {
        code: "signer-workflow-changed",
        meaning: "another workflow signed the package than before; any workflow in a repository can sign, and not every one is reviewed like a release, so look at the workflow's file",
        advice: ADVICE,
    },
    Page {
        code: "source-mismatch",
        meaning: "the package names one source repository and was built from another; what you read in the first is not what was built, so review the one that it was built from",
        advice: "review the repository that it was built from, and ask why the package names another",
    },
];
