//! What an interpreter says of itself, read strictly.
//!
//! It is a program of the user's, but what it says decides which wheels are taken and what the
//! sandbox shows: an answer that does not fit together is no answer.

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::Duration;

use serde::Deserialize;

use crate::model::python::{Libc, PythonFacts, PythonMarkers, PythonPlatform};

/// The constant program that asks.
pub(super) const PROGRAM: &str = include_str!("facts.py");
/// How long an answer may take; a cold start takes less than a second.
const PATIENCE: Duration = Duration::from_secs(30);
/// The most bytes of an answer.
const LARGEST: u64 = 256 * 1024;

/// The answer, word for word.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    version: (u32, u32, u32),
    full_version: String,
    implementation: String,
    implementation_version: String,
    os_name: String,
    sys_platform: String,
    platform_machine: String,
    platform_python_implementation: String,
    platform_release: String,
    platform_system: String,
    platform_version: String,
    free_threaded: bool,
    debug: bool,
    pointer_size: u8,
    cache_tag: String,
    magic: String,
    libc: Option<String>,
    mac_version: String,
    windows_platform: String,
    in_environment: bool,
    prefix: PathBuf,
    library: PathBuf,
    path: Vec<PathBuf>,
    seen: Option<Vec<PathBuf>>,
}

/// An interpreter's answer that fits together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Known {
    pub(super) facts: PythonFacts,
    /// The four bytes compiled files begin with.
    pub(super) magic: [u8; 4],
    /// It belongs to a virtual environment, which its folder says and not its program.
    pub(super) in_environment: bool,
    /// The standard library: folders, and the archive where there is one.
    pub(super) library: Vec<PathBuf>,
    /// The files it was made of when it said all this; `None` where the system does not say.
    pub(super) seen: Option<Vec<PathBuf>>,
    /// All this, word for word.
    pub(super) said: String,
}

/// Why an interpreter is not known.
#[derive(Debug)]
pub(super) enum Unknown {
    /// It cannot be started or does not answer.
    Silent(std::io::Error),
    /// It says something that does not fit together.
    Nonsense(&'static str),
}

/// Asks an interpreter, with an empty environment and without any `site`.
pub(super) fn ask(program: &Path) -> Result<Known, Unknown> {
    let text = run(program).map_err(Unknown::Silent)?;
    let text = String::from_utf8(text).map_err(|_| Unknown::Nonsense(NO_ANSWER))?;
    read(text, program)
}

const NO_ANSWER: &str = "it does not answer with what was asked";

fn run(program: &Path) -> std::io::Result<Vec<u8>> {
    use std::io::{Error, ErrorKind};
    let mut child = Command::new(program)
        .args(["-I", "-S", "-B", "-c", PROGRAM])
        .env_clear()
        // Or old builds are told that every macOS is 10.16.
        .env("SYSTEM_VERSION_COMPAT", "0")
        .current_dir("/")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let (give, take) = sync_channel(1);
    if let Some(output) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = Vec::new();
            let read = output.take(LARGEST + 1).read_to_end(&mut text);
            give.send(read.map(|_| text)).ok();
        });
    }
    let text = take.recv_timeout(PATIENCE);
    let status = match &text {
        Ok(Ok(_)) => end(&mut child)?,
        _ => None,
    };
    let Some(status) = status else {
        child.kill()?;
        child.wait()?;
        return Err(Error::new(ErrorKind::TimedOut, "it does not come to an end"));
    };
    let text = text.map_err(Error::other)??;
    match text.len() as u64 {
        _ if !status.success() => Err(Error::other(format!("it ended with {status}"))),
        size if size > LARGEST => Err(Error::new(ErrorKind::InvalidData, "it says too much")),
        _ => Ok(text),
    }
}

/// Waits for a process that has said everything; `None` where it goes on all the same.
fn end(child: &mut Child) -> std::io::Result<Option<ExitStatus>> {
    for _ in 0..500 {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(None)
}

/// Reads an answer.
pub(super) fn read(said: String, program: &Path) -> Result<Known, Unknown> {
    let answer: Answer = serde_json::from_str(&said).map_err(|_| Unknown::Nonsense(NO_ANSWER))?;
    let nonsense = |what| Err(Unknown::Nonsense(what));
    let texts = [
        &answer.full_version,
        &answer.implementation,
        &answer.implementation_version,
        &answer.os_name,
        &answer.sys_platform,
        &answer.platform_machine,
        &answer.platform_python_implementation,
        &answer.platform_release,
        &answer.platform_system,
        &answer.platform_version,
    ];
    if texts.iter().any(|text| text.len() > 512 || text.chars().any(char::is_control)) {
        return nonsense("its name for something is no name");
    }
    let (major, minor, micro) = answer.version;
    let rest = answer.full_version.strip_prefix(&format!("{major}.{minor}.{micro}"));
    if rest.is_none_or(|rest| rest.starts_with(|c: char| c.is_ascii_digit() || c == '.')) {
        return nonsense("its two versions differ");
    }
    if ![4, 8].contains(&answer.pointer_size) {
        return nonsense("its pointers have no size");
    }
    let tag = &answer.cache_tag;
    if tag.len() > 64 || !tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_') || tag.is_empty() {
        return nonsense("its name for compiled files is no name");
    }
    let Some(magic) = magic(&answer.magic) else {
        return nonsense("compiled files have no magic number");
    };
    let Some(platform) = platform(&answer, program) else {
        return nonsense("its system is none that is known");
    };
    let Some(library) = library(&answer) else {
        return nonsense("its standard library is not there");
    };
    Ok(Known {
        magic,
        in_environment: answer.in_environment,
        library,
        seen: answer.seen,
        said,
        facts: PythonFacts {
            version: answer.version,
            full_version: answer.full_version,
            implementation: answer.implementation,
            platform,
            markers: PythonMarkers {
                os_name: answer.os_name,
                sys_platform: answer.sys_platform,
                platform_machine: answer.platform_machine,
                platform_python_implementation: answer.platform_python_implementation,
                platform_release: answer.platform_release,
                platform_system: answer.platform_system,
                platform_version: answer.platform_version,
                implementation_version: answer.implementation_version,
            },
            free_threaded: answer.free_threaded,
            debug: answer.debug,
            pointer_size: answer.pointer_size,
            cache_tag: answer.cache_tag,
            magic: answer.magic,
        },
    })
}

/// Two bytes that count up, a carriage return, a line feed.
fn magic(text: &str) -> Option<[u8; 4]> {
    let hexadecimal = text.len() == 8 && text.bytes().all(|b| b.is_ascii_hexdigit());
    let number = u32::from_str_radix(text, 16).ok()?;
    (hexadecimal && number & 0xffff == 0x0d0a).then(|| number.to_be_bytes())
}

fn platform(answer: &Answer, program: &Path) -> Option<PythonPlatform> {
    let machine = answer.platform_machine.clone();
    match (answer.sys_platform.as_str(), answer.os_name.as_str()) {
        ("linux", "posix") => {
            let libc = match answer.libc.as_deref().and_then(|text| text.strip_prefix("glibc ")) {
                Some(version) => two(version).map(|(major, minor)| Libc::Glibc(major, minor)),
                None => musl(program),
            };
            Some(PythonPlatform::Linux { machine, libc: libc? })
        }
        ("darwin", "posix") => Some(PythonPlatform::MacOs {
            version: two(&answer.mac_version)?,
            machine,
        }),
        ("win32", "nt") => Some(PythonPlatform::Windows {
            machine: match answer.windows_platform.as_str() {
                "win-amd64" => "amd64".into(),
                "win-arm64" => "arm64".into(),
                "win32" => "win32".into(),
                _ => return None,
            },
        }),
        _ => None,
    }
}

/// `2.36`, `14.5.1`: the first two numbers.
fn two(version: &str) -> Option<(u32, u32)> {
    let mut numbers = version.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next().unwrap_or("0").parse().ok()?))
}

/// The version of musl: its loader, which the program names, says it when it is run alone.
fn musl(program: &Path) -> Option<Libc> {
    let head = crate::mcp::runtime::read_head(program).ok()?;
    let begin = head.windows(13).position(|window| window == b"/lib/ld-musl-")?;
    let loader = head[begin..].split(|b| *b == 0).next()?;
    let loader = std::str::from_utf8(loader).ok()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-".contains(&b);
    if loader.len() > 64 || !loader["/lib/".len()..].bytes().all(plain) {
        return None;
    }
    let output = Command::new(loader).env_clear().stdin(Stdio::null()).output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let version = text.lines().find_map(|line| line.strip_prefix("Version "))?;
    two(version.trim()).map(|(major, minor)| Libc::Musl(major, minor))
}

/// What of the standard library is there: never the prefix itself or above it, which may be a home.
fn library(answer: &Answer) -> Option<Vec<PathBuf>> {
    let plain = |path: &Path| path.is_absolute() && !path.components().any(|part| part == std::path::Component::ParentDir);
    let own = |path: &Path| plain(path) && !answer.prefix.starts_with(path);
    if !answer.library.join("os.py").is_file() || !own(&answer.library) || !plain(&answer.prefix) {
        return None;
    }
    let mut found = vec![answer.library.clone()];
    for path in answer.path.iter().filter(|path| own(path) && path.exists()) {
        // The archive and the extensions stand in, or beside, the library.
        let near = answer.library.parent().is_some_and(|folder| path.starts_with(folder)) || path.starts_with(&answer.prefix);
        if near && !found.iter().any(|above| path.starts_with(above)) {
            found.push(path.clone());
        }
    }
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_magic_numbers_are_read_strictly() {
        assert_eq!(magic("a70d0d0a"), Some([0xa7, 0x0d, 0x0d, 0x0a]));
        for bad in ["", "a70d0d0", "a70d0a0d", "+70d0d0a", "a70d0d0a0"] {
            assert_eq!(magic(bad), None, "{bad}");
        }
        assert_eq!(
            (two("2.36"), two("14"), two("x.1"), two("")),
            (Some((2, 36)), Some((14, 0)), None, None)
        );
    }
}
