//! What a server tells the model.

use super::Page;

/// What to do where a code has no advice of its own.
const ADVICE: &str = "read what is new as an order to the model, and accept it only where the tool needs it for its work";

/// Sorted by code.
pub(super) const PAGES: &[Page] = &[
    Page {
        code: "additional-properties-opened",
        meaning: "the input now takes parameters that are not listed, a slot through which anything can be asked for",
        advice: "ask what the tool does with what is not listed, and approve calls of it one by one until you know",
    },
    Page {
        code: "annotation-changed",
        meaning: "an annotation changed that no rule knows, or is not of the form the protocol gives it",
        advice: ADVICE,
    },
    Page {
        code: "annotation-destructive-added",
        meaning: "the tool now says that it may destroy things; honest, but new reach",
        advice: ADVICE,
    },
    Page {
        code: "annotation-destructive-dropped",
        meaning: "the tool no longer says that it may destroy things, so clients ask less",
        advice: "keep asking before it is called, unless the code shows that it no longer destroys",
    },
    Page {
        code: "annotation-idempotent-changed",
        meaning: "the tool says otherwise whether repeated calls do harm",
        advice: ADVICE,
    },
    Page {
        code: "annotation-open-world-added",
        meaning: "the tool now says that it reaches the outside world",
        advice: ADVICE,
    },
    Page {
        code: "annotation-open-world-dropped",
        meaning: "the tool no longer says that it reaches the outside world, so clients ask less",
        advice: ADVICE,
    },
    Page {
        code: "annotation-read-only-claimed",
        meaning: "the tool now claims to change nothing; clients may call such tools without asking",
        advice: "do not let your client call it unasked because of this claim; check that the tool changes nothing",
    },
    Page {
        code: "annotation-read-only-dropped",
        meaning: "the tool no longer claims to change nothing, though it was approved as one that does",
        advice: ADVICE,
    },
    Page {
        code: "cache-scope-changed",
        meaning: "the server says otherwise who may share a cached answer",
        advice: ADVICE,
    },
    Page {
        code: "capability-added",
        meaning: "the server claims something new that it can do, and with it new code paths in the client",
        advice: "check whether your client lets the server ask the model or you by it, and switch it off if the server has no use for it",
    },
    Page {
        code: "capability-changed",
        meaning: "the settings of a capability changed",
        advice: ADVICE,
    },
    Page {
        code: "capability-removed",
        meaning: "the server no longer claims a capability",
        advice: ADVICE,
    },
    Page {
        code: "constraint-loosened",
        meaning: "a parameter is checked less strictly than before",
        advice: ADVICE,
    },
    Page {
        code: "default-changed",
        meaning: "a parameter has another default, which is sent without anybody seeing it",
        advice: "look what is sent when nothing is given, and set the parameter yourself where it matters",
    },
    Page {
        code: "definition-reformatted",
        meaning: "a definition is written in another way that means the same",
        advice: "nothing needs to be done",
    },
    Page {
        code: "duplicate-names",
        meaning: "two definitions share one name: which of them a client uses is not known",
        advice: "do not use the server before it is repaired: no approval says which of the two is called",
    },
    Page {
        code: "endless-pages",
        meaning: "the server's lists never end",
        advice: "do not use the server, and tell its maintainers",
    },
    Page {
        code: "enum-dropped",
        meaning: "a parameter that took only listed values now takes any",
        advice: ADVICE,
    },
    Page {
        code: "enum-value-added",
        meaning: "a parameter takes a further value, whose text the model reads",
        advice: ADVICE,
    },
    Page {
        code: "enum-value-removed",
        meaning: "a parameter no longer takes a value",
        advice: ADVICE,
    },
    Page {
        code: "execution-changed",
        meaning: "the way a tool is executed changed, for example as a task in the background",
        advice: ADVICE,
    },
    Page {
        code: "handshake-member-changed",
        meaning: "a member of the handshake changed that no other rule knows",
        advice: ADVICE,
    },
    Page {
        code: "header-parameter-changed",
        meaning: "a parameter is copied into an HTTP header, where logs and proxies see it",
        advice: ADVICE,
    },
    Page {
        code: "header-parameter-present",
        meaning: "parameters are copied into HTTP headers, where logs and proxies see them",
        advice: ADVICE,
    },
    Page {
        code: "hidden-instructions",
        meaning: "a text of the server uses a known trick to command the model or to reach secrets",
        advice: "do not approve it: report it to the registry and the maintainers, and look what the pinned version did",
    },
    Page {
        code: "icons-changed",
        meaning: "the icons of an item changed; pictures from new places can track and imitate",
        advice: ADVICE,
    },
    Page {
        code: "input-schema-changed",
        meaning: "the input of a tool changed in a way that no finer rule knows",
        advice: ADVICE,
    },
    Page {
        code: "input-schema-narrowed",
        meaning: "the input of a tool is checked more strictly",
        advice: ADVICE,
    },
    Page {
        code: "input-schema-widened",
        meaning: "the input of a tool takes more than before, so more can be asked for",
        advice: ADVICE,
    },
    Page {
        code: "instructions-changed",
        meaning: "the server's instructions changed; a client may put them before the model as they are",
        advice: "read the new instructions as orders to the model, and accept none that reach beyond the server",
    },
    Page {
        code: "invisible-characters",
        meaning: "characters that nobody sees stand in code or in text for the model, the way hidden instructions are smuggled",
        advice: "do not approve it before you know each character; honest text for a model needs none of them",
    },
    Page {
        code: "list-unstable",
        meaning: "the server's lists differ between two calls of one run, so what is approved is not what a client sees",
        advice: "find out what the list depends on; a server that answers each time otherwise cannot be pinned",
    },
    Page {
        code: "listening-parameter-present",
        meaning: "a tool asks for the conversation or the system prompt, which no honest tool needs",
        advice: "do not approve it, unless the tool is made to process the conversation and says so",
    },
    Page {
        code: "meta-changed",
        meaning: "the `_meta` member of an item changed",
        advice: ADVICE,
    },
    Page {
        code: "network-reference",
        meaning: "a schema now refers to another one over the network, which can change at any time",
        advice: "do not approve it: a reference that is fetched later is nothing that can be approved now",
    },
    Page {
        code: "output-schema-changed",
        meaning: "the description of what a tool answers changed",
        advice: ADVICE,
    },
    Page {
        code: "parameter-added",
        meaning: "a tool has a new parameter; one that takes any text can carry your data out",
        advice: "ask what the tool needs it for; a free text can carry out whatever the model knows",
    },
    Page {
        code: "parameter-description-changed",
        meaning: "the text of a parameter changed, which the model reads",
        advice: ADVICE,
    },
    Page {
        code: "parameter-now-optional",
        meaning: "a parameter is no longer required",
        advice: ADVICE,
    },
    Page {
        code: "parameter-now-required",
        meaning: "a parameter is now required, so the model must fill it",
        advice: ADVICE,
    },
    Page {
        code: "parameter-removed",
        meaning: "a parameter is gone",
        advice: ADVICE,
    },
    Page {
        code: "prompt-added",
        meaning: "a prompt is new",
        advice: ADVICE,
    },
    Page {
        code: "prompt-arguments-changed",
        meaning: "the arguments of a prompt changed",
        advice: ADVICE,
    },
    Page {
        code: "prompt-description-changed",
        meaning: "the description of a prompt changed",
        advice: ADVICE,
    },
    Page {
        code: "prompt-removed",
        meaning: "a prompt is gone",
        advice: ADVICE,
    },
    Page {
        code: "prompt-title-changed",
        meaning: "the title of a prompt changed",
        advice: ADVICE,
    },
    Page {
        code: "protocol-downgraded",
        meaning: "the server speaks only an older protocol version, whose rules protect less",
        advice: "ask the maintainers why, and prefer a version that speaks the newer protocol",
    },
    Page {
        code: "protocol-version-changed",
        meaning: "the server speaks other protocol versions",
        advice: ADVICE,
    },
    Page {
        code: "resource-added",
        meaning: "a resource is new",
        advice: ADVICE,
    },
    Page {
        code: "resource-changed",
        meaning: "type or annotations of a resource changed",
        advice: ADVICE,
    },
    Page {
        code: "resource-description-changed",
        meaning: "the description of a resource changed",
        advice: ADVICE,
    },
    Page {
        code: "resource-removed",
        meaning: "a resource is gone",
        advice: ADVICE,
    },
    Page {
        code: "resource-template-added",
        meaning: "a resource template is new",
        advice: ADVICE,
    },
    Page {
        code: "resource-template-removed",
        meaning: "a resource template is gone",
        advice: ADVICE,
    },
    Page {
        code: "resource-title-changed",
        meaning: "the name or title of a resource changed",
        advice: ADVICE,
    },
    Page {
        code: "schema-explosion",
        meaning: "a schema grew out of all proportion, which can stall a client",
        advice: ADVICE,
    },
    Page {
        code: "secret-parameter-present",
        meaning: "parameters ask by name for secrets or notes; honest servers have such, and collecting ones as well",
        advice: "give the secret by the environment if the server allows it, and never by way of the model",
    },
    Page {
        code: "server-identity-changed",
        meaning: "the server says something else about who it is",
        advice: ADVICE,
    },
    Page {
        code: "server-version-changed",
        meaning: "the version a server gives itself changed; it proves nothing either way",
        advice: "nothing needs to be done; what changed is told by the other findings",
    },
    Page {
        code: "steering-text",
        meaning: "texts give orders, ask to be preferred, or want to be called around other tools",
        advice: "read the text: a tool that wants to be preferred, or called around others, must say why",
    },
    Page {
        code: "surface-malformed",
        meaning: "the server's lists are not of the form the protocol gives them, so nothing can be pinned",
        advice: "do not use the server before it is repaired",
    },
    Page {
        code: "surface-moved-by-closure",
        meaning: "what the server tells the model changed while its own package is the very same, and packages that it depends on are not: one of those made the change, or the server changes by itself",
        advice: "look into the packages that are named, not into the server: which of them writes what the model reads, and why",
    },
    Page {
        code: "surface-not-i-json",
        meaning: "the server's answer can be read in more than one way (duplicate keys, broken text, oversized numbers)",
        advice: "do not use the server: two clients could read two different things",
    },
    Page {
        code: "surface-not-pinned",
        meaning: "the entry has no surface: no change of what the server tells the model will be noticed",
        advice: "install it with its probe, at a machine that has a sandbox, or accept that nobody watches its texts",
    },
    Page {
        code: "surface-too-large",
        meaning: "the server sends more, or larger, definitions than any honest server does",
        advice: "do not use the server, and tell its maintainers",
    },
    Page {
        code: "surface-unpinned",
        meaning: "the approved entry had a surface and this one has none: no change would be noticed any more",
        advice: "do not accept it, unless you know that the server cannot be started any more",
    },
    Page {
        code: "suspicious-text",
        meaning: "a change brought text that uses a known trick, in a place no other finding covers",
        advice: "read the text in full; honest servers have no need of the trick that is named",
    },
    Page {
        code: "tool-added",
        meaning: "a tool is new: new reach that nobody reviewed",
        advice: "read its description and parameters, and decide whether the server should be able to do that",
    },
    Page {
        code: "tool-description-changed",
        meaning: "the description of a tool changed, which the model takes as instructions",
        advice: "read what is marked as new as an order to the model, and accept only what describes the tool",
    },
    Page {
        code: "tool-name-collision",
        meaning: "a tool has or imitates the name of another server's tool",
        advice: "rename or remove one of the two: the model cannot tell whose tool it calls",
    },
    Page {
        code: "tool-named-elsewhere",
        meaning: "another pinned server's texts already speak about a tool of this name, which it does not have itself",
        advice: ADVICE,
    },
    Page {
        code: "tool-removed",
        meaning: "a tool is gone",
        advice: "nothing needs to be done, unless you use it",
    },
    Page {
        code: "tool-renamed",
        meaning: "a tool with the same input and nearly the same words has another name",
        advice: ADVICE,
    },
    Page {
        code: "tool-title-changed",
        meaning: "the title that people see when they consent changed",
        advice: ADVICE,
    },
    Page {
        code: "ui-resource-changed",
        meaning: "the user interface a tool brings, or where it may load from, changed",
        advice: "look from where the interface loads now, and accept no place that is not the project's",
    },
    Page {
        code: "unknown-member-changed",
        meaning: "a member of a definition changed that no rule knows",
        advice: ADVICE,
    },
    Page {
        code: "view-added",
        meaning: "the server answers in a protocol era, or differently to some clients, where it did not before",
        advice: "read it like a first install: clients of that kind were not served before",
    },
    Page {
        code: "view-removed",
        meaning: "the server no longer answers in a protocol era, or to some clients, as it did",
        advice: ADVICE,
    },
    Page {
        code: "volatile-leaf",
        meaning: "a part of the surface changes by itself from one call to the next",
        advice: "look at what changes; text for the model has no reason to",
    },
];
