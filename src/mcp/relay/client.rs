//! The client's ends: where its frames come from, and where ours go.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd as _;

use super::os;

/// Reads and writes a client. Dropping one of the two ends closes it for the client.
pub struct ClientEnds {
    pub(super) input: Box<dyn Read + Send>,
    pub(super) output: Box<dyn Write + Send>,
    /// It sent something that was not read yet, or its end.
    pub(super) waiting: Box<dyn Fn() -> bool + Send>,
    /// Nobody reads what we write any more.
    pub(super) unread: Box<dyn Fn() -> bool + Send>,
}

impl ClientEnds {
    /// Takes over this process's standard input and output. From then on nothing else reads the one, and
    /// what is written to standard output by mistake lands on standard error, not between the frames.
    ///
    /// # Errors
    /// The system gives no further handles.
    pub fn stdio() -> io::Result<Self> {
        let input = File::from(io::stdin().as_fd().try_clone_to_owned()?);
        let output = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        os::make_roomy(&output);
        rustix::stdio::dup2_stdin(File::open("/dev/null")?)?;
        rustix::stdio::dup2_stdout(io::stderr())?;
        let (heard, watched) = (input.try_clone()?, output.try_clone()?);
        Ok(Self {
            input: Box::new(input),
            output: Box::new(output),
            waiting: Box::new(move || os::is_waiting(&heard)),
            unread: Box::new(move || os::is_unread(&watched)),
        })
    }

    /// Any two streams: for a client that is no parent process. Such a client counts as reading until
    /// a write fails, and as having sent more.
    pub fn new(input: impl Read + Send + 'static, output: impl Write + Send + 'static) -> Self {
        Self {
            input: Box::new(input),
            output: Box::new(output),
            waiting: Box::new(|| true),
            unread: Box::new(|| false),
        }
    }

    /// The two streams, for whoever answers the client without a server.
    pub fn into_parts(self) -> (Box<dyn Read + Send>, Box<dyn Write + Send>) {
        (self.input, self.output)
    }
}
