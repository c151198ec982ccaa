//! The manifest's JSON Schema, for editors. The reader is the authority; a test compares the keys.

use serde_json::{Value, json};

use super::parse::{FACILITIES, KINDS, LONGEST_WAIT, MANY};
use crate::model::guard::LARGEST;
use crate::policy::codes;

/// JSON Schema (2020-12) of `mcp-pin.toml`.
pub fn schema() -> Value {
    let names = json!({"type": "array", "items": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$"}});
    let strings = json!({"type": "array", "items": {"type": "string"}});
    let path = |what: &str| json!({"type": "string", "pattern": "^/", "description": what});
    let level = |what: &str| json!({"enum": ["hash", "signed", "provenance"], "description": what});
    let cooldown = |what: &str| json!({"type": "string", "pattern": "^([0-9]+[dh]|0)$", "description": what});
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "mcp-pin.toml",
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "servers": {
                "description": "The servers by local name.",
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
                "additionalProperties": {
                    "type": "object",
                    "additionalProperties": false,
                    "required": ["source"],
                    "properties": {
                        "source": {"type": "string", "description": "Where it comes from: `npm:NAME[@range|@tag|@version]`, `pypi:NAME[EXTRAS][SPECIFIERS]`, `https://HOST/PATH` for a remote server, or `local` in a user's own manifest."},
                        "args": described(&strings, "Arguments for the server."),
                        "env": described(&names, "Names of the variables to pass through. Values come from the client and are never stored."),
                        "cwd": {"enum": ["empty", "client"], "description": "The working directory: an empty folder, or the client's."},
                        "network": {"type": "boolean", "description": "The probe may use the network."},
                        "bin": {"type": "string", "description": "Which of the package's executables to start; of a Python package, the console script's name."},
                        "evidence": level("The least level of evidence of the server's own package."),
                        "identity": identity(),
                        "headers": {
                            "description": "With a remote server: headers by name. `${NAME}` stands for a variable of the client, whose value is never stored.",
                            "type": "object",
                            "additionalProperties": {"type": "string"},
                        },
                        "transport": {"enum": ["streamable-http", "sse"], "description": "With a remote server: how it is spoken to."},
                        "tls-key": {"type": "string", "pattern": "^sha256:[0-9a-f]{64}$", "description": "With a remote server: the digest of its certificate's public key (SubjectPublicKeyInfo)."},
                        "private": {"type": "boolean", "description": "With a remote server: its host may be in a private network. Not in a project's manifest."},
                        "command": described(&strings, "With the source `local`: the command and its arguments."),
                        "guard": guard("The guard's rules for this server. A project's manifest can only take away: no `observe`, `sampling`, `elicitation`, `roots`, `ask` or `methods`."),
                    },
                },
            },
            "policy": {
                "description": "What is demanded before a release is taken. A project's manifest can only tighten it.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "cooldown": {
                        "type": "object",
                        "additionalProperties": false,
                        "properties": {
                            "install": cooldown("Younger releases are not chosen at first install."),
                            "update": cooldown("Younger releases are not chosen by an update."),
                        },
                    },
                    "evidence": level("The least level of evidence of a server's own package."),
                    "evidence-closure": level("The least level of evidence of every other package of the closure."),
                    "trust": {"enum": ["no-downgrade", "allow-downgrade"], "description": "Whether a version may carry less evidence than the pinned one."},
                    "accept-without-terminal": {"type": "boolean", "description": "`--accept FINGERPRINT` works without a terminal. Not in a project's manifest."},
                    "builds": {
                        "description": "Python packages that may be built from their source, which runs their code. Not in a project's manifest.",
                        "type": "array",
                        "items": {"type": "string", "pattern": "^[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?$"},
                    },
                    "profile": {"enum": ["relaxed", "standard", "strict"], "description": "How loudly findings are told."},
                    "grades": grades(),
                },
            },
            "guard": {
                "description": "The guard's rules for servers of projects by name, or `*` for all. Not in a project's manifest.",
                "type": "object",
                "propertyNames": {"pattern": "^([A-Za-z0-9][A-Za-z0-9._-]{0,63}|[*])$"},
                "additionalProperties": guard("The rules for servers of this name."),
            },
            "alerts": {
                "description": "Who else hears of drift, by a name for the channel. Ignored in a project's manifest. Without any, the desktop.",
                "type": "object",
                "propertyNames": {"pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
                "additionalProperties": alert(),
            },
            "trust": {
                "description": "What signatures are proved against. Not in a project's manifest.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "trusted-root": path("A `trusted_root.json` in the place of the one that is built in or refreshed."),
                    "registry-keys": path("Keys of a private npm registry, beside those that are built in."),
                    "tuf": {
                        "description": "A TUF repository other than the public-good one, for `mcp-pin trust refresh`.",
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["url", "root"],
                        "properties": {
                            "url": {"type": "string", "pattern": "^https?://", "description": "Its address; plain http for this machine only."},
                            "root": path("The file of the root role that is trusted at first."),
                        },
                    },
                },
            },
        },
    })
}

fn alert() -> Value {
    let path = |what: &str| json!({"type": "string", "pattern": "^/", "description": what});
    let mail = json!({"type": "string", "pattern": "^[^@]+@[^@]+$"});
    let facilities: Vec<_> = FACILITIES.iter().map(|(name, _)| name).collect();
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["type"],
        "properties": {
            "type": {"enum": KINDS, "description": "What kind of channel it is."},
            "floor": {"enum": ["notice", "warning", "critical"], "description": "What is graded lower is not told; `notice` unless set."},
            "remind": {"type": "string", "pattern": "^([0-9]+[dh]|never)$", "description": "After which time a drift that lasts is told again; `7d` unless set."},
            "url": {"type": "string", "pattern": "^https?://", "description": "With webhook and slack: the address."},
            "url-file": path("With webhook and slack: a file of mode 0600 that holds the address."),
            "endpoint": {"type": "string", "pattern": "^https?://", "description": "With otlp: the receiver's address; `/v1/logs` is added."},
            "header-file": path("With webhook, slack and otlp: a file of mode 0600 with one line `Name: value`, sent as a header."),
            "insecure": {"type": "boolean", "description": "With webhook, slack and otlp: plain http also to another machine."},
            "to": {"description": "With mail: who gets it.", "oneOf": [mail, {"type": "array", "minItems": 1, "items": mail}]},
            "from": described(&mail, "With mail: whom it is from."),
            "sendmail": path("With mail: the program that takes it; /usr/sbin/sendmail unless set."),
            "address": {"type": "string", "pattern": "^(unix:/|(udp|tcp):.+:[0-9]+$)", "description": "With syslog: `unix:/PATH`, `udp:HOST:PORT` or `tcp:HOST:PORT`; unix:/dev/log unless set."},
            "facility": {"enum": facilities, "description": "With syslog: the facility; `user` unless set."},
            "socket": path("With journald: its socket; /run/systemd/journal/socket unless set."),
        },
    })
}

fn guard(what: &str) -> Value {
    let patterns = |what: &str| json!({"type": "array", "items": {"type": "string", "pattern": "^[^*]*[*]?$", "minLength": 1, "maxLength": 256}, "description": what});
    let number = |most: u64, what: &str| json!({"type": "integer", "minimum": 1, "maximum": most, "description": what});
    let review = json!({"enum": ["ask", "pass"], "description": "Whether the guard asks the user each time."});
    let strings = |what: &str| json!({"type": "array", "items": {"type": "string"}, "description": what});
    json!({
        "description": what,
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "mode": {"enum": ["enforce", "observe"], "description": "Whether what the guard objects to is kept from passing, or only logged and told."},
            "allow": patterns("Only these tools may be called; `*` at the end stands for any text."),
            "deny": patterns("These tools may never be called."),
            "confirm": patterns("These tools may be called only after a yes, each time."),
            "arguments": {"enum": ["any", "pinned", "known"], "description": "Arguments pass unread, fit the pinned schema, or fit it and name no property that it does not name."},
            "results": {
                "description": "What is done to results.",
                "type": "object",
                "additionalProperties": false,
                "properties": {
                    "visible": {"type": "boolean", "description": "Control, escape and invisible characters are written as visible escapes."},
                    "largest": number(LARGEST, "The largest result, in bytes."),
                },
            },
            "sampling": permission("Completions (`sampling/createMessage`).", &json!({
                "per-minute": number(MANY, "Requests a minute; 4 unless set."),
                "tokens-per-day": number(MANY, "Tokens a day, as asked for; 100000 unless set."),
                "max-tokens": number(MANY, "The most tokens of one completion; 4096 unless set."),
                "rounds": number(MANY, "Requests during one request of the client; 4 unless set."),
                "models": strings("The models that the server may wish for."),
                "timeout": number(LONGEST_WAIT, "Seconds that the client may take; 300 unless set."),
                "largest": number(LARGEST, "The largest request, in bytes; 262144 unless set."),
                "tools": {"type": "boolean", "description": "The server may hand tools to the model."},
                "review": review,
            })),
            "elicitation": permission("Forms and pages (`elicitation/create`).", &json!({
                "per-minute": number(MANY, "Requests a minute; 4 unless set."),
                "rounds": number(MANY, "Requests during one request of the client; 4 unless set."),
                "domains": strings("The hosts that a page may be on; `*.HOST` for every host below one. None: only forms."),
                "timeout": number(LONGEST_WAIT, "Seconds that the user may take; 600 unless set."),
                "largest": number(LARGEST, "The largest request, in bytes; 65536 unless set."),
                "review": review,
            })),
            "roots": permission("Folders (`roots/list`).", &json!({
                "paths": strings("These absolute folders are the answer, whatever the client would say."),
            })),
            "ask": {"enum": ["either", "client", "desktop"], "description": "Where you are asked for a yes: in the client where it shows forms and else at the desktop, only there, or only at the desktop. Not in a project's manifest."},
            "methods": patterns("Methods that no protocol knows and that pass unread, as requests and as notifications. Not in a project's manifest."),
        },
    })
}

fn permission(what: &str, limits: &Value) -> Value {
    json!({
        "description": format!("{what} Denied unless set; not in a project's manifest."),
        "oneOf": [
            {"const": false},
            {"type": "object", "additionalProperties": false, "properties": limits},
        ],
    })
}

fn identity() -> Value {
    let text = |what: &str| json!({"type": "string", "minLength": 1, "description": what});
    json!({
        "description": "Who must have built the server's own package; every member must hold.",
        "type": "object",
        "additionalProperties": false,
        "minProperties": 1,
        "properties": {
            "issuer": text("The OIDC issuer, exactly."),
            "signer": text("The certificate's subject without `@REF`: the signing workflow, or an e-mail address."),
            "repository": {"type": "string", "pattern": "^https://", "description": "The source repository: `https://HOST/OWNER/NAME`."},
            "workflow": text("The file of the build configuration inside the repository."),
            "ref": text("The git ref; one `*` stands for any text."),
        },
    })
}

fn grades() -> Value {
    let codes: Vec<_> = codes().map(|page| page.code).collect();
    json!({
        "description": "The grade of a finding by its code, over that of the profile. A project's manifest only raises.",
        "type": "object",
        "propertyNames": {"enum": codes},
        "additionalProperties": {"enum": ["info", "notice", "warning", "critical"]},
    })
}

fn described(schema: &Value, description: &str) -> Value {
    let mut schema = schema.clone();
    if let Some(members) = schema.as_object_mut() {
        members.insert("description".into(), description.into());
    }
    schema
}
