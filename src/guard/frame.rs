//! A frame as the guard sees it: what kind of message it is, without reading what it carries.
//!
//! The attack: a frame that the guard and the client read differently. So the whole frame is
//! checked to be UTF-8 and JSON in one pass, no member of a message, or of its `params`, `result` or
//! `error`, may stand twice (readers keep the first or the last), and what does not fit the protocol
//! is refused. Names are compared after unescaping.
//!
//! What a result or an argument holds further inside is checked to be JSON and otherwise not read:
//! an honest server may send half an emoji (`"\ud83d"`) or a member twice in there, and clients see
//! what they see without the guard. Whoever needs the inside to be one thing to every reader takes
//! it through [`strict::parse`](crate::surface::strict::parse).
//!
//! Other spellings of the members that the guard looks at (`Method`, `result_type`) are refused where
//! a message has them: some clients read names without regard to case, others under a second name,
//! and no honest server sends them. Members that the protocol does not know pass: they give no
//! message another meaning, and clients that refuse them refuse them here as well.

use std::borrow::Cow;

mod id;
mod members;
mod scan;
#[cfg(test)]
mod tests;

pub use id::Id;
pub use members::{Members, Raw, is_other_spelling};

use super::LARGEST_FRAME;
use crate::surface::line::{has_inner_line_end, looks_like_json, mentions_rpc};
use scan::{Fault, Scanner};

/// The most messages that one batch may hold.
pub const LARGEST_BATCH: usize = 1_000;

/// What a frame holds.
#[derive(Debug)]
pub enum Frame<'a> {
    /// One message.
    Message(Message<'a>),
    /// Several (2025-03-26 alone knows batches), each with its text; never none.
    Batch(Vec<(Raw<'a>, Message<'a>)>),
    /// Nothing but spaces.
    Blank,
}

/// A JSON-RPC 2.0 message.
#[derive(Debug)]
pub enum Message<'a> {
    /// It asks, and wants an answer. The id is never null.
    Request {
        /// Under which the answer comes.
        id: Id,
        /// Unescaped.
        method: Cow<'a, str>,
        /// `None` where they are missing or null.
        params: Option<Members<'a>>,
    },
    /// It tells.
    Notification {
        /// Unescaped.
        method: Cow<'a, str>,
        /// `None` where they are missing or null.
        params: Option<Members<'a>>,
    },
    /// An answer. The id is never null.
    Result {
        /// Of the question.
        id: Id,
        /// What was found in it while passing.
        result: Peeked<'a>,
    },
    /// A refusal.
    Error {
        /// Of the question; null, or missing, where the peer could not read it.
        id: Id,
        /// Always an object.
        error: Members<'a>,
    },
}

impl<'a> Message<'a> {
    /// The method of a request or a notification.
    pub fn method(&self) -> Option<&str> {
        match self {
            Self::Request { method, .. } | Self::Notification { method, .. } => Some(method),
            Self::Result { .. } | Self::Error { .. } => None,
        }
    }

    /// The id, where the message has one.
    pub const fn id(&self) -> Option<&Id> {
        match self {
            Self::Request { id, .. } | Self::Result { id, .. } | Self::Error { id, .. } => Some(id),
            Self::Notification { .. } => None,
        }
    }

    /// The parameters of a request or a notification.
    pub const fn params(&self) -> Option<&Members<'a>> {
        match self {
            Self::Request { params, .. } | Self::Notification { params, .. } => params.as_ref(),
            Self::Result { .. } | Self::Error { .. } => None,
        }
    }
}

/// A result, as far as it was looked into: its own members, not theirs.
#[derive(Debug)]
pub struct Peeked<'a> {
    /// All of them, none twice. Without any where the result is no object.
    pub members: Members<'a>,
    /// `resultType`, unescaped: what kind of result a 2026-07-28 server says it is.
    pub result_type: Option<Cow<'a, str>>,
}

impl<'a> Peeked<'a> {
    /// The result's text.
    pub const fn raw(&self) -> Raw<'a> {
        self.members.raw()
    }

    /// `inputRequests`: what the server asks of its client inside a result.
    pub fn input_requests(&self) -> Option<Raw<'a>> {
        self.members.get("inputRequests")
    }

    /// `_meta`.
    pub fn meta(&self) -> Option<Raw<'a>> {
        self.members.get("_meta")
    }
}

/// Why a frame is no message. No text of the frame is in it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAFrame {
    /// An endless-data attack, or a result nobody should send in one piece.
    #[error("a message has {bytes} bytes, more than the limit of {LARGEST_FRAME}")]
    TooLarge {
        /// Its length.
        bytes: usize,
    },
    /// Readers replace, drop or refuse such bytes, each in its own way.
    #[error("a message is not UTF-8 (byte {at})")]
    Utf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// No message to any reader: a line of a log, as text or as JSON. Clients skip it.
    #[error("a line is no message")]
    Noise,
    /// JSON like a message, without the version: strict clients skip it, lenient ones take it. A JSON
    /// log of HTTP requests looks like this as well, so it is to be dropped, and need not be more.
    #[error("a line looks like a message but lacks `jsonrpc`: clients differ in whether they take it")]
    NoVersion,
    /// A message that does not fit the protocol: readers differ in what they make of it.
    #[error("a message is malformed: {what}")]
    Malformed {
        /// What was wrong.
        what: &'static str,
    },
    /// Readers keep the first or the last.
    #[error("a message has {member} twice: clients differ in which they take")]
    Duplicate {
        /// The member, if it is one the guard knows, with backticks; otherwise `a member`.
        member: &'static str,
    },
    /// A second spelling of a member that the guard looks at.
    #[error("a message has `{member}` under another spelling: clients differ in whether they take it")]
    OtherSpelling {
        /// The right spelling.
        member: &'static str,
    },
    /// Half of a surrogate pair in a place that the guard looks at.
    #[error("a message has a lone surrogate in {place}")]
    LoneSurrogate {
        /// Which place.
        place: &'static str,
    },
    /// Some readers end a line there: the rest is a message of its own to them.
    #[error("a line end of another kind stands inside a message: clients differ in where it ends")]
    LineEnd,
    /// Deeper than readers follow.
    #[error("a message is nested deeper than {} levels", scan::DEEPEST)]
    TooDeep,
}

impl NotAFrame {
    /// No reader takes it for a message: it may pass as it would without the guard.
    pub const fn is_noise(&self) -> bool {
        matches!(self, Self::Noise)
    }
}

/// Reads a frame, without or with its line end.
///
/// Promises: the frame is UTF-8 and JSON as RFC 8259 has it, at most 127 levels deep; what is given
/// back is what every reader of JSON sees that compares member names as they are. Does not promise
/// that the inside of params, results and errors is one thing to every reader (see the module).
pub fn peek(frame: &[u8]) -> Result<Frame<'_>, NotAFrame> {
    if frame.len() > LARGEST_FRAME {
        return Err(NotAFrame::TooLarge { bytes: frame.len() });
    }
    let line = frame.strip_suffix(b"\n").unwrap_or(frame);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.trim_ascii().is_empty() {
        return Ok(Frame::Blank);
    }
    let text = match std::str::from_utf8(line) {
        Ok(text) => text,
        Err(error) => {
            return Err(unread(line, NotAFrame::Utf8 { at: error.valid_up_to() }));
        }
    };
    match read(text) {
        Ok(_) if line.contains(&b'\r') => Err(NotAFrame::LineEnd),
        Ok(found) => Ok(found),
        Err(Fault::Syntax) => Err(unread(line, NotAFrame::Malformed { what: "it is not JSON" })),
        Err(Fault::TooDeep) => Err(unread(line, NotAFrame::TooDeep)),
        Err(Fault::NotAFrame(NotAFrame::Noise)) if mentions_rpc(line) && has_inner_line_end(line, false) => Err(NotAFrame::LineEnd),
        Err(Fault::NotAFrame(why)) => Err(why),
    }
}

/// What a line is that could not be read: noise, unless some reader could see a message in it.
fn unread(line: &[u8], why: NotAFrame) -> NotAFrame {
    let mentions = mentions_rpc(line);
    if mentions && has_inner_line_end(line, true) {
        NotAFrame::LineEnd
    } else if looks_like_json(line) && (mentions || !matches!(why, NotAFrame::Malformed { .. })) {
        why
    } else {
        NotAFrame::Noise
    }
}

fn read(text: &str) -> Result<Frame<'_>, Fault> {
    let mut scanner = Scanner::new(text);
    scanner.space();
    let found = match scanner.peek() {
        Some(b'{') => message(&mut scanner, 0).map(Frame::Message),
        Some(b'[') => batch(&mut scanner),
        _ => scanner.value(0).and(Err(NotAFrame::Noise.into())),
    };
    // What was found counts only where all of the text is JSON.
    if matches!(found, Err(Fault::Syntax | Fault::TooDeep)) {
        return found;
    }
    scanner.space();
    if scanner.peek().is_some() {
        return Err(Fault::Syntax);
    }
    found
}

/// Each element is a message, or none is: then the array is a line of a log.
fn batch<'a>(scanner: &mut Scanner<'a>) -> Result<Frame<'a>, Fault> {
    let mut found = Vec::new();
    let mut others = 0_usize;
    let mut refused = None;
    let text = scanner.rest();
    scanner.array(|scanner| {
        let start = scanner.at();
        if scanner.peek() != Some(b'{') {
            others += 1;
            return scanner.value(1).map(drop);
        }
        match message(scanner, 1) {
            Ok(message) if found.len() < LARGEST_BATCH => found.push((scanner.since(start), message)),
            Ok(_) => refused = refused.take().or(Some(malformed("a batch has too many messages"))),
            Err(Fault::NotAFrame(NotAFrame::Noise)) => others += 1,
            Err(Fault::NotAFrame(why)) => refused = refused.take().or(Some(why)),
            Err(fault) => return Err(fault),
        }
        Ok(())
    })?;
    match (refused, found.is_empty(), others) {
        (Some(why), ..) => Err(why.into()),
        (None, true, 0) => Err(malformed("a batch is empty").into()),
        (None, true, _) if !mentions_rpc(text.as_bytes()) => Err(NotAFrame::Noise.into()),
        (None, false, 0) => Ok(Frame::Batch(found)),
        (None, ..) => Err(malformed("a batch holds something that is no message").into()),
    }
}

const fn malformed(what: &'static str) -> NotAFrame {
    NotAFrame::Malformed { what }
}

/// The members that make a message, as they were found.
#[derive(Default)]
struct Parts<'a> {
    version: Option<Raw<'a>>,
    id: Option<Raw<'a>>,
    method: Option<Raw<'a>>,
    has_params: bool,
    has_result: bool,
    has_error: bool,
    /// Of the one of these three that came last: a message may have one of them alone.
    inside: Option<Members<'a>>,
    others: Vec<Cow<'a, str>>,
    /// The first thing that is wrong if this is a message at all.
    wrong: Option<NotAFrame>,
}

/// How many members a message may have that the protocol does not know.
const MOST_OTHERS: usize = 32;

/// Reads an object as a message. All of it is read, whatever is wrong with it.
fn message<'a>(scanner: &mut Scanner<'a>, depth: usize) -> Result<Message<'a>, Fault> {
    let mut parts = Parts::default();
    scanner.object(depth, |scanner, name| {
        let Some(name) = name.unescaped() else {
            parts.wrong(NotAFrame::LoneSurrogate { place: "a member's name" });
            return scanner.value(depth + 1).map(drop);
        };
        match &*name {
            "jsonrpc" => parts.version = once(parts.version, scanner.value(depth + 1)?, "`jsonrpc`", &mut parts.wrong),
            "id" => parts.id = once(parts.id, scanner.value(depth + 1)?, "`id`", &mut parts.wrong),
            "method" => parts.method = once(parts.method, scanner.value(depth + 1)?, "`method`", &mut parts.wrong),
            "params" | "result" | "error" => {
                parts.inside = Some(Members::read(scanner, depth + 1)?);
                let (has, member) = match &*name {
                    "params" => (&mut parts.has_params, "`params`"),
                    "result" => (&mut parts.has_result, "`result`"),
                    _ => (&mut parts.has_error, "`error`"),
                };
                if std::mem::replace(has, true) {
                    parts.wrong(NotAFrame::Duplicate { member });
                }
            }
            _ => {
                scanner.value(depth + 1)?;
                parts.other(name);
            }
        }
        Ok(())
    })?;
    Ok(parts.judge()?)
}

/// Keeps the first, and notes a second.
fn once<'a>(before: Option<Raw<'a>>, now: Raw<'a>, member: &'static str, wrong: &mut Option<NotAFrame>) -> Option<Raw<'a>> {
    if before.is_none() {
        return Some(now);
    }
    if wrong.is_none() {
        *wrong = Some(NotAFrame::Duplicate { member });
    }
    before
}

impl<'a> Parts<'a> {
    fn wrong(&mut self, why: NotAFrame) {
        if self.wrong.is_none() {
            self.wrong = Some(why);
        }
    }

    fn other(&mut self, name: Cow<'a, str>) {
        const KNOWN: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
        if let Some(member) = KNOWN.into_iter().find(|known| is_other_spelling(&name, known)) {
            self.wrong(NotAFrame::OtherSpelling { member });
        }
        if self.others.contains(&name) {
            self.wrong(NotAFrame::Duplicate { member: "a member" });
        } else if self.others.len() < MOST_OTHERS {
            self.others.push(name);
        } else {
            self.wrong(malformed("it has too many members"));
        }
    }

    fn judge(self) -> Result<Message<'a>, NotAFrame> {
        let Some(version) = self.version else {
            let asks_or_answers = self.method.is_some() || self.id.is_some() && (self.has_result || self.has_error);
            let spelled = self.others.iter().any(|name| is_other_spelling(name, "jsonrpc"));
            return Err(match self.wrong {
                Some(why) if spelled => why,
                _ if asks_or_answers => NotAFrame::NoVersion,
                _ => NotAFrame::Noise,
            });
        };
        if let Some(why) = self.wrong {
            return Err(why);
        }
        if version.text().as_deref() != Some("2.0") {
            return Err(malformed("`jsonrpc` is not \"2.0\""));
        }
        let id = self.id.map(Id::read).transpose()?;
        match (self.method, self.inside, self.has_result, self.has_error) {
            (Some(method), params, false, false) => asking(id, method, params),
            (None, Some(result), true, false) => answering(id, result, self.has_params),
            (None, Some(error), false, true) => refusing(id, error, self.has_params),
            (None, _, true, true) => Err(malformed("it has both `result` and `error`")),
            (None, ..) => Err(malformed("it neither asks nor answers")),
            (Some(_), ..) => Err(malformed("it is a question and an answer at once")),
        }
    }
}

fn asking<'a>(id: Option<Id>, method: Raw<'a>, params: Option<Members<'a>>) -> Result<Message<'a>, NotAFrame> {
    if !method.get().starts_with('"') {
        return Err(malformed("`method` is no text"));
    }
    let method = method.text().ok_or(NotAFrame::LoneSurrogate { place: "`method`" })?;
    let params = params.filter(|params| params.raw().get() != "null");
    if params.as_ref().is_some_and(|params| !params.is_object()) {
        return Err(malformed("`params` is no object"));
    }
    if let Some(params) = &params {
        params.check(&[])?;
    }
    match id {
        None => Ok(Message::Notification { method, params }),
        Some(id) if id.is_null() => Err(malformed("a request's `id` is null")),
        Some(id) => Ok(Message::Request { id, method, params }),
    }
}

fn answering(id: Option<Id>, members: Members<'_>, has_params: bool) -> Result<Message<'_>, NotAFrame> {
    let Some(id) = id.filter(|id| !id.is_null()) else {
        return Err(malformed("an answer has no `id`"));
    };
    if has_params {
        return Err(malformed("an answer has `params`"));
    }
    members.check(&["resultType", "inputRequests", "requestState", "_meta"])?;
    let result_type = members.text("resultType")?;
    Ok(Message::Result {
        id,
        result: Peeked { members, result_type },
    })
}

fn refusing(id: Option<Id>, error: Members<'_>, has_params: bool) -> Result<Message<'_>, NotAFrame> {
    if has_params {
        return Err(malformed("an answer has `params`"));
    }
    if !error.is_object() {
        return Err(malformed("`error` is no object"));
    }
    error.check(&["code", "message", "data"])?;
    Ok(Message::Error {
        id: id.unwrap_or_else(Id::null),
        error,
    })
}
