//! The structure of a zip archive: its end, its directory, and what stands before each file.

use super::super::entry::{ArchiveError, MAX_FILE, MAX_FILES, MAX_UNPACKED, Refusal, bomb, damaged, refused};
use super::super::names::Names;

const LOCAL: u32 = 0x0403_4b50;
const CENTRAL: u32 = 0x0201_4b50;
const END: u32 = 0x0605_4b50;
const WIDE_END: u32 = 0x0606_4b50;
const WIDE_LOCATOR: u32 = 0x0706_4b50;
const DESCRIPTOR: u32 = 0x0807_4b50;
/// Length of the end record without a comment.
const END_SIZE: usize = 22;
/// Lengths of the zip64 end record (without data of its own) and of its locator.
const WIDE_END_SIZE: usize = 56;
const WIDE_LOCATOR_SIZE: usize = 20;
/// How far from the end some readers look for the end record: it and the longest comment.
const SEARCHED: usize = END_SIZE + 0xffff;
/// Fields of extra data: sizes of 64 bits, and the name in Unicode.
const EXTRA_WIDE: u16 = 0x0001;
const EXTRA_UNICODE_PATH: u16 = 0x7075;
/// The two methods.
const STORED: u16 = 0;
const DEFLATED: u16 = 8;
/// Flags: two of hints about the compression, sizes that follow the content, a name in UTF-8.
const HINTS: u16 = 0b110;
const SIZES_FOLLOW: u16 = 1 << 3;
const UTF8: u16 = 1 << 11;
/// Flags of encryption, of which there are three kinds.
const ENCRYPTED: u16 = 1 | 1 << 6 | 1 << 13;

/// A file, with everything about it that was found to agree.
pub(super) struct Entry<'a> {
    /// The name as it stands in the archive.
    pub(super) name: &'a [u8],
    /// The same, checked.
    pub(super) path: String,
    pub(super) executable: bool,
    pub(super) deflated: bool,
    /// As it lies in the archive.
    pub(super) data: &'a [u8],
    pub(super) size: u64,
    pub(super) crc: u32,
}

/// Every file of the archive, in the order in which they lie there.
pub(super) fn read<'a>(package: &str, bytes: &'a [u8]) -> Result<Vec<Entry<'a>>, ArchiveError> {
    let end = End::read(bytes).map_err(|reason| damaged(package, reason))?;
    if end.count > MAX_FILES {
        return Err(bomb(package, "200,000 files"));
    }
    let mut cursor = Cursor(end.directory);
    let mut records = Vec::new();
    for _ in 0..end.count {
        let record = Record::read(&mut cursor).ok_or_else(|| damaged(package, "its directory cannot be read"))?;
        record.check().map_err(|refusal| refused(package, record.name, refusal))?;
        records.push(record);
    }
    if !cursor.0.is_empty() {
        return Err(damaged(package, "its directory holds more than its end record says"));
    }
    records.sort_by_key(|record| record.offset);
    let unpacked = records.iter().try_fold(0_u64, |sum, record| sum.checked_add(record.size));
    if unpacked.is_none_or(|sum| sum > MAX_UNPACKED) {
        return Err(bomb(package, "1 GiB"));
    }
    let entries = lay_out(package, &bytes[..end.start], &records)?;
    if entries.is_empty() {
        return Err(damaged(package, "it holds no file"));
    }
    Ok(entries)
}

/// Holds every record against what lies in front, which must be these entries, all of them, and
/// nothing else.
fn lay_out<'a>(package: &str, front: &'a [u8], records: &[Record<'a>]) -> Result<Vec<Entry<'a>>, ArchiveError> {
    let mut names = Names::whole();
    let mut entries = Vec::with_capacity(records.len());
    let mut at = 0;
    for (i, record) in records.iter().enumerate() {
        let fault = |refusal| refused(package, record.name, refusal);
        let end = records.get(i + 1).map_or(front.len() as u64, |next| next.offset);
        let end = usize::try_from(end).map_err(|_| fault(Refusal::Elsewhere))?;
        if record.offset != at as u64 || end < at {
            return Err(fault(Refusal::Elsewhere));
        }
        let piece = front.get(at..end).ok_or_else(|| fault(Refusal::Elsewhere))?;
        let data = record.local(piece).map_err(fault)?;
        at = end;
        if record.is_folder() {
            names.folder(record.name).map_err(fault)?;
            continue;
        }
        entries.push(Entry {
            name: record.name,
            path: names.file(record.name).map_err(fault)?,
            executable: record.mode & 0o111 != 0,
            deflated: record.method == DEFLATED,
            data,
            size: record.size,
            crc: record.crc,
        });
    }
    // Nothing was laid over the directory, and nothing lies before it that it does not name.
    if at == front.len() {
        Ok(entries)
    } else {
        Err(damaged(package, "bytes in it belong to no entry"))
    }
}

/// What the records at the end say.
struct End<'a> {
    /// Where the directory starts.
    start: usize,
    directory: &'a [u8],
    count: u64,
}

impl<'a> End<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, &'static str> {
        const NONE: &str = "it does not end with a zip archive's end record, or bytes follow that";
        const WRONG: &str = "its end records contradict each other";
        let at = bytes.len().checked_sub(END_SIZE).ok_or(NONE)?;
        let narrow = narrow_totals(&bytes[at..]).ok_or(NONE)?;
        if ends_twice(bytes, at) {
            return Err("it has more than one end record");
        }
        let locator = at.checked_sub(WIDE_LOCATOR_SIZE).map(|start| &bytes[start..at]);
        let (totals, end) = match locator.filter(|locator| Cursor(locator).u32() == Some(WIDE_LOCATOR)) {
            None => (narrow, at),
            Some(locator) => wide_end(bytes, at, locator, &narrow).ok_or(WRONG)?,
        };
        let [disk, directory_disk, here, count, size, offset] = totals;
        if (disk, directory_disk, here) != (0, 0, count) {
            return Err("it is spread over several files");
        }
        // The directory ends where the end records begin.
        let start = usize::try_from(offset).map_err(|_| WRONG)?;
        match bytes.get(start..end) {
            Some(directory) if directory.len() as u64 == size => Ok(Self { start, directory, count }),
            _ => Err("its directory does not lie between its entries and its end record"),
        }
    }
}

/// Disk, disk of the directory, entries here, entries, size and offset of the directory.
type Totals = [u64; 6];

/// Of an end record without a comment.
fn narrow_totals(bytes: &[u8]) -> Option<Totals> {
    let mut cursor = Cursor(bytes);
    if cursor.u32()? != END {
        return None;
    }
    let [disk, directory_disk, here, count] = [cursor.u16()?, cursor.u16()?, cursor.u16()?, cursor.u16()?].map(u64::from);
    let [size, offset] = [cursor.u32()?, cursor.u32()?].map(u64::from);
    (cursor.u16()? == 0).then_some([disk, directory_disk, here, count, size, offset])
}

/// Of a zip64 end record without data of its own.
fn wide_totals(bytes: &[u8]) -> Option<Totals> {
    let mut cursor = Cursor(bytes);
    if (cursor.u32()?, cursor.u64()?) != (WIDE_END, (WIDE_END_SIZE - 12) as u64) {
        return None;
    }
    cursor.take(4)?;
    let [disk, directory_disk] = [cursor.u32()?, cursor.u32()?].map(u64::from);
    Some([disk, directory_disk, cursor.u64()?, cursor.u64()?, cursor.u64()?, cursor.u64()?])
}

/// The zip64 end record, which must stand directly before its locator, be needed, and say what the
/// other record says wherever that has room for it.
fn wide_end(bytes: &[u8], at: usize, locator: &[u8], narrow: &Totals) -> Option<(Totals, usize)> {
    const ROOM: Totals = [0xffff, 0xffff, 0xffff, 0xffff, 0xffff_ffff, 0xffff_ffff];
    let start = at.checked_sub(WIDE_LOCATOR_SIZE + WIDE_END_SIZE)?;
    let mut cursor = Cursor(locator.get(4..)?);
    if (cursor.u32()?, cursor.u64()?, cursor.u32()?) != (0, start as u64, 1) {
        return None;
    }
    let wide = wide_totals(bytes.get(start..)?)?;
    let pairs = || narrow.iter().zip(&wide).zip(ROOM);
    let agree = pairs().all(|((narrow, wide), room)| *narrow == (*wide).min(room));
    let needed = pairs().any(|((_, wide), room)| *wide >= room);
    (agree && needed).then_some((wide, start))
}

/// Whether another end record, with a comment that reaches exactly to the end, covers the real one:
/// a reader that looks for the record from another side would take that.
fn ends_twice(bytes: &[u8], at: usize) -> bool {
    let from = bytes.len().saturating_sub(SEARCHED);
    (from..at).any(|start| {
        let record = &bytes[start..];
        let comment = || Cursor(record.get(END_SIZE - 2..)?).u16().map(usize::from);
        record.starts_with(&END.to_le_bytes()) && comment().is_some_and(|comment| comment == record.len() - END_SIZE)
    })
}

/// One record of the directory.
struct Record<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    disk: u16,
    /// The Unix kind and permissions, or 0.
    mode: u32,
    /// The bit by which DOS marks a folder.
    dos_folder: bool,
    offset: u64,
    name: &'a [u8],
    extra: Extra,
    comment: &'a [u8],
}

impl<'a> Record<'a> {
    /// `None` if the bytes end too soon, or are none.
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        if cursor.u32()? != CENTRAL {
            return None;
        }
        cursor.take(4)?; // versions
        let (flags, method) = (cursor.u16()?, cursor.u16()?);
        cursor.take(4)?; // time
        let (crc, packed, size) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let [name, extra, comment] = [cursor.u16()?, cursor.u16()?, cursor.u16()?].map(usize::from);
        let disk = cursor.u16()?;
        cursor.take(2)?; // whether it is text
        let (attributes, offset) = (cursor.u32()?, cursor.u32()?);
        let name = cursor.take(name)?;
        let (mut size, mut packed, mut offset) = (u64::from(size), u64::from(packed), u64::from(offset));
        let extra = read_extra(cursor.take(extra)?, name, &mut [&mut size, &mut packed, &mut offset]);
        Some(Self {
            flags,
            method,
            crc,
            packed,
            size,
            disk,
            mode: attributes >> 16,
            dos_folder: attributes & 0x10 != 0,
            offset,
            name,
            extra,
            comment: cursor.take(comment)?,
        })
    }

    fn is_folder(&self) -> bool {
        self.name.ends_with(b"/")
    }

    /// The rules that need no other copy.
    fn check(&self) -> Result<(), Refusal> {
        self.extra.clone()?;
        if self.flags & ENCRYPTED != 0 {
            return Err(Refusal::Encrypted);
        }
        if self.flags & !(HINTS | SIZES_FOLLOW | UTF8) != 0 {
            return Err(Refusal::Flags);
        }
        if ![STORED, DEFLATED].contains(&self.method) {
            return Err(Refusal::Method(self.method));
        }
        // Without the flag, half of the readers take another character set.
        if self.flags & UTF8 == 0 && !self.name.is_ascii() {
            return Err(Refusal::NotUtf8);
        }
        if !self.comment.is_empty() {
            return Err(Refusal::Comment);
        }
        if self.disk != 0 || (self.method == STORED && self.packed != self.size) {
            return Err(Refusal::Contradiction);
        }
        if self.size > MAX_FILE {
            return Err(Refusal::TooLarge);
        }
        self.check_kind()
    }

    /// A file or a folder, and the same to every reader.
    fn check_kind(&self) -> Result<(), Refusal> {
        let kind = match self.mode & 0o170_000 {
            0 => None,
            0o100_000 => Some(false),
            0o040_000 => Some(true),
            0o120_000 => return Err(Refusal::Kind("symbolic link")),
            0o020_000 | 0o060_000 => return Err(Refusal::Kind("device")),
            0o010_000 => return Err(Refusal::Kind("named pipe")),
            0o140_000 => return Err(Refusal::Kind("socket")),
            _ => return Err(Refusal::Kind("kind of entry this version does not know")),
        };
        let folder = self.is_folder();
        if kind.is_some_and(|kind| kind != folder) || (self.dos_folder && !folder) || (folder && (self.size, self.crc) != (0, 0)) {
            return Err(Refusal::Contradiction);
        }
        Ok(())
    }

    /// The packed content, out of the bytes that are this entry's: header, content, descriptor.
    fn local(&self, piece: &'a [u8]) -> Result<&'a [u8], Refusal> {
        let local = Local::read(&mut Cursor(piece)).ok_or(Refusal::Elsewhere)?;
        let width = local.extra.clone()?;
        let same = (local.name, local.flags, local.method) == (self.name, self.flags, self.method);
        let promised = (self.crc, self.packed, self.size);
        let told = (local.crc, local.packed, local.size) == promised;
        let follow = self.flags & SIZES_FOLLOW != 0;
        let untold = follow && (local.crc, local.packed, local.size) == (0, 0, 0);
        if !same || !(told || untold) {
            return Err(Refusal::Contradiction);
        }
        // A deflated stream marks its own end; a stored one does not.
        if untold && self.method == STORED && self.size > 0 {
            return Err(Refusal::Endless);
        }
        let packed = usize::try_from(self.packed).map_err(|_| Refusal::Elsewhere)?;
        let (data, rest) = local.rest.split_at_checked(packed).ok_or(Refusal::Elsewhere)?;
        if follow {
            // Here readers differ in which width they expect.
            if width == Width::Both {
                return Err(Refusal::Contradiction);
            }
            if descriptor(rest, width == Width::Wide).ok_or(Refusal::Elsewhere)? != promised {
                return Err(Refusal::Contradiction);
            }
        } else if !rest.is_empty() {
            return Err(Refusal::Elsewhere);
        }
        // Nobody unpacks a folder: it may hold nothing, or the deflated nothing.
        if self.is_folder() && !data.is_empty() && data != [3, 0] {
            return Err(Refusal::Content);
        }
        Ok(data)
    }
}

/// The header before a file's content.
struct Local<'a> {
    flags: u16,
    method: u16,
    crc: u32,
    packed: u64,
    size: u64,
    name: &'a [u8],
    extra: Extra,
    /// Content, and what follows it.
    rest: &'a [u8],
}

impl<'a> Local<'a> {
    fn read(cursor: &mut Cursor<'a>) -> Option<Self> {
        if cursor.u32()? != LOCAL {
            return None;
        }
        cursor.take(2)?; // version
        let (flags, method) = (cursor.u16()?, cursor.u16()?);
        cursor.take(4)?; // time
        let (crc, packed, size) = (cursor.u32()?, cursor.u32()?, cursor.u32()?);
        let (name, extra) = (cursor.u16()?, cursor.u16()?);
        let name = cursor.take(usize::from(name))?;
        let (mut size, mut packed) = (u64::from(size), u64::from(packed));
        let extra = read_extra(cursor.take(usize::from(extra))?, name, &mut [&mut size, &mut packed]);
        Some(Self {
            flags,
            method,
            crc,
            packed,
            size,
            name,
            extra,
            rest: cursor.0,
        })
    }
}

/// Checksum, packed size and size after the content; its length tells its form. The wide form
/// belongs to headers with wide sizes, and to those alone.
fn descriptor(bytes: &[u8], wide: bool) -> Option<(u32, u64, u64)> {
    let mut cursor = Cursor(bytes);
    let length = if wide { 20 } else { 12 };
    let marked = match bytes.len().checked_sub(length)? {
        0 => false,
        4 => true,
        _ => return None,
    };
    if marked != (Cursor(bytes).u32()? == DESCRIPTOR) {
        return None;
    }
    if marked {
        cursor.take(4)?;
    }
    let crc = cursor.u32()?;
    if wide {
        Some((crc, cursor.u64()?, cursor.u64()?))
    } else {
        Some((crc, u64::from(cursor.u32()?), u64::from(cursor.u32()?)))
    }
}

/// What an entry's extra data came to.
type Extra = Result<Width, Refusal>;

/// Where an entry's sizes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Width {
    Narrow,
    Wide,
    /// In both places, and the same.
    Both,
}

/// Puts wide sizes in the place of those of `narrow` that are full. There must be exactly as many,
/// and no other name.
fn read_extra(mut extra: &[u8], name: &[u8], narrow: &mut [&mut u64]) -> Extra {
    let mut wide = None;
    while !extra.is_empty() {
        let mut cursor = Cursor(extra);
        let (Some(kind), Some(body)) = (cursor.u16(), cursor.sized()) else {
            return Err(Refusal::Extended);
        };
        extra = cursor.0;
        match kind {
            EXTRA_WIDE if wide.replace(body).is_some() => return Err(Refusal::Contradiction),
            // A version, a checksum of the other name, and the name.
            EXTRA_UNICODE_PATH if body.get(5..) != Some(name) => return Err(Refusal::Contradiction),
            _ => {}
        }
    }
    let full = |value: &u64| *value == 0xffff_ffff;
    let Some(wide) = wide else {
        // Full, and not wide: no archive we read is that large.
        let narrow = !narrow.iter().any(|value| full(value));
        return narrow.then_some(Width::Narrow).ok_or(Refusal::Contradiction);
    };
    let mut cursor = Cursor(wide);
    let width = if narrow.iter().any(|value| full(value)) {
        for value in narrow.iter_mut().filter(|value| full(value)) {
            **value = cursor.u64().ok_or(Refusal::Contradiction)?;
        }
        Width::Wide
    } else {
        // Bazel writes them though there was room: the same twice is no contradiction.
        for value in narrow.iter().take(2) {
            if cursor.u64() != Some(**value) {
                return Err(Refusal::Contradiction);
            }
        }
        Width::Both
    };
    cursor.0.is_empty().then_some(width).ok_or(Refusal::Contradiction)
}

/// Little-endian fields, one after the other.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn sized(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.take(usize::from(length))
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_le_bytes)
    }

    fn u64(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }
}
