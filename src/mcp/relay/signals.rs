//! Signals to us, which are meant for the server.

use std::io;

use tokio::signal::unix::{SignalKind, signal};

/// A signal that asks a program to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Ctrl-C.
    Interrupt,
    /// The polite request.
    Terminate,
    /// The terminal is gone.
    HangUp,
}

impl Signal {
    /// Its number.
    pub const fn number(self) -> u8 {
        match self {
            Self::HangUp => 1,
            Self::Interrupt => 2,
            Self::Terminate => 15,
        }
    }

    pub(super) const fn raw(self) -> rustix::process::Signal {
        match self {
            Self::HangUp => rustix::process::Signal::HUP,
            Self::Interrupt => rustix::process::Signal::INT,
            Self::Terminate => rustix::process::Signal::TERM,
        }
    }
}

/// Tells of the signals to this process, as long as it lives. One that whoever started us had us ignore
/// (`nohup`) stays ignored.
///
/// # Errors
/// They cannot be heard.
pub(super) fn watch(tell: impl Fn(Signal) + Send + 'static) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let ignored = ignored();
    let (mut interrupt, mut terminate, mut hang_up) = {
        let _inside = runtime.enter();
        let listen = |which: Signal, kind| {
            let heard = ignored & (1 << (which.number() - 1)) == 0;
            heard.then(|| signal(kind)).transpose()
        };
        (
            listen(Signal::Interrupt, SignalKind::interrupt())?,
            listen(Signal::Terminate, SignalKind::terminate())?,
            listen(Signal::HangUp, SignalKind::hangup())?,
        )
    };
    let listen = async move {
        loop {
            let signal = tokio::select! {
                () = next(&mut interrupt) => Signal::Interrupt,
                () = next(&mut terminate) => Signal::Terminate,
                () = next(&mut hang_up) => Signal::HangUp,
            };
            tell(signal);
        }
    };
    std::thread::Builder::new()
        .name("signals".into())
        .spawn(move || runtime.block_on(listen))
        .map(drop)
}

async fn next(signal: &mut Option<tokio::signal::unix::Signal>) {
    let heard = match signal {
        Some(signal) => signal.recv().await,
        None => None,
    };
    if heard.is_none() {
        std::future::pending::<()>().await;
    }
}

/// The set of signals that this process ignores, a bit each from 1 on; none where the system does not say.
fn ignored() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0)
}
