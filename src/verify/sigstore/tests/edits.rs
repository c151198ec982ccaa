//! The forgeries: each is an edit of a bundle's JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

/// One way to forge a bundle. `edit` gives `None` where the bundle has nothing to edit.
pub(super) struct Forgery {
    pub(super) name: &'static str,
    pub(super) edit: fn(&Value, &Value) -> Option<Value>,
    /// Part of the sentence it must be refused with; one of them.
    pub(super) says: &'static [&'static str],
}

const MATERIAL: &str = "/verificationMaterial";
const ENTRY: &str = "/verificationMaterial/tlogEntries/0";
const PROOF: &str = "/verificationMaterial/tlogEntries/0/inclusionProof";

fn at<'a>(bundle: &'a Value, path: &str) -> Option<&'a Value> {
    bundle.pointer(path).filter(|value| !value.is_null())
}

fn set(bundle: &Value, path: &str, to: impl FnOnce(&Value) -> Option<Value>) -> Option<Value> {
    let new = to(at(bundle, path)?)?;
    let mut edited = bundle.clone();
    *edited.pointer_mut(path).unwrap() = new;
    Some(edited)
}

fn remove(bundle: &Value, path: &str, name: &str) -> Option<Value> {
    let mut edited = bundle.clone();
    edited.pointer_mut(path)?.as_object_mut()?.remove(name)?;
    Some(edited)
}

/// Flips one bit of base64 text, at a part of its length in eighths.
fn flip(bundle: &Value, path: &str, eighths: usize) -> Option<Value> {
    set(bundle, path, |text| {
        let mut bytes = STANDARD.decode(text.as_str()?).ok()?;
        let place = bytes.len().checked_sub(1)? * eighths / 8;
        bytes[place] ^= 1;
        Some(STANDARD.encode(bytes).into())
    })
}

fn add(bundle: &Value, path: &str, much: i64) -> Option<Value> {
    set(bundle, path, |number| {
        let number = number.as_str().map_or_else(|| number.as_i64(), |text| text.parse().ok())?;
        (number != 0).then(|| (number + much).to_string().into())
    })
}

fn path_of(bundle: &Value, paths: &[&'static str]) -> Option<&'static str> {
    paths.iter().find(|path| at(bundle, path).is_some()).copied()
}

fn certificate(bundle: &Value) -> Option<&'static str> {
    let paths = [
        "/verificationMaterial/certificate/rawBytes",
        "/verificationMaterial/x509CertificateChain/certificates/0/rawBytes",
    ];
    path_of(bundle, &paths)
}

fn signature(bundle: &Value) -> Option<&'static str> {
    path_of(bundle, &["/dsseEnvelope/signatures/0/sig", "/messageSignature/signature"])
}

/// Of Rekor v1: the index, the time and the log's name stand under the signed entry timestamp.
fn promised(bundle: &Value) -> Option<()> {
    at(bundle, &format!("{ENTRY}/inclusionPromise")).map(|_| ())
}

fn is_v2(bundle: &Value) -> bool {
    at(bundle, &format!("{ENTRY}/kindVersion")) == Some(&json!({ "kind": "hashedrekord", "version": "0.0.2" }))
}

fn checkpoint(bundle: &Value, edit: impl FnOnce(Vec<String>) -> Vec<String>) -> Option<Value> {
    set(bundle, &format!("{PROOF}/checkpoint/envelope"), |note| {
        let lines = note.as_str()?.split('\n').map(str::to_owned).collect();
        Some(edit(lines).join("\n").into())
    })
}

fn flipped_line(line: &str) -> String {
    let (before, text) = line
        .rsplit_once(' ')
        .map_or((String::new(), line), |(before, text)| (format!("{before} "), text));
    let mut bytes = STANDARD.decode(text).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    format!("{before}{}", STANDARD.encode(bytes))
}

fn swap(bundle: &Value, other: &Value, path: &str) -> Option<Value> {
    set(bundle, path, |_| at(other, path).cloned())
}

const SIGNATURE: &[&str] = &["signature does not hold", "signed timestamp is forged"];
const CERTIFICATE: &[&str] = &[
    "certificate",
    "signature does not hold",
    "signed entry timestamp is forged",
    "signed timestamp is forged",
];
const PROMISE: &[&str] = &["signed entry timestamp is forged"];
const TREE: &[&str] = &["inclusion proof is forged"];
const CHECKPOINT: &[&str] = &["checkpoint is forged", "inclusion proof is forged"];
const OTHER: &[&str] = &[
    "about another signature",
    "signature does not hold",
    "about other bytes",
    "signed timestamp is forged",
    "certificate",
    "inclusion proof of its",
    "nobody vouches",
    "checkpoint is forged",
];

/// Every forgery. `other` is a bundle about something else.
pub(super) const FORGERIES: &[Forgery] = &[
    Forgery {
        name: "payload, first byte",
        says: &[],
        edit: |bundle, _| flip(bundle, "/dsseEnvelope/payload", 0),
    },
    Forgery {
        name: "payload, middle",
        says: &[],
        edit: |bundle, _| flip(bundle, "/dsseEnvelope/payload", 4),
    },
    Forgery {
        name: "payload names another predicate",
        says: &["signature does not hold"],
        edit: |bundle, _| {
            set(bundle, "/dsseEnvelope/payload", |payload| {
                let mut statement: Value = serde_json::from_slice(&STANDARD.decode(payload.as_str()?).ok()?).ok()?;
                statement["predicateType"] = "https://example.com/forged".into();
                Some(STANDARD.encode(statement.to_string()).into())
            })
        },
    },
    Forgery {
        name: "payload type",
        says: &["payload type"],
        edit: |bundle, _| set(bundle, "/dsseEnvelope/payloadType", |_| Some("text/plain".into())),
    },
    Forgery {
        name: "signature, first byte",
        says: &[],
        edit: |bundle, _| flip(bundle, signature(bundle)?, 0),
    },
    Forgery {
        name: "signature, middle",
        says: SIGNATURE,
        edit: |bundle, _| flip(bundle, signature(bundle)?, 3),
    },
    Forgery {
        name: "signature, last byte",
        says: SIGNATURE,
        edit: |bundle, _| flip(bundle, signature(bundle)?, 8),
    },
    Forgery {
        name: "signature of another bundle",
        says: &[],
        edit: |bundle, other| swap(bundle, other, signature(bundle)?),
    },
    Forgery {
        name: "no signature",
        says: &["no signature"],
        edit: |bundle, _| set(bundle, "/dsseEnvelope/signatures", |_| Some(json!([]))),
    },
    Forgery {
        name: "two signatures",
        says: &["2 signatures"],
        edit: |bundle, other| {
            let second = other.pointer("/dsseEnvelope/signatures/0")?.clone();
            set(bundle, "/dsseEnvelope/signatures", |list| Some(json!([list[0], second])))
        },
    },
    Forgery {
        name: "certificate, 1/8",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 1),
    },
    Forgery {
        name: "certificate, 2/8",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 2),
    },
    Forgery {
        name: "certificate, 3/8",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 3),
    },
    Forgery {
        name: "certificate, 4/8",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 4),
    },
    Forgery {
        name: "certificate, 5/8",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 5),
    },
    Forgery {
        name: "certificate, 6/8",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 6),
    },
    Forgery {
        name: "certificate, 7/8",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 7),
    },
    Forgery {
        name: "certificate, last byte",
        says: CERTIFICATE,
        edit: |bundle, _| flip(bundle, certificate(bundle)?, 8),
    },
    Forgery {
        name: "certificate of another bundle",
        says: CERTIFICATE,
        edit: |bundle, other| {
            let theirs = at(other, certificate(other)?)?.clone();
            set(bundle, certificate(bundle)?, |_| Some(theirs))
        },
    },
    Forgery {
        name: "a key instead of the certificate",
        says: &["bare key"],
        edit: |bundle, _| {
            let path = certificate(bundle)?;
            let mut edited = bundle.clone();
            let material = edited.pointer_mut(MATERIAL)?.as_object_mut()?;
            material.remove(if path.contains("x509") {
                "x509CertificateChain"
            } else {
                "certificate"
            });
            material.insert("publicKey".into(), json!({ "hint": "mine" }));
            Some(edited)
        },
    },
    Forgery {
        name: "a certificate instead of the key",
        says: &["signed with a certificate"],
        edit: |bundle, _| {
            let mut edited = bundle.clone();
            let material = edited.pointer_mut(MATERIAL)?.as_object_mut()?;
            material.remove("publicKey")?;
            material.insert("x509CertificateChain".into(), json!({ "certificates": [{ "rawBytes": "MAA=" }] }));
            Some(edited)
        },
    },
    Forgery {
        name: "a key beside the certificate",
        says: &["readers choose differently"],
        edit: |bundle, _| {
            certificate(bundle)?;
            set(bundle, MATERIAL, |material| {
                let mut material = material.clone();
                material["publicKey"] = json!({ "hint": "mine" });
                Some(material)
            })
        },
    },
    Forgery {
        name: "signed entry timestamp",
        says: PROMISE,
        edit: |bundle, _| flip(bundle, &format!("{ENTRY}/inclusionPromise/signedEntryTimestamp"), 4),
    },
    Forgery {
        name: "signed entry timestamp of another entry",
        says: PROMISE,
        edit: |bundle, other| swap(bundle, other, &format!("{ENTRY}/inclusionPromise/signedEntryTimestamp")),
    },
    Forgery {
        name: "no signed entry timestamp",
        says: &[
            "nobody vouches for the time",
            "signed entry timestamp of its",
            "inclusion proof of its",
        ],
        edit: |bundle, _| {
            // With a timestamp authority's word and an inclusion proof it may be absent.
            if at(bundle, &format!("{MATERIAL}/timestampVerificationData/rfc3161Timestamps/0")).is_some() {
                return None;
            }
            remove(bundle, ENTRY, "inclusionPromise")
        },
    },
    Forgery {
        name: "a minute later",
        says: PROMISE,
        edit: |bundle, _| promised(bundle).and_then(|()| add(bundle, &format!("{ENTRY}/integratedTime"), 60)),
    },
    Forgery {
        name: "a minute earlier",
        says: PROMISE,
        edit: |bundle, _| promised(bundle).and_then(|()| add(bundle, &format!("{ENTRY}/integratedTime"), -60)),
    },
    Forgery {
        name: "a year later",
        says: PROMISE,
        edit: |bundle, _| promised(bundle).and_then(|()| add(bundle, &format!("{ENTRY}/integratedTime"), 31_536_000)),
    },
    Forgery {
        name: "no time",
        says: &["nobody vouches for the time", "signed entry timestamp is forged"],
        edit: |bundle, _| promised(bundle).and_then(|()| remove(bundle, ENTRY, "integratedTime")),
    },
    Forgery {
        name: "log index",
        says: &["signed entry timestamp is forged", "inclusion proof is forged"],
        edit: |bundle, _| {
            // Where neither is there, nothing rests on the number: the proof's own is used.
            (promised(bundle).is_some() || is_v2(bundle)).then_some(())?;
            add(bundle, &format!("{ENTRY}/logIndex"), 1)
        },
    },
    Forgery {
        name: "log id",
        says: &["signed entry timestamp is forged", "not in the trust root"],
        edit: |bundle, _| flip(bundle, &format!("{ENTRY}/logId/keyId"), 4),
    },
    Forgery {
        name: "proof: index",
        says: TREE,
        edit: |bundle, _| add(bundle, &format!("{PROOF}/logIndex"), 1),
    },
    Forgery {
        name: "proof: tree size",
        says: TREE,
        edit: |bundle, _| add(bundle, &format!("{PROOF}/treeSize"), 1),
    },
    Forgery {
        name: "proof: root hash",
        says: TREE,
        edit: |bundle, _| flip(bundle, &format!("{PROOF}/rootHash"), 4),
    },
    Forgery {
        name: "proof: first hash",
        says: TREE,
        edit: |bundle, _| flip(bundle, &format!("{PROOF}/hashes/0"), 4),
    },
    Forgery {
        name: "proof: last hash",
        says: TREE,
        edit: |bundle, _| {
            let count = at(bundle, &format!("{PROOF}/hashes"))?.as_array()?.len();
            flip(bundle, &format!("{PROOF}/hashes/{}", count.checked_sub(1)?), 4)
        },
    },
    Forgery {
        name: "proof: a hash too few",
        says: TREE,
        edit: |bundle, _| {
            set(bundle, &format!("{PROOF}/hashes"), |hashes| {
                let mut hashes = hashes.as_array()?.clone();
                hashes.pop()?;
                Some(hashes.into())
            })
        },
    },
    Forgery {
        name: "proof: a hash too many",
        says: TREE,
        edit: |bundle, _| {
            set(bundle, &format!("{PROOF}/hashes"), |hashes| {
                let mut hashes = hashes.as_array()?.clone();
                hashes.push(hashes.last()?.clone());
                Some(hashes.into())
            })
        },
    },
    Forgery {
        name: "proof of another entry",
        says: &["forged"],
        edit: |bundle, other| swap(bundle, other, PROOF),
    },
    Forgery {
        name: "no proof",
        says: &["inclusion proof of its"],
        edit: |bundle, _| {
            // v0.1 knows entries with the log's promise alone; the proof says which it was.
            let old = bundle["mediaType"].as_str()?.ends_with("version=0.1");
            if old { None } else { remove(bundle, ENTRY, "inclusionProof") }
        },
    },
    Forgery {
        name: "checkpoint: size",
        says: CHECKPOINT,
        edit: |bundle, _| {
            checkpoint(bundle, |mut lines| {
                lines[1] = (lines[1].parse::<u64>().unwrap() + 1).to_string();
                lines
            })
        },
    },
    Forgery {
        name: "checkpoint: root hash",
        says: CHECKPOINT,
        edit: |bundle, _| {
            checkpoint(bundle, |mut lines| {
                lines[2] = flipped_line(&lines[2]);
                lines
            })
        },
    },
    Forgery {
        name: "checkpoint: root hash, and the proof's with it",
        says: CHECKPOINT,
        edit: |bundle, _| {
            let mut root = String::new();
            let edited = checkpoint(bundle, |mut lines| {
                lines[2] = flipped_line(&lines[2]);
                root.clone_from(&lines[2]);
                lines
            })?;
            set(&edited, &format!("{PROOF}/rootHash"), |_| Some(root.into()))
        },
    },
    Forgery {
        name: "checkpoint: signatures",
        says: CHECKPOINT,
        edit: |bundle, _| {
            checkpoint(bundle, |lines| {
                let sign = |line: String| if line.starts_with('\u{2014}') { flipped_line(&line) } else { line };
                lines.into_iter().map(sign).collect()
            })
        },
    },
    Forgery {
        name: "no checkpoint",
        says: &["checkpoint is missing"],
        edit: |bundle, _| remove(bundle, PROOF, "checkpoint"),
    },
    Forgery {
        name: "body",
        says: &[],
        edit: |bundle, _| flip(bundle, &format!("{ENTRY}/canonicalizedBody"), 5),
    },
    Forgery {
        name: "body of another entry",
        says: &["forged"],
        edit: |bundle, other| swap(bundle, other, &format!("{ENTRY}/canonicalizedBody")),
    },
    Forgery {
        name: "kind of entry",
        says: &["kind that this version does not know"],
        edit: |bundle, _| set(bundle, &format!("{ENTRY}/kindVersion/version"), |_| Some("9.9.9".into())),
    },
    Forgery {
        name: "no entry",
        says: &["no transparency log entry"],
        edit: |bundle, _| set(bundle, &format!("{MATERIAL}/tlogEntries"), |_| Some(json!([]))),
    },
    Forgery {
        name: "entry of another bundle",
        says: OTHER,
        edit: |bundle, other| swap(bundle, other, ENTRY),
    },
    Forgery {
        name: "a second entry, of another bundle",
        says: &[],
        edit: |bundle, other| {
            let second = at(other, ENTRY)?.clone();
            set(bundle, &format!("{MATERIAL}/tlogEntries"), |list| Some(json!([list[0], second])))
        },
    },
    Forgery {
        name: "a second entry without proof",
        says: &["inclusion proof of its"],
        edit: |bundle, _| {
            set(bundle, &format!("{MATERIAL}/tlogEntries"), |list| {
                let mut second = list[0].clone();
                second.as_object_mut()?.remove("inclusionProof");
                second.as_object_mut()?.remove("inclusionPromise");
                Some(json!([list[0], second]))
            })
        },
    },
    Forgery {
        name: "material of another bundle",
        says: &[],
        edit: |bundle, other| swap(bundle, other, MATERIAL),
    },
    Forgery {
        name: "a timestamp that is none",
        says: &["signed timestamp"],
        edit: |bundle, _| {
            set(bundle, MATERIAL, |material| {
                let mut material = material.clone();
                material["timestampVerificationData"] = json!({ "rfc3161Timestamps": [{ "signedTimestamp": "MAA=" }] });
                Some(material)
            })
        },
    },
    Forgery {
        name: "timestamp, in what it signs",
        says: &["signed timestamp", "nobody vouches"],
        edit: |bundle, _| {
            flip(
                bundle,
                &format!("{MATERIAL}/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp"),
                1,
            )
        },
    },
    Forgery {
        name: "timestamp, last byte",
        says: &["signed timestamp", "nobody vouches"],
        edit: |bundle, _| {
            flip(
                bundle,
                &format!("{MATERIAL}/timestampVerificationData/rfc3161Timestamps/0/signedTimestamp"),
                8,
            )
        },
    },
    Forgery {
        name: "timestamp of another bundle",
        says: &["signed timestamp"],
        edit: |bundle, other| swap(bundle, other, &format!("{MATERIAL}/timestampVerificationData/rfc3161Timestamps/0")),
    },
    Forgery {
        name: "signature of an artifact, flipped digest",
        says: &["other bytes"],
        edit: |bundle, _| flip(bundle, "/messageSignature/messageDigest/digest", 4),
    },
    Forgery {
        name: "version",
        says: &["kind that this version does not know"],
        edit: |bundle, _| {
            set(bundle, "/mediaType", |_| {
                Some("application/vnd.dev.sigstore.bundle.v9.9+json".into())
            })
        },
    },
    Forgery {
        name: "a member nobody reads",
        says: &["kind that this version does not know"],
        edit: |bundle, _| {
            set(bundle, MATERIAL, |material| {
                let mut material = material.clone();
                material["tlog_entries"] = json!([]);
                Some(material)
            })
        },
    },
];
