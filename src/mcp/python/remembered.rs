//! What an interpreter said when it was last asked, for as long as nothing that it said it from
//! changed: starting it only to ask takes as long as many a server takes to start.
//!
//! The attack: an interpreter that is another one now, and passes for the one a tree was made for. So
//! the stamp covers everything of which the answer was made, by the interpreter's own account: the
//! program, the libraries that were loaded into it, the modules of its library, each with its compiled
//! file, and every entry of its search path, also those that are not there. And the folder of each:
//! a file that would be found before another one changes its folder. Beside these: what the loader goes
//! by, and what the system says of itself, which is part of the answer.
//!
//! A stamp that differs is no finding. The interpreter is asked, as it always was before.
//!
//! Not promised: what stamps do not show (see [`FileStamp`]), nor what asking would not show either: a
//! changed module that leaves every answer as it was.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{PythonRuntime, facts};
use crate::history::Remembered;
use crate::store::FileStamp;

/// More files than this, and an interpreter is asked each time. They are about a hundred.
const MOST: usize = 4096;

impl PythonRuntime {
    /// What it said, for the next start. `None` where its files are not known, or where one of them may
    /// have changed since `before`, when asking began.
    pub fn remembered(&self, before: Timestamp) -> Option<Remembered> {
        let stamp = take(&self.path, self.known.seen.as_deref()?, &self.known.said).ok()?;
        Some(Remembered {
            answer: self.known.said.clone(),
            stamp: stamp.settled(before)?,
        })
    }

    /// The interpreter at `path`, a real one, as [`PythonRuntime::reopen`] would find it, without starting
    /// it. `None` where it has to be asked.
    pub fn recall(path: &Path, version: &str, last: &Remembered) -> Option<Self> {
        let known = facts::read(last.answer.clone(), path).ok()?;
        let stamp = take(path, known.seen.as_deref()?, &last.answer).ok()?;
        if stamp.digest() != last.stamp {
            return None;
        }
        let runtime = Self::of(path.to_path_buf(), known).ok()?;
        (runtime.version() == version).then_some(runtime)
    }
}

fn take(program: &Path, seen: &[PathBuf], said: &str) -> io::Result<FileStamp> {
    let system = rustix::system::uname();
    let system = [system.sysname(), system.release(), system.version(), system.machine()];
    let system = system.map(|text| text.to_string_lossy());
    let [name, release, version, machine] = &system;
    // It loads what it was made of, or the account is somebody else's.
    if seen.len() > MOST || !seen.iter().any(|file| file == program) {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut stamp = FileStamp::new(&["python", facts::PROGRAM, said, name, release, version, machine]);
    let mut all: BTreeSet<&Path> = seen.iter().map(PathBuf::as_path).collect();
    all.extend(seen.iter().filter_map(|file| file.parent()));
    // What stands beside the program, or above it, decides where it looks for its library.
    all.extend(program.ancestors().skip(1).take(2));
    for file in all {
        stamp.add(file)?;
    }
    let musl = format!("/etc/ld-musl-{machine}.path");
    for file in ["/etc/ld.so.cache", "/etc/ld.so.preload", musl.as_str()] {
        stamp.add(Path::new(file))?;
    }
    Ok(stamp)
}

#[cfg(test)]
mod tests {
    use super::super::tests::pythons;
    use super::*;

    /// Long after everything that a test does.
    fn later() -> Timestamp {
        Timestamp::from_second(32_503_680_000).unwrap()
    }

    /// The same interpreter, which also says that it was made of this file.
    fn made_of(runtime: &PythonRuntime, file: &Path) -> PythonRuntime {
        let mut said: serde_json::Value = serde_json::from_str(&runtime.known.said).unwrap();
        said["seen"].as_array_mut().unwrap().push(file.to_str().unwrap().into());
        let known = facts::read(said.to_string(), runtime.path()).ok().unwrap();
        PythonRuntime::of(runtime.path().to_path_buf(), known).unwrap()
    }

    #[test]
    fn one_of_which_nothing_changed_is_known_again_without_a_start() {
        for python in pythons() {
            let said = python.remembered(later()).unwrap();
            assert_eq!(PythonRuntime::recall(python.path(), python.version(), &said).unwrap(), python);
            assert_eq!(PythonRuntime::recall(python.path(), "3.10.0b1", &said), None);
            let other = Remembered {
                answer: said.answer.replace("cpython", "cpythom"),
                ..said.clone()
            };
            assert_eq!(PythonRuntime::recall(python.path(), python.version(), &other), None);
            assert_eq!(python.remembered(Timestamp::UNIX_EPOCH), None, "everything changed since");
            let seen = python.known.seen.as_ref().unwrap();
            for needed in ["os.py", "libc.so.6", "lib-dynload", ".zip", ".pyc"] {
                let found = seen.iter().any(|file| file.to_str().unwrap().ends_with(needed));
                assert!(found, "{} does not name {needed}: {seen:?}", python.path().display());
            }
        }
    }

    #[test]
    fn one_of_which_something_changed_is_asked() {
        type Tamper = fn(&Path);
        let tampers: [(&str, Tamper); 3] = [
            ("a module", |file| std::fs::write(file, "b").unwrap()),
            ("a module that comes before it", |file| {
                std::fs::write(file.with_extension("so"), "").unwrap();
            }),
            ("a module that is gone", |file| std::fs::remove_file(file).unwrap()),
        ];
        for python in pythons().iter().take(1) {
            for (what, tamper) in tampers {
                let scratch = tempfile::tempdir().unwrap();
                let file = scratch.path().join("json.py");
                std::fs::write(&file, "a").unwrap();
                let python = made_of(python, &file);
                let said = python.remembered(later()).unwrap();
                let recall = || PythonRuntime::recall(python.path(), python.version(), &said);
                assert!(recall().is_some());
                std::thread::sleep(std::time::Duration::from_millis(20));
                tamper(&file);
                assert_eq!(recall(), None, "{what}");
            }
        }
    }

    #[test]
    fn an_answer_about_another_program_is_none() {
        for python in pythons().iter().take(1) {
            let said = python.remembered(later()).unwrap();
            assert_eq!(PythonRuntime::recall(Path::new("/bin/sh"), python.version(), &said), None);
        }
    }
}
