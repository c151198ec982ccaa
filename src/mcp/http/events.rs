//! Server-sent events (WHATWG HTML, section 9.2), as bytes with bounds.
//!
//! The attacks: a line or an event without an end, a flood of empty events, and a line end that two
//! readers see at different places. An event's data is handed on as it came; its lines are joined
//! with `\n`, as the standard says.

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// `event:`; empty means `message`.
    pub name: String,
    /// `data:`, its lines joined.
    pub data: Vec<u8>,
    /// The last `id:` so far, for `Last-Event-ID`.
    pub id: Option<String>,
    /// `retry:`, in milliseconds, if it stood in this event.
    pub retry: Option<u64>,
}

/// More than a bound allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("one event is larger than {0} bytes")]
pub struct EventTooLarge(pub usize);

/// Reads events from bytes that arrive in any pieces.
#[derive(Debug)]
pub struct EventReader {
    line: Vec<u8>,
    /// The last byte was `\r`: a `\n` that follows belongs to it.
    after_return: bool,
    started: bool,
    event: Event,
    has_data: bool,
    limit: usize,
}

impl EventReader {
    /// A reader that takes events of at most so many bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            line: Vec::new(),
            after_return: false,
            started: false,
            event: Event::default(),
            has_data: false,
            limit,
        }
    }

    /// Takes the next bytes, hands out what is whole. Events without data are left out, as the
    /// standard says, but for those that set `retry` or an id.
    ///
    /// # Errors
    /// An event is too large; nothing after it can be read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, EventTooLarge> {
        let mut out = Vec::new();
        for &byte in bytes {
            match byte {
                b'\n' if std::mem::take(&mut self.after_return) => {}
                b'\n' | b'\r' => {
                    self.after_return = byte == b'\r';
                    let line = std::mem::take(&mut self.line);
                    out.extend(self.take_line(&line));
                }
                _ => {
                    self.after_return = false;
                    self.line.push(byte);
                    if self.line.len() + self.event.data.len() > self.limit {
                        return Err(EventTooLarge(self.limit));
                    }
                }
            }
        }
        Ok(out)
    }

    fn take_line(&mut self, line: &[u8]) -> Option<Event> {
        let line = if std::mem::replace(&mut self.started, true) {
            line
        } else {
            line.strip_prefix("\u{feff}".as_bytes()).unwrap_or(line)
        };
        if line.is_empty() {
            let id = self.event.id.clone();
            let next = Event { id, ..Event::default() };
            let had_data = std::mem::take(&mut self.has_data);
            let event = std::mem::replace(&mut self.event, next);
            return had_data.then_some(event);
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(0) => return None,
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &[][..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        let text = || String::from_utf8_lossy(value).into_owned();
        match field {
            b"data" => {
                if self.has_data {
                    self.event.data.push(b'\n');
                }
                self.has_data = true;
                self.event.data.extend_from_slice(value);
            }
            b"event" => self.event.name = text(),
            // It goes back in a header: what no header may hold is no id.
            b"id" if value.len() <= 1_024 && value.iter().all(|b| (0x20..0x7f).contains(b)) => self.event.id = Some(text()),
            b"retry" => self.event.retry = text().parse().ok(),
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(bytes: &[u8]) -> Vec<Event> {
        EventReader::new(1_000).push(bytes).unwrap()
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let events = all(b"\xef\xbb\xbf: hello\r\n\r\nid: 7\r\nevent: message\ndata: {\"a\":\ndata:1}\n\ndata:  x\r\rretry: 5\n\ndata\n\nid: a\tb\ndata: y\n\n");
        let data: Vec<_> = events
            .iter()
            .map(|event| String::from_utf8_lossy(&event.data).into_owned())
            .collect();
        assert_eq!(data, ["{\"a\":\n1}", " x", "", "y"]);
        assert_eq!(events[0].name, "message");
        assert!(
            events.iter().all(|event| event.id.as_deref() == Some("7")),
            "an id stays until another"
        );
    }

    #[test]
    fn a_line_end_may_be_cut_in_two() {
        let mut reader = EventReader::new(100);
        assert!(reader.push(b"data: a\r").unwrap().is_empty());
        assert!(reader.push(b"\ndata: b\r").unwrap().is_empty());
        let events = reader.push(b"\n\r\n").unwrap();
        assert_eq!(events[0].data, b"a\nb");
    }

    #[test]
    fn an_event_without_an_end_is_refused() {
        let mut reader = EventReader::new(100);
        assert_eq!(reader.push(&[b'x'; 101]), Err(EventTooLarge(100)));
        let mut reader = EventReader::new(100);
        let flood = "data: 0123456789\n".repeat(20);
        assert_eq!(reader.push(flood.as_bytes()), Err(EventTooLarge(100)));
    }

    proptest! {
        #[test]
        fn how_bytes_are_cut_makes_no_difference(bytes in proptest::collection::vec(prop_oneof![Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'd'), any::<u8>()], 0..200), cut in 0_usize..200) {
            let cut = cut.min(bytes.len());
            let mut reader = EventReader::new(1_000);
            let mut pieces = reader.push(&bytes[..cut]).unwrap();
            pieces.extend(reader.push(&bytes[cut..]).unwrap());
            prop_assert_eq!(pieces, all(&bytes));
        }

        #[test]
        fn what_is_written_is_read(lines in proptest::collection::vec("[ -~]{0,40}", 1..5), end in prop_oneof![Just("\n"), Just("\r"), Just("\r\n")]) {
            let mut text = String::new();
            for line in &lines {
                text.extend(["data: ", line.as_str(), end]);
            }
            text.push_str(end);
            let events = all(text.as_bytes());
            prop_assert_eq!(events.len(), 1);
            let joined = lines.join("\n").into_bytes();
            prop_assert_eq!(&events[0].data, &joined);
        }
    }
}
