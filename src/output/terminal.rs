//! The person at the terminal: shows reports, asks questions, draws progress.

use std::io::{self, BufRead as _, IsTerminal as _, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::model::{Finding, Fingerprint, Grade, Report, ServerName};
use crate::ops::{Answer, Interact, Passage, Progress, Stage, Step};
use crate::output::{Printer, plain};
use crate::surface::visible;

/// The terminal of this process, or nobody where none is.
#[derive(Debug)]
pub struct Terminal {
    printer: Printer,
    can_ask: bool,
    /// The input ended: nobody is asked anything again.
    ended: AtomicBool,
}

impl Terminal {
    /// `can_ask`: a person is there to answer.
    pub const fn new(printer: Printer, can_ask: bool) -> Self {
        Self {
            printer,
            can_ask,
            ended: AtomicBool::new(false),
        }
    }

    fn answer(&self, question: &str) -> Option<String> {
        if !self.can_ask || self.ended.load(Ordering::Relaxed) {
            return None;
        }
        // What was typed before the question was there is no answer to it.
        let _ = rustix::termios::tcflush(io::stdin(), rustix::termios::QueueSelector::IFlush);
        let mut err = io::stderr().lock();
        write!(err, "{question} ").and_then(|()| err.flush()).ok()?;
        let mut line = String::new();
        let read = io::stdin().lock().read_line(&mut line).unwrap_or(0);
        self.ended.store(read == 0, Ordering::Relaxed);
        (read > 0).then(|| line.trim().to_owned())
    }
}

impl Terminal {
    /// Writes to where the person looks.
    fn show(write: &dyn Fn(&mut dyn io::Write) -> io::Result<()>) -> io::Result<()> {
        let mut err = io::stderr().lock();
        writeln!(err)?;
        write(&mut err)?;
        err.flush()
    }

    /// Shows what the server says in full; the question is asked again whether or not it could be shown.
    fn view(&self, texts: &[Passage]) {
        drop(Self::show(&|out| {
            texts.iter().try_for_each(|passage| plain::passage(out, passage, self.printer.err))
        }));
    }
}

impl Interact for Terminal {
    fn can_ask(&self) -> bool {
        self.can_ask
    }

    fn present(&self, server: &ServerName, stage: Stage, summary: &[String], report: &Report, fingerprint: &Fingerprint) -> bool {
        if self.printer.is_document() {
            return true; // The one document at the end holds it.
        }
        let heading = match stage {
            Stage::Code => "code",
            Stage::Surface => "surface",
            Stage::Entry => "entry",
        };
        let shown = if self.printer.verbose {
            report.clone()
        } else {
            plain::without_info(report)
        };
        let write = |out: &mut dyn io::Write| {
            writeln!(out, "{server}: {heading}")?;
            for line in summary {
                plain::line(out, &format!("  {line}"), 4, self.printer.out)?;
            }
            for finding in &shown.findings {
                if self.printer.verbose {
                    plain::finding_in_full(out, finding, self.printer.out)?;
                } else {
                    plain::finding(out, finding, self.printer.out)?;
                }
            }
            if report.worst().is_some_and(|worst| worst > crate::model::Grade::Notice) {
                writeln!(out, "  report fingerprint: {fingerprint}")?;
            }
            Ok(())
        };
        // The person who is asked looks at the terminal, wherever the data goes.
        let seen = !self.can_ask || io::stdout().is_terminal() || write(&mut io::stderr().lock()).is_ok();
        self.printer.data(write).is_ok() && seen
    }

    fn confirm(&self, question: &str, texts: &[Passage]) -> bool {
        let offer = if texts.is_empty() {
            ""
        } else {
            "v shows every text of the server in full; then\n"
        };
        loop {
            let answer = self.answer(&format!("{offer}{question} [y/N]"));
            match answer.as_deref() {
                Some("v") if !texts.is_empty() => self.view(texts),
                answer => return matches!(answer, Some("y" | "Y" | "yes")),
            }
        }
    }

    fn review(&self, finding: &Finding, step: Step<'_>) -> Answer {
        // A single one stands right above, in the report.
        if step.total > 1 && Self::show(&|out| plain::finding_in_full(out, finding, self.printer.err)).is_err() {
            return Answer::Refuse;
        }
        let place = format!("[{}/{}]", step.number, step.total);
        let keys = if step.texts.is_empty() {
            "r refuse, s skip, b back, ? explain"
        } else {
            "r refuse, s skip, b back, v view all texts, ? explain"
        };
        let start = &finding.fingerprint.as_str()[..8];
        let question = if finding.grade == Grade::Critical {
            format!("{place} critical: {keys}, or\ntype {start} to accept exactly this:")
        } else {
            format!("{place} accept this {}? a accept, {keys}:", finding.grade)
        };
        loop {
            let Some(answer) = self.answer(&question) else {
                return Answer::Refuse;
            };
            match answer.as_str() {
                "a" | "accept" if finding.grade < Grade::Critical => return Answer::Accept,
                typed if finding.grade == Grade::Critical && typed == start => return Answer::Accept,
                "r" | "q" | "n" | "no" => return Answer::Refuse,
                "s" => return Answer::Skip,
                "b" => return Answer::Back,
                "v" => self.view(step.texts),
                "?" => {
                    // Asked again in any case.
                    drop(Self::show(&|out| plain::page(out, finding.code, self.printer.err)));
                }
                _ => self.printer.insist("that is none of the keys; nothing is accepted yet"),
            }
        }
    }

    fn note(&self, text: &str) {
        self.printer.talk(&visible(text));
    }

    fn warn(&self, text: &str) {
        self.printer.insist(&visible(text));
    }

    fn progress(&self, label: &str, total: usize) -> Box<dyn Progress> {
        let target = if self.printer.quiet {
            ProgressDrawTarget::hidden()
        } else {
            ProgressDrawTarget::stderr()
        };
        let bar = ProgressBar::with_draw_target(Some(total as u64), target);
        if let Ok(style) = ProgressStyle::with_template("{prefix} {bar:24} {pos}/{len} {msg}") {
            bar.set_style(style);
        }
        bar.set_prefix(label.to_owned());
        bar.enable_steady_tick(Duration::from_millis(200));
        Box::new(Bar {
            bar,
            bytes: std::sync::atomic::AtomicU64::new(0),
        })
    }
}

struct Bar {
    bar: ProgressBar,
    bytes: std::sync::atomic::AtomicU64,
}

impl Progress for Bar {
    fn step(&self, what: &str) {
        let bytes = self.bytes.load(std::sync::atomic::Ordering::Relaxed);
        #[expect(clippy::cast_precision_loss, reason = "a figure for the eye")]
        let megabytes = bytes as f64 / 1e6;
        self.bar.set_message(format!("{megabytes:.1} MB {}", visible(what)));
        self.bar.inc(1);
    }

    fn bytes(&self, count: u64) {
        self.bytes.fetch_add(count, std::sync::atomic::Ordering::Relaxed);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
