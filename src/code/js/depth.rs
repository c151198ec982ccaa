//! How deep a parser would have to go: counted before it starts.
//!
//! The attack: two hundred thousand brackets. A parser that descends by recursion runs out of stack, and
//! that ends the process, not the reading: no report at all for an update that nobody should take.
//!
//! Promise: the figure is never below the depth of recursion, give or take a small constant factor that
//! [`super::STACK_FOR_EACH`] carries. It may be far above: a file that is thought too deep is searched as
//! text. To skip strings, comments and regular expressions, this reads them as the grammar does; wherever
//! that is not certain (`}` before a slash), it stops skipping and counts every sign to the end.
//!
//! The other attack: a file of a few kilobytes that keeps a parser busy for hours. What may be the
//! parameters of an arrow function is read as such first, and again as a value; in TypeScript so are types,
//! and where one of these stands in another, the times multiply. So the bytes are counted as often as
//! they may be read: see [`Estimate::work`].

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

/// What a parser may have to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Estimate {
    /// How deep it may have to go.
    pub(super) depth: u64,
    /// How many bytes it may read again, each as often as that can happen.
    pub(super) work: u64,
}

/// One open bracket and what was counted in it.
#[derive(Clone, Copy)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the bracket")]
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
    /// Parameters of an arrow function may stand in this parenthesis.
    maybe: bool,
    /// They have a pattern or a default value: what stands in it is read twice.
    twice: bool,
    /// Types that are only guessed to be types, and did not end yet.
    guesses: u32,
    /// A `?` stood here since the last comma or semicolon.
    asked: bool,
}

impl Frame {
    const fn new(template: bool, header: bool) -> Self {
        Self {
            run: 0,
            statement: 0,
            sticky: 0,
            template,
            header,
            maybe: false,
            twice: false,
            guesses: 0,
            asked: false,
        }
    }

    const fn again(&self) -> u32 {
        self.guesses + self.twice as u32
    }

    const fn height(&self) -> u64 {
        2 + self.run + self.statement + self.sticky
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact about the last token")]
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
    /// A parenthesis closed just now.
    closed: bool,
    /// A parameter may begin here.
    first: bool,
    /// 2 after `infer`, 1 after the name that follows it.
    inferring: u8,
    semicolon: bool,
    /// Only blanks and comments stand before this on its line.
    fresh: bool,
    /// How much may be read twice, to find out what an unsure slash is.
    budget: usize,
    /// How often what stands here may be read again, for all open brackets but the top one.
    again: u32,
    work: u64,
}

/// What a parser may have to do; `types` for TypeScript, `markup` where JSX may stand.
pub(super) fn of(source: &str, types: bool, markup: bool) -> Estimate {
    let bytes = source.as_bytes();
    if markup {
        return Estimate {
            depth: every_sign(bytes),
            work: every_parenthesis(bytes, types, 0),
        };
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
        closed: false,
        first: false,
        inferring: 0,
        semicolon: false,
        fresh: true,
        budget: bytes.len().saturating_mul(4),
        again: 0,
        work: 0,
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
        if !(byte.is_ascii_whitespace() || word && in_word) {
            found += 1;
        }
        in_word = word;
    }
    found
}

/// How often bytes may be read again: types multiply, all else adds up.
const fn times(again: u32, types: bool) -> u64 {
    match (again, types) {
        (0, _) => 0,
        (again, true) => 1 << (if again < 48 { again } else { 48 }),
        (again, false) => again as u64,
    }
}

/// The work as if every parenthesis that calls nothing, and every type, were read twice and had no end.
fn every_parenthesis(bytes: &[u8], types: bool, mut again: u32) -> u64 {
    let mut work = 0_u64;
    let mut last = b' ';
    for &byte in bytes {
        let calls = is_word(last) || matches!(last, b')' | b']');
        if (byte == b'(' && (types || !calls)) || (types && byte == b'<') {
            again = again.saturating_add(1);
        }
        work = work.saturating_add(times(again, types));
        last = byte;
    }
    work
}

impl Count<'_> {
    fn run(mut self) -> Estimate {
        while let Some(&byte) = self.bytes.get(self.at) {
            if byte.is_ascii_whitespace() {
                self.fresh |= matches!(byte, b'\n' | b'\r');
                self.at += 1;
                continue;
            }
            let (start, again) = (self.at, self.all_again());
            let certain = self.step(byte);
            let read = self.bytes.len().min(self.at) - start;
            let times = times(again.max(self.all_again()), self.types);
            self.work = self.work.saturating_add(times.saturating_mul(read as u64));
            if !certain {
                let rest = self.bytes.get(self.at..).unwrap_or_default();
                return Estimate {
                    depth: self.deepest + self.here() + every_sign(rest),
                    work: self.work.saturating_add(every_parenthesis(rest, self.types, self.all_again())),
                };
            }
        }
        Estimate {
            depth: self.deepest.max(self.here()),
            work: self.work,
        }
    }

    fn all_again(&self) -> u32 {
        self.again + self.frames.last().map_or(0, Frame::again)
    }

    /// A bracket opens: may what stands in it, or what it stands in, be read twice?
    fn opens(&mut self, byte: u8) -> bool {
        let word = &self.bytes[self.word.0..self.word.1];
        // A line may end a statement where no semicolon does.
        let calls = self.before == Before::Value
            && !self.fresh
            && !matches!(word, b"async" | b"readonly" | b"unique" | b"infer" | b"asserts" | b"new");
        if byte != b'(' && self.first {
            self.top(|frame| frame.twice |= frame.maybe);
        }
        byte == b'(' && !calls
    }

    /// What this word or operator ends: no type goes on after it.
    fn ends_guesses(&mut self) {
        self.top(|frame| frame.guesses = 0);
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
                let maybe = self.opens(byte);
                self.token(Before::Operator);
                self.open(Frame {
                    maybe,
                    ..Frame::new(false, header)
                });
                self.first = true;
                self.at += 1;
                true
            }
            b')' | b']' | b'}' => self.close(byte),
            b';' => {
                self.deepest = self.deepest.max(self.here());
                self.top(|frame| (frame.run, frame.guesses, frame.asked) = (0, 0, false));
                self.token(Before::Operator);
                self.semicolon = true;
                self.at += 1;
                true
            }
            b',' => {
                self.deepest = self.deepest.max(self.here());
                self.top(|frame| (frame.run, frame.asked) = (0, false));
                self.token(Before::Operator);
                self.first = true;
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
        self.closed = false;
        self.first = false;
        self.inferring = self.inferring.saturating_sub(1);
        self.fresh = false;
    }

    fn open(&mut self, frame: Frame) {
        self.below += self.frames.last().map_or(0, Frame::height);
        self.again += self.frames.last().map_or(0, Frame::again);
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
        self.again -= self.frames.last().map_or(0, Frame::again);
        let before = match byte {
            b')' if closed.header => Before::Operator,
            b']' | b')' => Before::Value,
            _ => Before::Unsure,
        };
        self.token(before);
        self.closed = byte == b')';
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
        let inferred = self.inferring == 1;
        self.token(if dotted { Before::Value } else { before_of(word) });
        match word {
            _ if dotted => {}
            b"infer" if self.types => self.inferring = 2,
            b"extends" if inferred => self.top(|frame| frame.guesses += 1),
            b"if" | b"return" | b"for" | b"while" | b"var" | b"function" | b"class" | b"export" | b"throw" | b"switch" | b"try"
            | b"else" | b"case" | b"do" | b"break" | b"continue" => self.ends_guesses(),
            _ => {}
        }
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
        self.guess(byte);
        let (closed, dots) = (self.closed, rest.starts_with(b"..."));
        let before = match byte {
            b'>' if self.types => Before::Unsure,
            // After a value on the same line it says that the value is there, before one that it is not.
            b'!' if self.types && !self.fresh => self.before,
            b'!' if self.types && self.before == Before::Value => Before::Unsure,
            _ => Before::Operator,
        };
        self.token(before);
        match byte {
            b'.' if dots => {
                self.first = true;
                self.at += 2;
            }
            b'.' | b'#' => self.after_dot = true,
            b':' => {
                self.after_colon = true;
                if closed && self.types {
                    // `a ? (b): c => d`: the rest may be the body of a function.
                    self.top(|frame| frame.guesses += u32::from(frame.asked));
                }
            }
            b'?' => self.top(|frame| frame.asked = true),
            b'<' if self.types => self.top(|frame| frame.statement += 1),
            _ => {}
        }
        self.at += 1;
        true
    }

    /// What an operator says about parameters and types.
    fn guess(&mut self, byte: u8) {
        let before = self.at.checked_sub(1).and_then(|at| self.bytes.get(at)).copied();
        let after = self.bytes.get(self.at + 1).copied();
        match byte {
            b'=' if !matches!(before, Some(b'=' | b'!')) && !matches!(after, Some(b'=' | b'>')) => {
                self.top(|frame| frame.twice |= frame.maybe);
            }
            b'<' if self.types => self.top(|frame| frame.guesses += 1),
            b'>' if self.types && before != Some(b'=') => self.top(|frame| frame.guesses = frame.guesses.saturating_sub(1)),
            b'+' | b'*' | b'%' if self.types => self.ends_guesses(),
            _ => {}
        }
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
