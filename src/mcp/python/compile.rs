//! Compiled files for a read-only tree, so that it starts as fast as one that caches them itself.
//!
//! Promises: the same source and the same Python give the same bytes, whatever was compiled before,
//! in whichever order or process; nothing of a source is run; nothing but pipes is read or written.
//! A source that does not compile, or on which the compiler dies, has no compiled file: Python then
//! compiles it itself, and fails where it would have failed.
//!
//! The files are hash-based and unchecked (PEP 552): whoever verifies a tree compiles again and
//! compares, so Python need not. The attack they would open otherwise: a compiled file that does what
//! its source does not say. Their code names its source by a virtual path, which the import system
//! replaces when it loads them: where a tree lies does not show in its bytes.

use std::io::{self, Read as _, Write as _};
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::PythonRuntime;
use super::marshal::{Layout, Refused, canonical};

/// What the sources' paths are put below in compiled code.
const VIRTUAL: &str = "/mcp-pin/";
/// The program of a worker.
const WORKER: &str = include_str!("worker.py");
/// A larger source has no compiled file.
const LARGEST_SOURCE: usize = 16 * 1024 * 1024;
/// More than this from a worker is not an answer.
const LARGEST_CODE: u32 = 256 * 1024 * 1024;
/// The magic number, the flags and the hash of the source.
const HEAD: usize = 16;
/// How long one source may take. Real ones take less than a second.
const PATIENCE: Duration = Duration::from_mins(1);
/// A worker compiles about as much in the time it takes to start.
const WORTH_A_WORKER: usize = 200 * 1024;

/// Why a tree's sources cannot be compiled.
#[derive(Debug, thiserror::Error)]
pub enum CompileError {
    /// The interpreter does not start, or stops answering. This machine is at fault.
    #[error("could not compile with `{}`", python.display())]
    Worker {
        /// The interpreter.
        python: PathBuf,
        /// The system's answer.
        source: io::Error,
    },
    /// It answers something that its version does not write. The interpreter is at fault.
    #[error("could not compile `{path}`: `{}` answers what no Python of its version does", python.display())]
    Answer {
        /// The interpreter.
        python: PathBuf,
        /// The source.
        path: String,
    },
    /// A source keeps the compiler busy without an end. Its author is at fault.
    #[error("could not compile `{path}`: it takes longer than {seconds} seconds", seconds = PATIENCE.as_secs())]
    TooSlow {
        /// The source.
        path: String,
    },
}

impl CompileError {
    /// What to do about it, without the word `hint:`.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Worker { python, .. } | Self::Answer { python, .. } => Some(format!(
                "see whether `{} -c pass` works; if not, repair or replace this Python",
                python.display()
            )),
            Self::TooSlow { .. } => None,
        }
    }
}

/// Compiles the sources of trees with one interpreter. Its processes live as long as it does, and
/// any number of threads may use it.
#[derive(Debug)]
pub struct Compiler {
    python: PathBuf,
    tag: String,
    magic: [u8; 4],
    /// `None`: a version whose code this build cannot write in its canonical form.
    layout: Option<Layout>,
    pool: Mutex<Pool>,
    returned: Condvar,
}

#[derive(Debug)]
struct Pool {
    idle: Vec<Worker>,
    /// How many more may be started.
    left: usize,
}

impl Compiler {
    /// A compiler with this interpreter; no process is started yet.
    pub fn new(runtime: &PythonRuntime) -> Self {
        let (path, tag) = (runtime.path().to_path_buf(), runtime.cache_tag().to_owned());
        Self::with(path, tag, runtime.magic(), runtime.minor())
    }

    pub(super) fn with(python: PathBuf, tag: String, magic: [u8; 4], minor: u32) -> Self {
        Self {
            python,
            tag,
            magic,
            layout: Layout::of(minor),
            pool: Mutex::new(Pool {
                idle: Vec::new(),
                left: cores(),
            }),
            returned: Condvar::new(),
        }
    }

    /// The compiled files of these sources (path below the tree, content): path below the tree and
    /// bytes, by path. Names that do not end in `.py` are passed over. With a Python newer than this
    /// build knows there are none: slower to start, and nothing to verify.
    ///
    /// # Errors
    /// [`CompileError`]: never because of what a source holds, but for one that does not end.
    pub fn derive(&self, sources: &[(String, Vec<u8>)]) -> Result<Vec<(String, Vec<u8>)>, CompileError> {
        let Some(layout) = self.layout else {
            return Ok(Vec::new());
        };
        let wanted = sources.iter().filter_map(|(path, source)| {
            let target = target(path, &self.tag)?;
            (source.len() <= LARGEST_SOURCE).then_some((path, source, target))
        });
        let mut wanted: Vec<_> = wanted.collect();
        // Largest first, so that none is left over for the end.
        wanted.sort_by_key(|(_, source, _)| std::cmp::Reverse(source.len()));
        let bytes: usize = wanted.iter().map(|(_, source, _)| source.len()).sum();
        let threads = (bytes / WORTH_A_WORKER).clamp(1, cores());

        let next = AtomicUsize::new(0);
        let found = Mutex::new((Vec::with_capacity(wanted.len()), None));
        let work = || {
            let mut lease = Lease::new(self);
            while let Some((path, source, target)) = wanted.get(next.fetch_add(1, Ordering::Relaxed)) {
                match lease.compile(path, source, layout) {
                    Ok(None) => {}
                    Ok(Some(code)) => held(&found).0.push((target.clone(), code)),
                    Err(error) => {
                        next.store(wanted.len(), Ordering::Relaxed);
                        held(&found).1.get_or_insert(error);
                    }
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(work);
            }
            work();
        });
        let (mut compiled, error) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
        compiled.sort();
        error.map_or(Ok(compiled), Err)
    }

    fn spawn(&self) -> Result<Worker, CompileError> {
        Worker::spawn(&self.python).map_err(|source| self.broken(source))
    }

    fn broken(&self, source: io::Error) -> CompileError {
        CompileError::Worker {
            python: self.python.clone(),
            source,
        }
    }

    /// The bytes of a compiled file, from what a worker wrote.
    fn finish(&self, answer: &[u8], layout: Layout, path: &str) -> Result<Option<Vec<u8>>, CompileError> {
        if answer.is_empty() {
            return Ok(None);
        }
        let wrong = || CompileError::Answer {
            python: self.python.clone(),
            path: path.to_owned(),
        };
        let (head, code) = answer.split_at_checked(HEAD).ok_or_else(wrong)?;
        if head[..4] != self.magic || head[4..8] != [1, 0, 0, 0] {
            return Err(wrong());
        }
        match canonical(code, layout) {
            Ok(code) => Ok(Some([head, &code].concat())),
            Err(Refused::TooDeep) => Ok(None),
            Err(Refused::Malformed) => Err(wrong()),
        }
    }
}

/// Where the compiled file of a source belongs (PEP 3147): beside it, in `__pycache__`.
fn target(path: &str, tag: &str) -> Option<String> {
    let (folder, name) = path.rsplit_once('/').map_or(("", path), |(folder, name)| (folder, name));
    let stem = name.strip_suffix(".py").filter(|stem| !stem.is_empty())?;
    let slash = if folder.is_empty() { "" } else { "/" };
    Some(format!("{folder}{slash}__pycache__/{stem}.{tag}.pyc"))
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, NonZero::get).min(8)
}

fn held<T>(lock: &Mutex<T>) -> MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A worker for as long as a thread needs one; the place of one that was given up is kept.
struct Lease<'a> {
    compiler: &'a Compiler,
    worker: Option<Worker>,
    taken: bool,
}

impl<'a> Lease<'a> {
    const fn new(compiler: &'a Compiler) -> Self {
        Self {
            compiler,
            worker: None,
            taken: false,
        }
    }

    /// The worker at hand, an idle one, or a new one; waits where there are enough already.
    fn worker(&mut self) -> Result<&mut Worker, CompileError> {
        if !self.taken {
            let mut pool = held(&self.compiler.pool);
            loop {
                self.worker = pool.idle.pop();
                if self.worker.is_some() {
                    break;
                }
                if pool.left > 0 {
                    pool.left -= 1;
                    break;
                }
                pool = self.compiler.returned.wait(pool).unwrap_or_else(PoisonError::into_inner);
            }
            self.taken = true;
        }
        match &mut self.worker {
            Some(worker) => Ok(worker),
            empty => Ok(empty.insert(self.compiler.spawn()?)),
        }
    }

    /// A worker that dies gets a second one that has done nothing else: if that dies as well, it is
    /// the source that kills it, every time, and there is no compiled file.
    fn compile(&mut self, path: &str, source: &[u8], layout: Layout) -> Result<Option<Vec<u8>>, CompileError> {
        let name = format!("{VIRTUAL}{path}");
        for _ in 0..2 {
            match self.worker()?.ask(&name, source) {
                Ok(answer) => return self.compiler.finish(&answer, layout, path),
                Err(Lost::Died) => self.worker = None,
                Err(Lost::Silent) => {
                    self.worker = None;
                    return Err(CompileError::TooSlow { path: path.to_owned() });
                }
            }
        }
        // It must have been the source: a fresh worker does compile.
        match self.worker()?.ask(VIRTUAL, b"pass") {
            Ok(answer) if !answer.is_empty() => Ok(None),
            _ => {
                self.worker = None;
                Err(self.compiler.broken(io::Error::other("it ends without an answer")))
            }
        }
    }
}

impl Drop for Lease<'_> {
    fn drop(&mut self) {
        if !self.taken {
            return;
        }
        let mut pool = held(&self.compiler.pool);
        match self.worker.take() {
            Some(worker) => pool.idle.push(worker),
            None => pool.left += 1,
        }
        drop(pool);
        self.compiler.returned.notify_one();
    }
}

/// Why a worker did not answer.
enum Lost {
    /// It ended.
    Died,
    /// It took too long, and was ended.
    Silent,
}

/// A process that compiles what it is handed. Ended when it is dropped.
#[derive(Debug)]
struct Worker {
    child: Child,
    input: ChildStdin,
    answers: Receiver<Vec<u8>>,
}

impl Worker {
    fn spawn(python: &Path) -> io::Result<Self> {
        let mut command = Command::new(python);
        command
            .args(["-I", "-S", "-B", "-W", "ignore", "-c", WORKER])
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null());
        let mut child = command.spawn()?;
        let (Some(input), Some(mut output)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("no pipes"));
        };
        let (give, answers) = sync_channel(0);
        // Ends with the process, or when nobody listens any more.
        std::thread::spawn(move || {
            let mut read = || {
                let mut length = [0; 4];
                output.read_exact(&mut length).ok()?;
                let length = u32::from_le_bytes(length);
                let mut answer = Vec::new();
                let read = (length <= LARGEST_CODE).then(|| (&mut output).take(length.into()).read_to_end(&mut answer));
                matches!(read, Some(Ok(read)) if u64::try_from(read).ok() == Some(length.into())).then_some(answer)
            };
            while let Some(answer) = read() {
                if give.send(answer).is_err() {
                    break;
                }
            }
        });
        Ok(Self { child, input, answers })
    }

    fn ask(&mut self, name: &str, source: &[u8]) -> Result<Vec<u8>, Lost> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len()).map(u32::to_le_bytes).map_err(|_| Lost::Died);
        let head = [length(name.as_bytes())?, length(source)?].concat();
        let sent = self
            .input
            .write_all(&[&head[..], name.as_bytes(), source].concat())
            .and_then(|()| self.input.flush());
        sent.map_err(|_| Lost::Died)?;
        self.answers.recv_timeout(PATIENCE).map_err(|error| match error {
            RecvTimeoutError::Timeout => Lost::Silent,
            RecvTimeoutError::Disconnected => Lost::Died,
        })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
