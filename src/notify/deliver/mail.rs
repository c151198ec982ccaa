//! The user's mail program, started without a shell and with little of the environment.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::process::Stdio;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;

use super::DeliverError;
use crate::manifest::alerts::MailTarget;
use crate::notify::message::bounded;

/// What mail programs find their settings, their user and their queue by. Tokens of other programs stay
/// out.
const HANDED_DOWN: &[&str] = &[
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "LANG",
    "LC_ALL",
    "TZ",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
];
/// What is read of what it says.
const SAID: u64 = 4096;

pub(super) async fn send(target: &MailTarget, mail: String, env: &BTreeMap<OsString, OsString>) -> Result<(), DeliverError> {
    let failed = |source: io::Error| DeliverError::Program {
        program: target.sendmail.clone(),
        source,
    };
    let handed = HANDED_DOWN.iter().filter_map(|name| Some((name, env.get(OsStr::new(name))?)));
    // `-i`: a dot alone on a line does not end it. The recipients are arguments, not read from the text.
    let mut child = Command::new(&target.sendmail)
        .args(["-i", "-f", &target.from])
        .args(&target.to)
        .env_clear()
        .envs(handed)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(failed)?;
    let (stdin, stderr) = (child.stdin.take(), child.stderr.take());
    let write = async {
        let Some(mut stdin) = stdin else { return Ok(()) };
        stdin.write_all(mail.as_bytes()).await?;
        stdin.shutdown().await
    };
    let read = async {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            // What it says is for the message alone.
            drop((&mut stderr).take(SAID).read_to_end(&mut said).await);
            drop(tokio::io::copy(&mut stderr, &mut tokio::io::sink()).await);
        }
        said
    };
    let (written, said, ended) = tokio::join!(write, read, child.wait());
    let ended = ended.map_err(failed)?;
    if !ended.success() {
        let said = String::from_utf8_lossy(&said);
        let first = said.lines().map(str::trim).find(|line| !line.is_empty());
        return Err(DeliverError::Refused {
            program: target.sendmail.clone(),
            status: ended.to_string(),
            said: first.map(|first| format!(": {}", bounded(first, 160))).unwrap_or_default(),
        });
    }
    written.map_err(failed)
}
