//! How deep a parser would have to go: counted before it starts.
//!
//! The attack: two hundred thousand brackets. A parser that descends by recursion runs out of stack, and
//! that ends the process, not the reading: no report at all for an update that nobody should take.
//!
//! Promise: the figure is never below the depth of recursion, give or take a small constant factor that
//! [`super::STACK_FOR_EACH`] carries. It may be far above: a file that is thought too deep is searched as
//! text. To skip strings, comments and regular expressions, this reads them as the grammar does; wherever
//! that is not certain (`}` before a slash), it stops skipping and counts every sign to the end.

/// What stood before, as far as it decides what a slash means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    /// A value ends: a slash divides.
    Value,
    /// An operator or a word like `return`: a slash begins a regular expression.
    Operator,
    /// It could be either.
    Unsure,
}

/// One open bracket and what was counted in it.
#[derive(Clone, Copy)]
struct Frame {
    /// Signs since the last comma or semicolon.
    run: u64,
    /// Signs that only a semicolon ends: statements before their bodies, labels.
    statement: u64,
    /// Signs that nothing ends but the bracket.
    sticky: u64,
    /// A closing brace leads back into a template.
    template: bool,
    /// A word like `if` stood before this parenthesis.
    header: bool,
}

impl Frame {
    const fn new(template: bool, header: bool) -> Self {
        Self {
            run: 0,
            statement: 0,
            sticky: 0,
            template,
            header,
        }
    }

    const fn height(&self) -> u64 {
        2 + self.run + self.statement + self.sticky
    }
}

struct Count<'s> {
    bytes: &'s [u8],
    at: usize,
    types: bool,
    frames: Vec<Frame>,
    /// Heights of the frames below the top one.
    below: u64,
    deepest: u64,
    before: Before,
    /// The last word, where it is the last token.
    word: (usize, usize),
    after_dot: bool,
    after_colon: bool,
    semicolon: bool,
    /// Only blanks and comments stand before this on its line.
    fresh: bool,
    /// How much may be read twice, to find out what an unsure slash is.
    budget: usize,
}

/// How deep a parser may have to go; `types` for TypeScript, `markup` where JSX may stand.
pub(super) fn of(source: &str, types: bool, markup: bool) -> u64 {
    let bytes = source.as_bytes();
    if markup {
        return every_sign(bytes);
    }
    let mut count = Count {
        bytes,
        at: 0,
        types,
        frames: vec![Frame::new(false, false)],
        below: 0,
        deepest: 0,
        before: Before::Operator,
        word: (0, 0),
        after_dot: false,
        after_colon: false,
        semicolon: false,
        fresh: true,
        budget: bytes.len().saturating_mul(4),
    };
    if bytes.starts_with(b"#!") {
        count.at = line_end(bytes, 0);
    }
    count.run()
}

/// Every word and every sign, as if none of them closed anything.
fn every_sign(bytes: &[u8]) -> u64 {
    let mut found = 0;
    let mut in_word = false;
    for &byte in bytes {
        let word = is_word(byte);
        if !byte.is_ascii_whitespace() && !(word && in_word) {
            found += 1;
        }
        in_word = word;
    }
    found
}

impl Count<'_> {
    fn run(mut self) -> u64 {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte.is_ascii_whitespace() {
                self.fresh |= matches!(byte, b'\n' | b'\r');
                self.at += 1;
                continue;
            }
            if !self.step(byte) {
                return self.deepest + self.here() + every_sign(&self.bytes[self.at..]);
            }
        }
        self.deepest.max(self.here())
    }

    fn here(&self) -> u64 {
        self.below + self.frames.last().map_or(0, Frame::height)
    }

    fn top(&mut self, change: impl FnOnce(&mut Frame)) {
        if let Some(frame) = self.frames.last_mut() {
            change(frame);
        }
    }

    /// One token. `false` where it is not certain what follows.
    fn step(&mut self, byte: u8) -> bool {
        match byte {
            b'/' => self.slash(),
            b'"' | b'\'' => self.string(byte),
            b'`' => {
                self.at += 1;
                self.token(Before::Value);
                self.template()
            }
            b'(' | b'[' | b'{' => {
                let header = byte == b'(' && self.is_header();
                self.token(Before::Operator);
                self.open(Frame::new(false, header));
                self.at += 1;
                true
            }
            b')' | b']' | b'}' => self.close(byte),
            b';' => {
                self.deepest = self.deepest.max(self.here());
                self.top(|frame| frame.run = 0);
                self.token(Before::Operator);
                self.semicolon = true;
                self.at += 1;
                true
            }
            b',' => {
                self.deepest = self.deepest.max(self.here());
                self.top(|frame| frame.run = 0);
                self.token(Before::Operator);
                self.at += 1;
                true
            }
            _ if is_word(byte) => {
                self.word();
                true
            }
            _ => self.operator(byte),
        }
    }

    /// Counts one token.
    fn token(&mut self, before: Before) {
        if self.semicolon {
            self.semicolon = false;
            self.top(|frame| frame.statement = 0);
        }
        self.top(|frame| frame.run += 1);
        self.before = before;
        self.word = (0, 0);
        self.after_dot = false;
        self.after_colon = false;
        self.fresh = false;
    }

    fn open(&mut self, frame: Frame) {
        self.below += self.frames.last().map_or(0, Frame::height);
        self.frames.push(frame);
    }

    fn close(&mut self, byte: u8) -> bool {
        self.at += 1;
        self.deepest = self.deepest.max(self.here());
        // More closing than opening: no parser follows, so the rest does not matter much.
        if self.frames.len() < 2 {
            return false;
        }
        let Some(closed) = self.frames.pop() else {
            return false;
        };
        self.below -= self.frames.last().map_or(0, Frame::height);
        let before = match byte {
            b']' => Before::Value,
            b')' if closed.header => Before::Operator,
            b')' => Before::Value,
            _ => Before::Unsure,
        };
        self.token(before);
        if closed.template {
            self.before = Before::Value;
            return byte == b'}' && self.template();
        }
        true
    }

    fn is_header(&self) -> bool {
        matches!(
            &self.bytes[self.word.0..self.word.1],
            b"if" | b"while" | b"for" | b"with" | b"await"
        ) && !self.after_dot
    }

    fn word(&mut self) {
        let start = self.at;
        while self.bytes.get(self.at).is_some_and(|&b| is_word(b)) {
            self.at += 1;
        }
        let bytes = self.bytes;
        let word = &bytes[start..self.at];
        let (dotted, after_colon) = (self.after_dot, self.after_colon);
        if word == b"else" {
            // What follows hangs on the statement before the semicolon.
            self.semicolon = false;
        }
        self.token(if dotted { Before::Value } else { before_of(word) });
        match word {
            b"do" => self.top(|frame| frame.sticky += 1),
            b"if" | b"else" | b"for" | b"while" | b"with" => self.top(|frame| frame.statement += 1),
            _ => {}
        }
        if after_colon {
            // One more label, or one more arm of a condition.
            self.top(|frame| frame.statement += 1);
        }
        // Blanks beyond ASCII look like words here, and some of them end lines.
        self.fresh = !word.is_ascii();
        self.word = (start, self.at);
        self.after_dot = dotted;
    }

    fn operator(&mut self, byte: u8) -> bool {
        let rest = &self.bytes[self.at..];
        if rest.starts_with(b"<!--") {
            return false;
        }
        if rest.starts_with(b"-->") && self.fresh {
            return false;
        }
        if rest.starts_with(b"++") || rest.starts_with(b"--") {
            self.token(Before::Unsure);
            self.at += 2;
            return true;
        }
        let unsure = self.types && matches!(byte, b'>' | b'!');
        self.token(if unsure { Before::Unsure } else { Before::Operator });
        match byte {
            b'.' | b'#' => self.after_dot = true,
            b':' => self.after_colon = true,
            b'<' if self.types => self.top(|frame| frame.statement += 1),
            _ => {}
        }
        self.at += 1;
        true
    }

    fn slash(&mut self) -> bool {
        match self.bytes.get(self.at + 1) {
            Some(b'/') => {
                self.at = line_end(self.bytes, self.at);
                return true;
            }
            Some(b'*') => {
                let Some(end) = find(&self.bytes[self.at + 2..], b"*/") else {
                    return false;
                };
                let inner = &self.bytes[self.at..self.at + end];
                self.fresh |= inner.iter().any(|b| matches!(b, b'\n' | b'\r') || *b >= 0x80);
                self.at += 2 + end + 2;
                return true;
            }
            _ => {}
        }
        match self.before {
            Before::Value => {
                self.token(Before::Operator);
                self.at += 1;
                true
            }
            Before::Operator => match self.expression_end() {
                Some(end) => {
                    self.at = end;
                    self.token(Before::Value);
                    true
                }
                None => false,
            },
            Before::Unsure => self.unsure(),
        }
    }

    /// Where the regular expression that begins here ends.
    fn expression_end(&self) -> Option<usize> {
        let mut in_class = false;
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at)? {
                b'\n' | b'\r' => return None,
                0xE2 if is_separator(&self.bytes[at..]) => return None,
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'/' if !in_class => return Some(at + 1),
                _ => {}
            }
            at += 1;
        }
    }

    /// A slash that may divide or begin a regular expression: fine where both readings agree on what
    /// follows.
    fn unsure(&mut self) -> bool {
        let Some(end) = self.expression_end() else {
            // No end on this line: it can only divide.
            let rest = &self.bytes[self.at..];
            let read = line_end(rest, 0);
            if read > self.budget {
                return false;
            }
            self.budget -= read;
            self.token(Before::Operator);
            self.at += 1;
            return true;
        };
        let inner = &self.bytes[self.at + 1..end - 1];
        let plain = inner
            .iter()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'$' | b'.' | b' '));
        let last = inner.rsplit(|&b| !is_word(b)).next().unwrap_or_default();
        if !plain || last.is_empty() || before_of(last) != Before::Value {
            return false;
        }
        for _ in inner {
            self.token(Before::Value);
        }
        self.at = end;
        self.token(Before::Unsure);
        true
    }

    fn string(&mut self, quote: u8) -> bool {
        let mut at = self.at + 1;
        loop {
            match self.bytes.get(at) {
                None | Some(b'\n' | b'\r') => return false,
                Some(b'\\') => {
                    at += if self.bytes[at..].starts_with(b"\\\r\n") { 3 } else { 2 };
                    continue;
                }
                Some(&byte) if byte == quote => break,
                Some(_) => at += 1,
            }
        }
        self.at = at + 1;
        self.token(Before::Value);
        true
    }

    /// From inside a template to its end, or to the next `${`.
    fn template(&mut self) -> bool {
        loop {
            match self.bytes.get(self.at) {
                None => return false,
                Some(b'\\') => self.at += 2,
                Some(b'`') => {
                    self.at += 1;
                    self.before = Before::Value;
                    return true;
                }
                Some(b'$') if self.bytes.get(self.at + 1) == Some(&b'{') => {
                    self.at += 2;
                    self.token(Before::Operator);
                    self.open(Frame::new(true, false));
                    return true;
                }
                Some(_) => self.at += 1,
            }
        }
    }
}

/// What a slash means after this word.
fn before_of(word: &[u8]) -> Before {
    match word {
        b"return" | b"typeof" | b"instanceof" | b"in" | b"new" | b"delete" | b"throw" | b"case" | b"do" | b"else" | b"default"
        | b"extends" => Before::Operator,
        b"await" | b"yield" | b"of" | b"void" | b"break" | b"continue" | b"debugger" | b"satisfies" | b"as" | b"is" | b"keyof" | b"let"
        | b"async" => Before::Unsure,
        _ if word.iter().any(|&b| b >= 0x80 || b == b'\\') => Before::Unsure,
        _ => Before::Value,
    }
}

const fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'$' | b'\\') || byte >= 0x80
}

/// A line or paragraph separator, which ends lines as a newline does.
fn is_separator(bytes: &[u8]) -> bool {
    bytes.starts_with(&[0xE2, 0x80, 0xA8]) || bytes.starts_with(&[0xE2, 0x80, 0xA9])
}

fn line_end(bytes: &[u8], from: usize) -> usize {
    (from..bytes.len())
        .find(|&at| matches!(bytes[at], b'\n' | b'\r') || is_separator(&bytes[at..]))
        .unwrap_or(bytes.len())
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    bytes.windows(what.len()).position(|window| window == what)
}
