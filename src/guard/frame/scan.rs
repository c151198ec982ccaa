//! One pass over a text that is JSON or is not (RFC 8259), without building anything of it.
//!
//! The attack: a text that this pass takes and a client does not, or the other way round. It is as
//! strict as the RFC, and tests hold it against `serde_json` on whatever a generator thinks of.

use std::borrow::Cow;

use super::NotAFrame;
use super::members::Raw;
use crate::surface::number::number_end;

/// Arrays and objects inside one another: where `serde_json` stops as well.
pub(super) const DEEPEST: usize = 127;

/// Why the pass stopped.
pub(super) enum Fault {
    Syntax,
    TooDeep,
    /// All of it was read, and refused.
    NotAFrame(NotAFrame),
}

impl From<NotAFrame> for Fault {
    fn from(why: NotAFrame) -> Self {
        Self::NotAFrame(why)
    }
}

/// A member's name as written, with its quotes.
#[derive(Clone, Copy)]
pub(super) struct Name<'a>(Raw<'a>);

impl<'a> Name<'a> {
    /// `None` where half a surrogate pair stands in it.
    pub(super) fn unescaped(self) -> Option<Cow<'a, str>> {
        self.0.text()
    }
}

pub(super) struct Scanner<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self {
            text,
            bytes: text.as_bytes(),
            at: 0,
        }
    }

    pub(super) const fn at(&self) -> usize {
        self.at
    }

    /// The value that was read since then.
    pub(super) fn since(&self, start: usize) -> Raw<'a> {
        Raw::new(&self.text[start..self.at])
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    #[inline]
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    #[inline]
    pub(super) fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    /// The members of the object that begins here, which lies at this depth. `member` reads the value.
    pub(super) fn object(&mut self, depth: usize, mut member: impl FnMut(&mut Self, Name<'a>) -> Result<(), Fault>) -> Result<(), Fault> {
        if depth >= DEEPEST {
            return Err(Fault::TooDeep);
        }
        self.take(b'{')?;
        self.space();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(());
        }
        loop {
            let name = self.name()?;
            member(self, name)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.take(b'}'),
            }
            self.space();
        }
    }

    /// The elements of the outermost array, which begins here. `element` reads one.
    pub(super) fn array(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), Fault>) -> Result<(), Fault> {
        self.take(b'[')?;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        loop {
            element(self)?;
            self.space();
            match self.peek() {
                Some(b',') => self.at += 1,
                _ => return self.take(b']'),
            }
            self.space();
        }
    }

    fn take(&mut self, byte: u8) -> Result<(), Fault> {
        if self.peek() != Some(byte) {
            return Err(Fault::Syntax);
        }
        self.at += 1;
        Ok(())
    }

    /// A name and the colon; then the value begins.
    fn name(&mut self) -> Result<Name<'a>, Fault> {
        let start = self.at;
        self.string()?;
        let name = Name(self.since(start));
        self.space();
        self.take(b':')?;
        self.space();
        Ok(name)
    }

    /// Passes over the value that begins here, which lies at this depth.
    pub(super) fn value(&mut self, depth: usize) -> Result<Raw<'a>, Fault> {
        let start = self.at;
        // What is open inside the value: a bit each, set for an object, the innermost lowest.
        let mut open: u128 = 0;
        let mut inside = 0_usize;
        loop {
            match self.peek() {
                Some(b'"') => self.string()?,
                Some(bracket @ (b'{' | b'[')) => {
                    if depth + inside >= DEEPEST {
                        return Err(Fault::TooDeep);
                    }
                    let is_object = bracket == b'{';
                    self.at += 1;
                    self.space();
                    if self.peek() == Some(if is_object { b'}' } else { b']' }) {
                        self.at += 1;
                    } else {
                        open = open << 1 | u128::from(is_object);
                        inside += 1;
                        if is_object {
                            self.name()?;
                        }
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9') => self.number()?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                _ => return Err(Fault::Syntax),
            }
            loop {
                if inside == 0 {
                    return Ok(self.since(start));
                }
                self.space();
                let is_object = open & 1 == 1;
                match self.peek() {
                    Some(b',') => {
                        self.at += 1;
                        self.space();
                        if is_object {
                            self.name()?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => {}
                    Some(b']') if !is_object => {}
                    _ => return Err(Fault::Syntax),
                }
                self.at += 1;
                open >>= 1;
                inside -= 1;
            }
        }
    }

    fn word(&mut self, word: &str) -> Result<(), Fault> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(Fault::Syntax);
        }
        self.at += word.len();
        Ok(())
    }

    fn string(&mut self) -> Result<(), Fault> {
        self.take(b'"')?;
        loop {
            self.at += plain(&self.bytes[self.at..]);
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'\\') => self.escape()?,
                _ => return Err(Fault::Syntax),
            }
        }
    }

    fn escape(&mut self) -> Result<(), Fault> {
        let length = match self.bytes.get(self.at + 1) {
            Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
            Some(b'u') => {
                let digits = self.bytes.get(self.at + 2..self.at + 6);
                if !digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)) {
                    return Err(Fault::Syntax);
                }
                6
            }
            _ => return Err(Fault::Syntax),
        };
        self.at += length;
        Ok(())
    }

    fn number(&mut self) -> Result<(), Fault> {
        self.at = number_end(self.bytes, self.at).map_err(|_| Fault::Syntax)?;
        Ok(())
    }
}

/// How many bytes stand before the first that ends or escapes a string, or may not stand in one.
/// Eight at a time: most of a frame is text.
pub(super) fn plain(bytes: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x8080_8080_8080_8080;
    // The high bit of each byte that is smaller than `limit`; sure for the lowest that is set.
    let below = |word: u64, limit: u64| word.wrapping_sub(ONES * limit) & !word & HIGH;
    let mut at = 0;
    while let Some(chunk) = bytes.get(at..at + 8) {
        let mut eight = [0; 8];
        eight.copy_from_slice(chunk);
        let word = u64::from_le_bytes(eight);
        let found = below(word, 0x20) | below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1);
        if found != 0 {
            return at + (found.trailing_zeros() / 8) as usize;
        }
        at += 8;
    }
    let rest = bytes[at..].iter().position(|byte| matches!(byte, 0..0x20 | b'"' | b'\\'));
    rest.map_or(bytes.len(), |more| at + more)
}
