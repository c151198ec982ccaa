//! A remote server: an address, and the terms on which it is spoken to. There is no artifact behind
//! it, so nothing here can ever be a digest of code.
//!
//! The attacks: an address with a password or a token in it that lands in a lock; one that two
//! readers take for two hosts (backslashes, a user before an `@`, letters of another alphabet);
//! a header that carries a secret in plain text into a project's files.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use url::{Host, Url};

use super::digest::Sha256Digest;
use super::env::{EnvNameError, check_env_name};

/// The longest address that is taken.
const LONGEST: usize = 2_048;

/// Parts of names (of headers and of parameters in an address) under which secrets are sent.
const SECRET_NAMES: [&str; 9] = [
    "auth",
    "token",
    "key",
    "secret",
    "cookie",
    "session",
    "passw",
    "credential",
    "signature",
];

/// The address of a remote server, in one spelling: `https`, or `http` on this machine; without
/// user, password and fragment; the host in ASCII (`xn--…`), the default port left out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RemoteUrl(Url);

/// Why an address is not taken. Never repeats it: it may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RemoteUrlError {
    /// No address.
    #[error("this is not an address (`https://HOST/PATH`)")]
    Malformed,
    /// Readers take it for different hosts.
    #[error("a blank, a backslash or an invisible character stands in the address: readers differ on what it means")]
    Ambiguous,
    /// The address of an archive, which others install from: no server answers there.
    #[error("this is the address of an archive, not of a server")]
    Archive,
    /// Longer than anything needs.
    #[error("the address is longer than {LONGEST} characters")]
    TooLong,
    /// A password that would be published with the lock.
    #[error("a user or password stands in the address, and the lock would publish it")]
    UserInfo,
    /// A token that would be published with the lock.
    #[error("the parameter `{0}` of the address looks like a secret, and the lock would publish it")]
    SecretParameter(String),
    /// Never sent; a difference that makes none.
    #[error("the part after `#` is never sent to a server")]
    Fragment,
    /// Everybody on the way reads and changes what is sent.
    #[error(
        "`http` is only taken for this machine (`localhost`, `127.0.0.1`, `[::1]`): on the way to any other, anybody can read the token and change the tools"
    )]
    Insecure,
}

impl RemoteUrlError {
    /// The line that says what to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::UserInfo | Self::SecretParameter(_) => {
                Some("send it in a header from a variable: `headers = { Authorization = \"Bearer ${TOKEN}\" }`".into())
            }
            Self::Insecure => Some("use `https://`".into()),
            Self::Fragment => Some("leave it out".into()),
            Self::Archive => Some("install the package by its name: `npm:NAME` or `pypi:NAME`".into()),
            Self::Malformed | Self::Ambiguous | Self::TooLong => None,
        }
    }
}

/// Endings of archives, of repositories, and of bundles.
const ARCHIVES: [&str; 8] = [".tgz", ".tar.gz", ".tar", ".zip", ".whl", ".git", ".mcpb", ".dxt"];

impl FromStr for RemoteUrl {
    type Err = RemoteUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() > LONGEST {
            return Err(RemoteUrlError::TooLong);
        }
        // The URL standard drops some of these and reads a backslash as a slash.
        if text.chars().any(|c| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err(RemoteUrlError::Ambiguous);
        }
        let url = Url::parse(text).map_err(|_| RemoteUrlError::Malformed)?;
        let host = url.host().ok_or(RemoteUrlError::Malformed)?;
        match url.scheme() {
            "https" => {}
            "http" if is_this_machine(&host) => {}
            "http" => return Err(RemoteUrlError::Insecure),
            _ => return Err(RemoteUrlError::Malformed),
        }
        if !url.username().is_empty() || url.password().is_some() || authority(text).contains('@') {
            return Err(RemoteUrlError::UserInfo);
        }
        if url.fragment().is_some() {
            return Err(RemoteUrlError::Fragment);
        }
        let path = url.path().to_ascii_lowercase();
        if ARCHIVES.iter().any(|ending| path.ends_with(ending)) {
            return Err(RemoteUrlError::Archive);
        }
        if let Some((name, _)) = url.query_pairs().find(|(name, _)| is_secret_name(name)) {
            return Err(RemoteUrlError::SecretParameter(
                name.chars().filter(char::is_ascii_graphic).take(40).collect(),
            ));
        }
        Ok(Self(url))
    }
}

/// What stands between `//` and the path, as written.
fn authority(text: &str) -> &str {
    let rest = text.split_once("//").map_or("", |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost",
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// Whether a header or a parameter of this name carries a secret.
pub fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    SECRET_NAMES.iter().any(|part| lower.contains(part))
}

impl RemoteUrl {
    /// The whole address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The parsed address.
    pub const fn url(&self) -> &Url {
        &self.0
    }

    /// Scheme, host and port: what a token may be sent to, and nothing else.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }

    /// The host in ASCII.
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// The host as people write it, where that differs from [`RemoteUrl::host`]. Two hosts can look
    /// alike in it: it is shown beside the ASCII form, never instead.
    pub fn unicode_host(&self) -> Option<String> {
        // The parser knows the way to ASCII only; an `xn--` host is named as such instead.
        self.host().split('.').any(|label| label.starts_with("xn--")).then(|| {
            format!(
                "{} is written in another alphabet than ASCII: hosts that look alike can be others",
                self.host()
            )
        })
    }

    /// The address names this machine itself.
    pub fn is_this_machine(&self) -> bool {
        self.0.host().as_ref().is_some_and(is_this_machine)
    }

    /// Whether two addresses have one origin.
    pub fn same_origin(&self, other: &Url) -> bool {
        self.0.origin() == other.origin()
    }
}

impl fmt::Display for RemoteUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a remote server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RemoteTransport {
    /// Streamable HTTP: one address, questions by POST.
    #[default]
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05: a stream that names another address to post to. It must be of the
    /// same origin.
    Sse,
}

impl RemoteTransport {
    /// `streamable-http` or `sse`, as in manifest and lock.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::StreamableHttp => "streamable-http",
            Self::Sse => "sse",
        }
    }
}

/// A header that is sent with every request to the server's origin, and to no other. The value is a
/// template: `${NAME}` stands for a variable of the client, whose value is never stored.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeaderRule {
    name: String,
    value: String,
}

/// Why a header is not taken. Never repeats a value: it may be a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// No name of a header.
    #[error("this is not the name of a header (letters, digits, `-` and `_`)")]
    Name,
    /// HTTP or MCP say what stands in it.
    #[error("the header `{0}` belongs to the transport and cannot be set")]
    Reserved(String),
    /// Control or non-ASCII characters.
    #[error("the value of the header `{0}` has characters that no header may have, or is too long")]
    Value(String),
    /// `${` without an end, or not a variable's name in it.
    #[error("the value of the header `{0}` has a `${{` that does not name a variable")]
    Template(String),
    /// The variable is never passed on.
    #[error("the header `{name}`: {source}")]
    Variable {
        /// The header.
        name: String,
        /// What is wrong with the variable's name.
        source: EnvNameError,
    },
    /// A secret in plain text.
    #[error("the value of the header `{0}` is written out, and the lock would publish it")]
    Literal(String),
}

impl HeaderError {
    /// The line that says what to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Literal(name) | Self::Template(name) => Some(format!(
                "name a variable: `{name} = \"${{TOKEN}}\"`; its value comes from the client"
            )),
            _ => None,
        }
    }
}

/// One piece of a template.
enum Piece<'a> {
    Text(&'a str),
    Variable(&'a str),
}

impl HeaderRule {
    /// Checks a header. Names are kept in lower case.
    ///
    /// # Errors
    /// [`HeaderError`]: what would reach the wire otherwise than it stands here, or would publish a
    /// secret.
    pub fn new(name: &str, value: &str) -> Result<Self, HeaderError> {
        let token = |b: u8| b.is_ascii_alphanumeric() || b"-_".contains(&b);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(token) {
            return Err(HeaderError::Name);
        }
        let name = name.to_ascii_lowercase();
        if is_reserved(&name) {
            return Err(HeaderError::Reserved(name));
        }
        let printable = value.bytes().all(|b| (0x20..0x7f).contains(&b));
        if value.trim() != value || value.is_empty() || value.len() > 512 || !printable {
            return Err(HeaderError::Value(name));
        }
        let rule = Self {
            name,
            value: value.to_owned(),
        };
        let pieces = pieces(&rule.value).ok_or_else(|| HeaderError::Template(rule.name.clone()))?;
        let mut literal = String::new();
        for piece in &pieces {
            match piece {
                Piece::Text(text) => literal.push_str(text),
                Piece::Variable(variable) => check_env_name(variable).map_err(|source| HeaderError::Variable {
                    name: rule.name.clone(),
                    source,
                })?,
            }
        }
        // Beside the variable nothing but the name of a scheme (`Bearer `) belongs there.
        let variables = pieces.iter().any(|piece| matches!(piece, Piece::Variable(_)));
        let scheme = literal.len() <= 12 && literal.bytes().all(|b| b.is_ascii_alphabetic() || b" =:".contains(&b));
        if is_secret_name(&rule.name) && !(variables && scheme) {
            return Err(HeaderError::Literal(rule.name));
        }
        Ok(rule)
    }

    /// The name in lower case.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The template.
    pub fn template(&self) -> &str {
        &self.value
    }

    /// The variables that it names.
    pub fn variables(&self) -> Vec<&str> {
        let pieces = pieces(&self.value).unwrap_or_default();
        let variable = |piece: &Piece<'_>| match piece {
            Piece::Variable(name) => Some(name.len()),
            Piece::Text(_) => None,
        };
        debug_assert!(pieces.iter().filter_map(variable).all(|length| length > 0));
        pieces
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Variable(name) => Some(name),
                Piece::Text(_) => None,
            })
            .collect()
    }

    /// The value to send; `None` where a variable has none: the header is then left out.
    pub fn fill(&self, value_of: impl Fn(&str) -> Option<String>) -> Option<String> {
        let mut out = String::new();
        for piece in pieces(&self.value)? {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Variable(name) => out.push_str(&value_of(name).filter(|value| !value.is_empty())?),
            }
        }
        Some(out)
    }
}

/// Headers that HTTP, the client or MCP itself sets: another value would make two readers of one
/// request.
fn is_reserved(name: &str) -> bool {
    const NAMES: [&str; 16] = [
        "accept",
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "forwarded",
        "host",
        "keep-alive",
        "last-event-id",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "via",
    ];
    NAMES.contains(&name)
        || ["mcp-", "proxy-", "sec-", "x-forwarded-"]
            .iter()
            .any(|start| name.starts_with(start))
}

/// The template in pieces; `None` where it is none.
fn pieces(template: &str) -> Option<Vec<Piece<'_>>> {
    let mut out = Vec::new();
    let mut rest = template;
    while let Some(at) = rest.find("${") {
        if at > 0 {
            out.push(Piece::Text(&rest[..at]));
        }
        let (name, after) = rest[at + 2..].split_once('}')?;
        if name.is_empty() {
            return None;
        }
        out.push(Piece::Variable(name));
        rest = after;
    }
    if !rest.is_empty() {
        out.push(Piece::Text(rest));
    }
    Some(out)
}

/// What the user says about a remote server beside its address.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteSettings {
    /// How it is spoken to.
    pub transport: RemoteTransport,
    /// Headers, sorted by name, one a name.
    pub headers: Vec<HeaderRule>,
    /// SHA-256 over the `SubjectPublicKeyInfo` of the server's own certificate, where that is pinned
    /// too.
    pub tls_key: Option<Sha256Digest>,
    /// The host may resolve to an address of a private network.
    pub private: bool,
}

/// Whom the server took us for when its surface was taken. Lists may differ by that.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Authorization {
    /// Whatever the headers say; which of their variables had a value stands in the surface.
    #[default]
    Headers,
    /// A token of one of the issuers, with these scopes.
    OAuth {
        /// Those that were granted and those that the server asks for: a login may ask for no others.
        scopes: BTreeSet<String>,
    },
}

/// A remote server as locked.
///
/// Not promised: anything about its code. Whoever runs it can change it between two calls; what is
/// held is where requests go, what is sent along, and what it tells the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remote {
    /// Where it is.
    pub url: RemoteUrl,
    /// How it is spoken to.
    pub settings: RemoteSettings,
    /// The authorization servers that its RFC 9728 metadata names: tokens are kept by these, and
    /// another one could collect them. Empty where it has no such metadata.
    pub issuers: BTreeSet<String>,
    /// Whom it took us for.
    pub authorization: Authorization,
    /// The variables that the headers name, sorted: [`super::Pin::env`] hands them out.
    env: Vec<String>,
}

impl Remote {
    /// A remote server of which no more is known than what the user says.
    pub fn new(url: RemoteUrl, settings: RemoteSettings) -> Self {
        let names: BTreeSet<_> = settings.headers.iter().flat_map(HeaderRule::variables).map(str::to_owned).collect();
        Self {
            url,
            env: names.into_iter().collect(),
            settings,
            issuers: BTreeSet::new(),
            authorization: Authorization::default(),
        }
    }

    /// The variables that the headers name, sorted.
    pub fn env(&self) -> &[String] {
        &self.env
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Result<String, RemoteUrlError> {
        text.parse::<RemoteUrl>().map(|url| url.to_string())
    }

    #[test]
    fn an_address_has_one_spelling() {
        assert_eq!(url("HTTPS://MCP.Example.com:443/mcp").as_deref(), Ok("https://mcp.example.com/mcp"));
        assert_eq!(
            url("https://bücher.example/mcp").as_deref(),
            Ok("https://xn--bcher-kva.example/mcp")
        );
        assert_eq!(url("http://127.0.0.1:3000/mcp").as_deref(), Ok("http://127.0.0.1:3000/mcp"));
        assert_eq!(url("http://[::1]:3000/mcp").as_deref(), Ok("http://[::1]:3000/mcp"));
        assert_eq!(url("https://h.example").as_deref(), Ok("https://h.example/"));
    }

    #[test]
    fn what_leaks_or_misleads_is_refused() {
        for (text, error) in [
            ("http://example.com/mcp", RemoteUrlError::Insecure),
            ("http://127.0.0.1.example.com/", RemoteUrlError::Insecure),
            ("http://10.0.0.1/", RemoteUrlError::Insecure),
            ("https://user:pass@example.com/", RemoteUrlError::UserInfo),
            ("https://example.com@evil.example/", RemoteUrlError::UserInfo),
            ("https://@evil.example/", RemoteUrlError::UserInfo),
            ("https://example.com/#x", RemoteUrlError::Fragment),
            ("https://example.com\\@evil.example/", RemoteUrlError::Ambiguous),
            ("https://exa\tmple.com/", RemoteUrlError::Ambiguous),
            (
                "https://example.com/?a=1&api_key=hunter2",
                RemoteUrlError::SecretParameter("api_key".into()),
            ),
            ("ftp://example.com/", RemoteUrlError::Malformed),
            ("https://", RemoteUrlError::Malformed),
        ] {
            assert_eq!(url(text), Err(error), "{text}");
        }
        for text in ["https://user:hunter2@h/", "https://h/?token=hunter2"] {
            assert!(!url(text).unwrap_err().to_string().contains("hunter2"));
        }
    }

    #[test]
    fn headers_are_templates_and_never_secrets() {
        let rule = HeaderRule::new("Authorization", "Bearer ${NOTION_TOKEN}").unwrap();
        assert_eq!((rule.name(), rule.variables()), ("authorization", vec!["NOTION_TOKEN"]));
        assert_eq!(rule.fill(|_| Some("x".into())).as_deref(), Some("Bearer x"));
        assert_eq!(rule.fill(|_| Some(String::new())), None, "an empty variable is none");
        assert!(HeaderRule::new("X-Region", "eu").is_ok());
        for (name, value) in [
            ("Authorization", "Bearer abc"),
            ("X-Api-Key", "abc"),
            ("Authorization", "Bearer c2VjcmV0${X}"),
            ("Cookie", "a=hunter2hunter2; b=${X}"),
        ] {
            let error = HeaderRule::new(name, value).unwrap_err();
            assert!(matches!(error, HeaderError::Literal(_)), "{name}: {error}");
            assert!(!error.to_string().contains("hunter2"));
        }
        for name in ["Host", "mcp-session-id", "Content-Length", "x-forwarded-for", "a b", "a:b", ""] {
            assert!(HeaderRule::new(name, "${X}").is_err(), "{name}");
        }
        for value in ["a\r\nHost: evil", "${X", "${}", "${LD_PRELOAD}", "ü"] {
            assert!(HeaderRule::new("x-a", value).is_err(), "{value}");
        }
    }
}
