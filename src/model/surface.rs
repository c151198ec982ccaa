//! The surface: everything a server sends that reaches the model, the consent screen or behaviour.
//!
//! Definitions are kept as raw JSON values, unknown fields included: a typed struct would drop
//! what it does not know, and what it drops is a hiding place. Identity is the SHA-256 over the
//! RFC 8785 form of a definition; grading works on other, normalised forms.

use std::collections::BTreeMap;

use serde_json::Value;

use super::digest::Sha256Digest;

/// The two ways of shaking hands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Era {
    /// `initialize`: protocol versions 2024-11-05 to 2025-11-25.
    Legacy,
    /// `server/discover`: 2026-07-28.
    Modern,
}

impl Era {
    /// `legacy` or `modern`, as in the lock.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legacy => "legacy",
            Self::Modern => "modern",
        }
    }
}

/// What the asking client said it can do. Servers answer some clients with more tools.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ClientProfile {
    /// Both kinds of client got the same answer.
    Any,
    /// A client without capabilities.
    Bare,
    /// A client with sampling, elicitation and roots.
    Full,
}

impl ClientProfile {
    /// `any`, `bare` or `full`, as in the lock.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bare => "bare",
            Self::Full => "full",
        }
    }
}

/// The kinds of things a server lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// `tools/list`, keyed by `name`.
    Tool,
    /// `prompts/list`, keyed by `name`.
    Prompt,
    /// `resources/list`, keyed by `uri`.
    Resource,
    /// `resources/templates/list`, keyed by `uriTemplate`.
    Template,
}

impl ItemKind {
    /// All kinds, in the order in which they are asked for and shown.
    pub const ALL: [Self; 4] = [Self::Tool, Self::Prompt, Self::Resource, Self::Template];

    /// The singular noun: `tool`, `prompt`, `resource`, `resource template`.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::Tool => "tool",
            Self::Prompt => "prompt",
            Self::Resource => "resource",
            Self::Template => "resource template",
        }
    }

    /// The request that lists them.
    pub const fn method(self) -> &'static str {
        match self {
            Self::Tool => "tools/list",
            Self::Prompt => "prompts/list",
            Self::Resource => "resources/list",
            Self::Template => "resources/templates/list",
        }
    }

    /// The member of the list result that holds them.
    pub const fn list_key(self) -> &'static str {
        match self {
            Self::Tool => "tools",
            Self::Prompt => "prompts",
            Self::Resource => "resources",
            Self::Template => "resourceTemplates",
        }
    }

    /// The member that names one of them.
    pub const fn name_key(self) -> &'static str {
        match self {
            Self::Tool | Self::Prompt => "name",
            Self::Resource => "uri",
            Self::Template => "uriTemplate",
        }
    }
}

/// One definition.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its `name`, `uri` or `uriTemplate`.
    pub key: String,
    /// The definition as sent, with the run's own paths replaced by tokens and the volatile
    /// members of `protocol.md` section 4 C left out.
    pub definition: Value,
    /// SHA-256 over the RFC 8785 form of `definition`.
    pub digest: Sha256Digest,
}

/// What one kind of client sees in one era.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// The handshake.
    pub era: Era,
    /// The client.
    pub client: ClientProfile,
    /// The handshake's result without its volatile members: `protocolVersion` or
    /// `supportedVersions`, `capabilities`, `serverInfo`, `instructions`, and whatever else stood
    /// there.
    pub handshake: Value,
    /// The lists, each sorted by key. A kind the server does not list is absent; an empty list is
    /// present and empty.
    pub items: BTreeMap<ItemKind, Vec<Item>>,
}

impl View {
    /// The server's instructions, which a client may put before the model as they are.
    pub fn instructions(&self) -> Option<&str> {
        self.handshake.get("instructions").and_then(Value::as_str)
    }

    /// The definitions of one kind.
    pub fn list(&self, kind: ItemKind) -> &[Item] {
        self.items.get(&kind).map_or(&[], Vec::as_slice)
    }
}

/// The closed set of shapes in which a volatile leaf may move without being drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// An ISO 8601 date or time.
    Date,
    /// A whole number.
    Integer,
    /// A UUID.
    Uuid,
    /// The same words in another order.
    TokenSet,
    /// No shape of the closed set fits: every later difference is reported.
    Unshaped,
}

impl Shape {
    /// The name in the lock.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Date => "date",
            Self::Integer => "integer",
            Self::Uuid => "uuid",
            Self::TokenSet => "token-set",
            Self::Unshaped => "unshaped",
        }
    }
}

/// A leaf that differed between two takings of the same surface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Volatile {
    /// Which view.
    pub era: Era,
    /// Which client.
    pub client: ClientProfile,
    /// Where: `tools/NAME` followed by a JSON pointer into the definition, or `handshake` and a
    /// pointer.
    pub at: String,
    /// The shape in which it may move.
    pub shape: Shape,
}

/// A server's whole surface.
#[derive(Debug, Clone, PartialEq)]
pub struct Surface {
    /// Names of the variables that had a value when it was taken, sorted.
    pub env: Vec<String>,
    /// The network was open when it was taken.
    pub network: bool,
    /// One view an era and kind of client, legacy first.
    pub views: Vec<View>,
    /// Leaves that move by themselves.
    pub volatile: Vec<Volatile>,
}

impl Surface {
    /// How many definitions of a kind the largest view has: the number to show a person.
    pub fn count(&self, kind: ItemKind) -> usize {
        self.views.iter().map(|view| view.list(kind).len()).max().unwrap_or(0)
    }
}
