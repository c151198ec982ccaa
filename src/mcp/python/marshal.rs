//! Marshalled code in one canonical form: the same code, the same bytes.
//!
//! Python writes an object once and refers to it afterwards where it happens to know that two are
//! one, which depends on reference counts, on what was compiled before in the same process and (sets,
//! before 3.11) on the hash seed. The attack that would allow: a compiled file that differs from what
//! its source gives is waved through, because honest ones differ as well.
//!
//! So what Python wrote is read whole, equal constants become one, sets are sorted, and it is written
//! again: references exactly where a value comes again. What is loaded is equal to what was
//! compiled; constants that were equal are now the same object, as the compiler makes them itself
//! within a module. Rests on `Python/marshal.c` of `CPython` 3.8 to 3.14 (versions 4 and 5).

use std::collections::HashMap;

/// How deep constants and code may lie in one another. Written code stays below fifty.
const DEEPEST: usize = 300;
/// The most bytes the elements of sets may have, written out.
const LARGEST_SETS: usize = 1 << 20;
/// Marks a value that is referred to later.
const FLAG_REF: u8 = 0x80;

/// Why marshalled code has no canonical form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refused {
    /// Deeper or larger than any written code.
    TooDeep,
    /// Not what this version of Python writes.
    Malformed,
}

/// Where the numbers and the parts of a code object stand, which depends on the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Layout {
    /// Numbers in front; eight parts and the first line follow.
    numbers: usize,
    /// Parts behind the first line.
    tail: usize,
}

impl Layout {
    /// Of Python 3.`minor`; `None` where it is not known.
    pub(super) const fn of(minor: u32) -> Option<Self> {
        match minor {
            8..=10 => Some(Self { numbers: 6, tail: 1 }),
            11..=14 => Some(Self { numbers: 5, tail: 2 }),
            _ => None,
        }
    }
}

/// Writes marshalled code in its canonical form.
pub(super) fn canonical(bytes: &[u8], layout: Layout) -> Result<Vec<u8>, Refused> {
    let mut reader = Reader {
        rest: bytes,
        layout,
        values: Values::default(),
        refs: Vec::new(),
        sets: 0,
    };
    let root = reader.value(0)?;
    if !reader.rest.is_empty() {
        return Err(Refused::Malformed);
    }
    let mut writer = Writer {
        uses: vec![0; reader.values.all.len()],
        numbers: vec![None; reader.values.all.len()],
        values: reader.values.all,
        next: 0,
        out: Vec::with_capacity(bytes.len()),
    };
    writer.count(root);
    writer.write(root);
    Ok(writer.out)
}

/// One value: how it is written, in pieces between which its parts stand.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Value {
    /// The type, without the flag.
    kind: u8,
    /// What stands before the parts.
    head: Vec<u8>,
    parts: Vec<usize>,
    /// A code object: bytes that stand before the ninth part.
    line: Option<[u8; 4]>,
}

impl Value {
    fn plain(kind: u8, head: &[u8]) -> Self {
        Self {
            kind,
            head: head.to_vec(),
            parts: Vec::new(),
            line: None,
        }
    }

    /// Whether a reference is any shorter or faster.
    fn is_worth_a_reference(&self) -> bool {
        let empty_tuple = self.kind == b')' && self.parts.is_empty();
        !empty_tuple && !matches!(self.kind, b'N' | b'T' | b'F' | b'.' | b'i')
    }
}

/// All values, equal ones once.
#[derive(Default)]
struct Values {
    all: Vec<Value>,
    /// How many values lie in one another below each, references followed.
    heights: Vec<usize>,
    known: HashMap<Value, usize>,
}

impl Values {
    fn add(&mut self, value: Value) -> Result<usize, Refused> {
        if let Some(number) = self.known.get(&value) {
            return Ok(*number);
        }
        let height = value.parts.iter().map(|part| self.heights[*part] + 1).max().unwrap_or(0);
        if height > DEEPEST {
            return Err(Refused::TooDeep);
        }
        let number = self.all.len();
        self.all.push(value.clone());
        self.heights.push(height);
        self.known.insert(value, number);
        Ok(number)
    }

    /// A value written out without references, to sort by.
    fn flat(&self, number: usize, out: &mut Vec<u8>) -> Result<(), Refused> {
        let value = &self.all[number];
        out.push(value.kind);
        out.extend_from_slice(&value.head);
        if out.len() > LARGEST_SETS {
            return Err(Refused::TooDeep);
        }
        value.parts.iter().try_for_each(|part| self.flat(*part, out))
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    layout: Layout,
    values: Values,
    /// What `r` refers to; `None` while it is being read, which no constant needs.
    refs: Vec<Option<usize>>,
    /// Bytes spent on sorting sets.
    sets: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], Refused> {
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(Refused::Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, Refused> {
        Ok(self.take(1)?[0])
    }

    fn word(&mut self) -> Result<[u8; 4], Refused> {
        let word = self.take(4)?;
        word.try_into().map_err(|_| Refused::Malformed)
    }

    fn length(&mut self) -> Result<usize, Refused> {
        usize::try_from(i32::from_le_bytes(self.word()?)).map_err(|_| Refused::Malformed)
    }

    fn value(&mut self, depth: usize) -> Result<usize, Refused> {
        if depth > DEEPEST {
            return Err(Refused::TooDeep);
        }
        let tag = self.byte()?;
        let kind = tag & !FLAG_REF;
        if kind == b'r' {
            let number = self.length()?;
            return self.refs.get(number).copied().flatten().ok_or(Refused::Malformed);
        }
        // Every value takes its place among the references before its parts do.
        let place = (tag & FLAG_REF != 0).then(|| {
            self.refs.push(None);
            self.refs.len() - 1
        });
        let value = self.content(kind, depth)?;
        let number = self.values.add(value)?;
        if let Some(place) = place {
            self.refs[place] = Some(number);
        }
        Ok(number)
    }

    fn content(&mut self, kind: u8, depth: usize) -> Result<Value, Refused> {
        Ok(match kind {
            b'N' | b'T' | b'F' | b'.' => Value::plain(kind, &[]),
            b'i' => Value::plain(kind, &self.word()?),
            b'g' => Value::plain(kind, self.take(8)?),
            b'y' => Value::plain(kind, self.take(16)?),
            b'l' => self.long()?,
            b's' => {
                let length = self.length()?;
                Value::plain(kind, &sized(self.take(length)?))
            }
            b'u' | b't' | b'a' | b'A' => {
                let length = self.length()?;
                text(self.take(length)?)
            }
            b'z' | b'Z' => {
                let length = self.byte()?;
                text(self.take(length.into())?)
            }
            b')' => {
                let length = self.byte()?;
                self.tuple(length.into(), depth)?
            }
            b'(' => {
                let length = self.length()?;
                self.tuple(length, depth)?
            }
            b'>' => self.set(depth)?,
            b':' => self.parts(kind, 3, depth)?,
            b'c' => self.code(depth)?,
            _ => return Err(Refused::Malformed),
        })
    }

    fn long(&mut self) -> Result<Value, Refused> {
        let digits = self.word()?;
        let count = usize::try_from(i32::from_le_bytes(digits).unsigned_abs()).map_err(|_| Refused::Malformed)?;
        let bytes = self.take(count.checked_mul(2).ok_or(Refused::Malformed)?)?;
        Ok(Value::plain(b'l', &[&digits[..], bytes].concat()))
    }

    fn parts(&mut self, kind: u8, count: usize, depth: usize) -> Result<Value, Refused> {
        // Each part has a byte at least.
        if count > self.rest.len() {
            return Err(Refused::Malformed);
        }
        let parts: Result<_, _> = (0..count).map(|_| self.value(depth + 1)).collect();
        Ok(Value {
            parts: parts?,
            ..Value::plain(kind, &[])
        })
    }

    fn tuple(&mut self, count: usize, depth: usize) -> Result<Value, Refused> {
        let value = self.parts(b'(', count, depth)?;
        let short = u8::try_from(count).ok();
        Ok(match short {
            Some(count) => Value {
                kind: b')',
                head: vec![count],
                ..value
            },
            None => Value {
                head: word(count)?.to_vec(),
                ..value
            },
        })
    }

    fn set(&mut self, depth: usize) -> Result<Value, Refused> {
        let count = self.length()?;
        let value = self.parts(b'>', count, depth)?;
        let mut sorted = Vec::with_capacity(count);
        for part in value.parts {
            let mut flat = Vec::new();
            self.values.flat(part, &mut flat)?;
            self.sets += flat.len();
            if self.sets > LARGEST_SETS {
                return Err(Refused::TooDeep);
            }
            sorted.push((flat, part));
        }
        sorted.sort();
        Ok(Value {
            head: word(count)?.to_vec(),
            parts: sorted.into_iter().map(|(_, part)| part).collect(),
            ..Value::plain(b'>', &[])
        })
    }

    fn code(&mut self, depth: usize) -> Result<Value, Refused> {
        let head = self.take(4 * self.layout.numbers)?;
        let front = self.parts(b'c', 8, depth)?;
        let line = self.word()?;
        let back = self.parts(b'c', self.layout.tail, depth)?;
        Ok(Value {
            kind: b'c',
            head: head.to_vec(),
            parts: [front.parts, back.parts].concat(),
            line: Some(line),
        })
    }
}

fn word(length: usize) -> Result<[u8; 4], Refused> {
    Ok(u32::try_from(length).map_err(|_| Refused::Malformed)?.to_le_bytes())
}

/// A byte string as it is written: it came with a length that fits.
fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes()[..], bytes].concat()
}

/// Text: what the compiler interns (anything that could be a name) is interned, nothing else. Names
/// of code that look otherwise are interned when it is loaded.
fn text(bytes: &[u8]) -> Value {
    let name = bytes.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_');
    match u8::try_from(bytes.len()) {
        _ if !bytes.is_ascii() => Value::plain(b'u', &sized(bytes)),
        Ok(length) => Value::plain(if name { b'Z' } else { b'z' }, &[&[length], bytes].concat()),
        Err(_) => Value::plain(if name { b'A' } else { b'a' }, &sized(bytes)),
    }
}

struct Writer {
    values: Vec<Value>,
    /// How often each is written or referred to.
    uses: Vec<u32>,
    /// The number by which each is referred to, once it is written.
    numbers: Vec<Option<u32>>,
    next: u32,
    out: Vec<u8>,
}

impl Writer {
    fn count(&mut self, number: usize) {
        self.uses[number] += 1;
        if self.uses[number] == 1 {
            for place in 0..self.values[number].parts.len() {
                self.count(self.values[number].parts[place]);
            }
        }
    }

    fn write(&mut self, number: usize) {
        if let Some(known) = self.numbers[number] {
            self.out.push(b'r');
            self.out.extend_from_slice(&known.to_le_bytes());
            return;
        }
        let value = &self.values[number];
        let again = self.uses[number] > 1 && value.is_worth_a_reference();
        self.out.push(if again { value.kind | FLAG_REF } else { value.kind });
        if again {
            self.numbers[number] = Some(self.next);
            self.next += 1;
        }
        self.out.extend_from_slice(&value.head);
        let line = value.line;
        for place in 0..value.parts.len() {
            if let Some(line) = line.filter(|_| place == 8) {
                self.out.extend_from_slice(&line);
            }
            self.write(self.values[number].parts[place]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW: Layout = Layout { numbers: 5, tail: 2 };

    fn of(bytes: &[u8]) -> Vec<u8> {
        canonical(bytes, NEW).unwrap()
    }

    #[test]
    fn sharing_and_flags_do_not_show() {
        // ("ab c", "ab c") as two objects, as one, and as one with every flag set.
        let two = b")\x02z\x04ab cz\x04ab c";
        let one = b")\x02\xfa\x04ab cr\x00\x00\x00\x00";
        let all = b"\xa9\x02\xfa\x04ab cr\x01\x00\x00\x00";
        assert_eq!(of(two), b")\x02\xfa\x04ab cr\x00\x00\x00\x00");
        assert_eq!((of(one), of(all)), (of(two), of(two)));
    }

    #[test]
    fn interning_is_ours_to_say() {
        for other in [
            &b"t\x02\x00\x00\x00ab"[..],
            b"z\x02ab",
            b"Z\x02ab",
            b"a\x02\x00\x00\x00ab",
            b"u\x02\x00\x00\x00ab",
        ] {
            assert_eq!(of(other), b"Z\x02ab");
        }
        assert_eq!(of(b"Z\x03a-b"), b"z\x03a-b");
        assert_eq!(of("t\u{2}\0\0\0é".as_bytes()), "u\u{2}\0\0\0é".as_bytes());
    }

    #[test]
    fn sets_are_sorted_and_other_values_are_not() {
        assert_eq!(of(b">\x02\x00\x00\x00z\x01bz\x01a"), of(b">\x02\x00\x00\x00z\x01az\x01b"));
        assert_ne!(of(b")\x02z\x01bz\x01a"), of(b")\x02z\x01az\x01b"));
        assert_ne!(of(b"i\x01\x00\x00\x00"), of(b"T"));
    }

    #[test]
    fn what_python_does_not_write_is_refused() {
        let refused = |bytes: &[u8]| canonical(bytes, NEW).unwrap_err();
        for bad in [
            &b""[..],
            b"N ",
            b"r\x00\x00\x00\x00",
            b"\xa9\x01r\x00\x00\x00\x00",
            b"[\x00\x00\x00\x00",
            b"(\xff\xff\xff\x7f",
            b"s\xff\xff\xff\xffa",
            b"c\x00",
        ] {
            assert_eq!(refused(bad), Refused::Malformed, "{bad:?}");
        }
        assert_eq!(refused(&b")\x01".repeat(5000)), Refused::TooDeep);
        // Each hundred deep, but for the reference to the one before at its bottom.
        let mut tower = b")\x04".to_vec();
        for floor in 0..4_u32 {
            tower.push(b')' | FLAG_REF);
            tower.extend_from_slice(&b"\x01)".repeat(99));
            tower.push(1);
            match floor.checked_sub(1) {
                None => tower.push(b'N'),
                Some(below) => tower.extend_from_slice(&[&b"r"[..], &below.to_le_bytes()].concat()),
            }
        }
        assert_eq!(refused(&tower), Refused::TooDeep);
    }
}
