//! Frames out of a stream of lines, within a limit.
//!
//! The attack: a line that never ends, to fill the memory.

use std::io::{self, BufRead as _, BufReader, Read};

use crate::guard::LARGEST_FRAME;

/// What is read at once.
const BUFFER: usize = 64 * 1024;

/// One frame as received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Received {
    /// A frame within the limit, with its line end as it came.
    Frame(Vec<u8>),
    /// One above [`LARGEST_FRAME`]. Nothing of it is kept; what is left of it is skipped before the next.
    Oversized,
}

/// A frame without its line end: `\n` or `\r\n`.
pub fn body(frame: &[u8]) -> &[u8] {
    let frame = frame.strip_suffix(b"\n").unwrap_or(frame);
    frame.strip_suffix(b"\r").unwrap_or(frame)
}

/// A stream of lines.
#[derive(Debug)]
pub struct Lines<R> {
    source: BufReader<R>,
    limit: usize,
    /// In the middle of a line that was too long.
    skipping: bool,
}

impl<R: Read> Lines<R> {
    /// The lines of `source`.
    pub fn new(source: R) -> Self {
        Self::limited(source, LARGEST_FRAME)
    }

    pub(super) fn limited(source: R, limit: usize) -> Self {
        Self {
            source: BufReader::with_capacity(BUFFER, source),
            limit,
            skipping: false,
        }
    }

    /// The next line. The last one may lack its line end. `None` at the end.
    ///
    /// # Errors
    /// The source cannot be read.
    pub fn read(&mut self) -> io::Result<Option<Received>> {
        if std::mem::take(&mut self.skipping) {
            self.source.skip_until(b'\n')?;
        }
        let most = self.limit as u64 + 2;
        let mut frame = Vec::new();
        (&mut self.source).take(most).read_until(b'\n', &mut frame)?;
        if body(&frame).len() > self.limit {
            self.skipping = !frame.ends_with(b"\n");
            return Ok(Some(Received::Oversized));
        }
        Ok((!frame.is_empty()).then_some(Received::Frame(frame)))
    }

    /// Whether something was read from the source that no frame was made of yet.
    pub(super) fn holds_more(&self) -> bool {
        !self.source.buffer().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &[u8], limit: usize) -> Vec<Received> {
        let mut lines = Lines::limited(text, limit);
        std::iter::from_fn(|| lines.read().unwrap()).collect()
    }

    fn frame(text: &str) -> Received {
        Received::Frame(text.as_bytes().to_vec())
    }

    #[test]
    fn line_ends_stay_as_they_came() {
        assert_eq!(all(b"a\r\n\n b \nc", 9), [frame("a\r\n"), frame("\n"), frame(" b \n"), frame("c")]);
        assert_eq!(all(b"", 9), []);
        let bodies: Vec<_> = [&b"a\r\n"[..], b"a\n", b"a", b"\r\n", b"\n"].map(body).into();
        assert_eq!(bodies, [&b"a"[..], b"a", b"a", b"", b""]);
    }

    #[test]
    fn what_is_too_long_is_told_once_and_skipped() {
        let over = Received::Oversized;
        assert_eq!(all(b"1234\n12345\nx\n", 4), [frame("1234\n"), over.clone(), frame("x\n")]);
        assert_eq!(all(b"1234\r\n12345\r\nx\n", 4), [frame("1234\r\n"), over.clone(), frame("x\n")]);
        assert_eq!(all(b"1234567890\nx\n", 4), [over.clone(), frame("x\n")]);
        assert_eq!(all(b"1234567890", 4), std::slice::from_ref(&over));
        assert_eq!(all(b"12345", 4), [over]);
    }

    #[test]
    fn what_was_read_ahead_is_known() {
        let mut lines = Lines::new(&b"a\nb\n"[..]);
        let seen: Vec<_> = std::iter::from_fn(|| lines.read().unwrap().map(|_| lines.holds_more())).collect();
        assert_eq!(seen, [true, false]);
    }

    #[test]
    fn it_is_told_before_the_line_ends() {
        let endless = io::repeat(b'x');
        let mut lines = Lines::limited(endless, 1 << 20);
        assert_eq!(lines.read().unwrap(), Some(Received::Oversized));
    }
}
