//! A crontab's block, as text: one line between two markers, put in and taken out without touching any
//! other byte.
//!
//! The specification: crontab(5). In a command an unescaped `%` is a newline; the shell is whatever
//! `SHELL` says further up, so that variables are set by `env` and not by the shell.

use super::every::Unit;
use super::job::unsayable;
use super::{Job, ScheduleError, seal};
use crate::model::Sha256Digest;

const BEGIN: &str = "# >>> mcp-pin schedule";
const END: &str = "# <<< mcp-pin schedule";

/// What a block says beside the job: where the desktop is. Cron hands nothing down.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// `/run/user/UID`, where the user's bus has its socket.
    pub runtime_dir: String,
    /// Tells this machine from others: spreads their starts.
    pub machine: String,
}

/// The block of a job, with its markers.
///
/// # Errors
/// A path with a backslash: crons do not agree what one means before `%`.
pub fn block(job: &Job, around: &Surroundings) -> Result<String, ScheduleError> {
    let mut words = vec!["/usr/bin/env".to_owned()];
    words.push(format!("XDG_RUNTIME_DIR={}", around.runtime_dir));
    words.push(format!("DBUS_SESSION_BUS_ADDRESS=unix:path={}/bus", around.runtime_dir));
    words.extend(job.env.iter().map(|(name, value)| format!("{name}={value}")));
    words.push(job.program.clone());
    words.extend(job.args().into_iter().map(str::to_owned));
    if let Some(word) = words.iter().chain([&job.folder]).find(|word| word.contains('\\')) {
        return Err(unsayable(
            "",
            word.as_ref(),
            "it holds a backslash, which crons read in different ways",
        ));
    }
    let command: Vec<_> = words.iter().map(|word| quoted(word)).collect();
    let line = format!(
        "{} cd {} && {}",
        times(job, &around.machine),
        quoted(&job.folder),
        command.join(" ")
    );
    Ok(seal::close(&format!(
        "{BEGIN} {}: made by `mcp-pin schedule enable`, taken away by `mcp-pin schedule disable`
# {}
{}
{END} {}
",
        job.name,
        seal::open(),
        line.replace('%', "\\%"),
        job.name
    )))
}

/// The five fields. Minute and hour are this machine's own, always the same.
fn times(job: &Job, machine: &str) -> String {
    let digest = Sha256Digest::of(format!("{machine}\n{}", job.name).as_bytes()).to_string();
    let number = u32::from_str_radix(&digest[..6], 16).unwrap_or_default();
    let (minute, hour) = (number % 60, number / 60);
    let list = |first: u32, step: u32, end: u32| {
        let all: Vec<_> = (first..end).step_by(step as usize).map(|at| at.to_string()).collect();
        all.join(",")
    };
    match job.every.unit() {
        Unit::Minutes(step) => format!("{} * * * *", list(minute % step, step, 60)),
        Unit::Hours(1) => format!("{minute} * * * *"),
        Unit::Hours(step) => format!("{minute} {} * * *", list(hour % step, step, 24)),
        Unit::Days(1) => format!("{minute} {} * * *", hour % 24),
        Unit::Days(step) => format!("{minute} {} {} * *", hour % 24, list(1, step, 32)),
        Unit::Week => format!("{minute} {} * * {}", hour % 24, hour % 7),
    }
}

/// One word for any shell. What needs no quote gets none.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=:,+@".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// The command of a block, as the shell gets it from cron; `None` where the text is no block.
pub fn command(block: &str) -> Option<String> {
    let line = block.lines().find(|line| !line.starts_with('#'))?;
    let at = line.match_indices(' ').nth(4)?.0;
    Some(line[at + 1..].replace("\\%", "%"))
}

/// The five time fields of a block.
pub fn fields(block: &str) -> Option<&str> {
    let line = block.lines().find(|line| !line.starts_with('#'))?;
    Some(&line[..line.match_indices(' ').nth(4)?.0])
}

/// Where a job's block stands in a crontab: a range of bytes, whole lines.
///
/// # Errors
/// [`ScheduleError::CrontabMarkers`]: half a block, or two.
pub fn find(crontab: &[u8], name: &str) -> Result<Option<std::ops::Range<usize>>, ScheduleError> {
    let wrong = |why: &str| ScheduleError::CrontabMarkers {
        why: format!("{why} for {name}"),
    };
    let (mut begin, mut found, mut at) = (None, None, 0);
    for line in crontab.split_inclusive(|&byte| byte == b'\n') {
        let end = at + line.len();
        if is_marker(line, BEGIN, name) {
            if begin.is_some() || found.is_some() {
                return Err(wrong("there are two beginnings"));
            }
            begin = Some(at);
        } else if is_marker(line, END, name) {
            let begin = begin.take().ok_or_else(|| wrong("there is an end without a beginning"))?;
            found = Some(begin..end);
        }
        at = end;
    }
    if begin.is_some() {
        return Err(wrong("there is a beginning without an end"));
    }
    Ok(found)
}

fn is_marker(line: &[u8], marker: &str, name: &str) -> bool {
    let Some(rest) = line.strip_prefix(marker.as_bytes()).and_then(|rest| rest.strip_prefix(b" ")) else {
        return false;
    };
    let word: Vec<u8> = rest
        .iter()
        .copied()
        .take_while(|&byte| byte != b':' && !byte.is_ascii_whitespace())
        .collect();
    word == name.as_bytes()
}

/// A crontab with this block in it: in the place of the one before, else at the end. Every other byte
/// stays.
///
/// # Errors
/// As [`find`]; [`ScheduleError::NotOurs`] where the block that is there was edited.
pub fn with(crontab: &[u8], name: &str, block: &str) -> Result<Vec<u8>, ScheduleError> {
    let Some(range) = ours(crontab, name)? else {
        let mut new = crontab.to_vec();
        if !new.is_empty() && !new.ends_with(b"\n") {
            new.push(b'\n');
        }
        new.extend_from_slice(block.as_bytes());
        return Ok(new);
    };
    Ok([&crontab[..range.start], block.as_bytes(), &crontab[range.end..]].concat())
}

/// A crontab without this job's block; `None` where it has none.
///
/// # Errors
/// As [`with`].
pub fn without(crontab: &[u8], name: &str) -> Result<Option<Vec<u8>>, ScheduleError> {
    let range = ours(crontab, name)?;
    Ok(range.map(|range| [&crontab[..range.start], &crontab[range.end..]].concat()))
}

fn ours(crontab: &[u8], name: &str) -> Result<Option<std::ops::Range<usize>>, ScheduleError> {
    let Some(range) = find(crontab, name)? else { return Ok(None) };
    if std::str::from_utf8(&crontab[range.clone()]).is_ok_and(seal::is_whole) {
        return Ok(Some(range));
    }
    Err(ScheduleError::NotOurs {
        place: format!("the block `{name}` of your crontab"),
    })
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::super::Every;
    use super::super::job::tests::nasty;
    use super::*;

    fn around(machine: &str) -> Surroundings {
        Surroundings {
            runtime_dir: "/run/user/1000".into(),
            machine: machine.into(),
        }
    }

    fn job(every: &str) -> Job {
        let every: Every = every.parse().unwrap();
        Job::new(
            "mcp-pin".into(),
            Path::new("/usr/bin/mcp-pin"),
            Path::new("/home/a"),
            true,
            every,
            false,
        )
        .unwrap()
    }

    #[test]
    fn nothing_of_a_name_is_a_newline_or_a_quote() {
        let text = block(&nasty(), &around("m")).unwrap();
        assert!(seal::is_whole(&text) && text.lines().count() == 4, "{text}");
        let line = text.lines().nth(2).unwrap();
        assert_eq!(line.matches('%').count(), line.matches("\\%").count(), "{line}");
        // As the shell reads it.
        let shell = command(&text)
            .unwrap()
            .replace("cd ", "printf '%s\\n' ")
            .replace("&& /usr/bin/env", "&& printf '%s\\n'");
        let output = std::process::Command::new("sh").args(["-c", &shell]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let lines: Vec<_> = said.lines().collect();
        assert_eq!(
            lines,
            [
                "/home/o'neil & \"co\"/100% <x> $HOME",
                "XDG_RUNTIME_DIR=/run/user/1000",
                "DBUS_SESSION_BUS_ADDRESS=unix:path=/run/user/1000/bus",
                "PATH=/opt/%n/bin:/usr/bin",
                "HOME=/home/o'neil & \"co\"",
                "/opt/a b/mcp-pin%h",
                "verify",
                "--notify",
                "--scheduled",
                "mcp-pin-0123",
                "--check-updates",
            ]
        );
        let back = Job::new("mcp-pin".into(), Path::new("/x"), Path::new("/a\\b"), true, Every::DEFAULT, false).unwrap();
        assert!(matches!(block(&back, &around("m")), Err(ScheduleError::Unsayable { .. })));
    }

    #[test]
    fn machines_start_at_times_of_their_own_and_keep_them() {
        let at = |every: &str, machine: &str| times(&job(every), machine);
        assert_eq!(at("6h", "a"), at("6h", "a"));
        let spread: std::collections::BTreeSet<_> = (0..40).map(|n| at("6h", &n.to_string())).collect();
        assert!(spread.len() > 30, "{spread:?}");
        for (every, fields) in [("20m", 3), ("30m", 2)] {
            assert_eq!(at(every, "a").split(' ').next().unwrap().split(',').count(), fields);
        }
        for (every, hours) in [("2h", 12), ("6h", 4), ("12h", 2), ("1d", 1)] {
            assert_eq!(at(every, "a").split(' ').nth(1).unwrap().split(',').count(), hours, "{every}");
        }
        assert!(at("1h", "a").ends_with(" * * * *") && at("3d", "a").contains(" 1,4,7,10,13,16,19,22,25,28,31 * *"));
        let week = at("1w", "a");
        assert!(week.rsplit(' ').next().unwrap().parse::<u8>().unwrap() < 7, "{week}");
    }

    #[test]
    fn every_other_byte_of_a_crontab_stays() {
        let block = block(&job("6h"), &around("m")).unwrap();
        let other = self::block(&nasty(), &around("m")).unwrap();
        for before in [
            &b""[..],
            b"# mine\n0 5 * * * backup\n",
            b"\xff\xfe latin\n\n\n",
            b"MAILTO=x\r\n* * * * * a\n",
        ] {
            let one = with(before, "mcp-pin", &block).unwrap();
            assert!(one.starts_with(before) && one.len() == before.len() + block.len());
            assert_eq!(with(&one, "mcp-pin", &block).unwrap(), one, "twice is once");
            let two = with(&one, "mcp-pin-0123", &other).unwrap();
            let mut two = [two, b"# after\n".to_vec()].concat();
            assert!(find(&two, "mcp-pin").unwrap().is_some() && find(&two, "mcp-pin-01").unwrap().is_none());
            two = without(&two, "mcp-pin").unwrap().unwrap();
            two = without(&two, "mcp-pin-0123").unwrap().unwrap();
            assert_eq!(two, [before, b"# after\n"].concat());
            assert_eq!(without(before, "mcp-pin").unwrap(), None);
        }
    }

    #[test]
    fn what_was_edited_or_torn_is_left_alone() {
        let block = block(&job("6h"), &around("m")).unwrap();
        let edited = block.replace("verify", "true");
        assert!(matches!(
            with(edited.as_bytes(), "mcp-pin", &block),
            Err(ScheduleError::NotOurs { .. })
        ));
        assert!(matches!(without(edited.as_bytes(), "mcp-pin"), Err(ScheduleError::NotOurs { .. })));
        let lines: Vec<_> = block.split_inclusive('\n').collect();
        for torn in [
            lines[..3].concat(),
            lines[1..].concat(),
            format!("{block}{block}"),
            format!("{}{block}", lines[0]),
        ] {
            for result in [
                with(torn.as_bytes(), "mcp-pin", &block).map(drop),
                without(torn.as_bytes(), "mcp-pin").map(drop),
            ] {
                assert!(matches!(result, Err(ScheduleError::CrontabMarkers { .. })), "{torn}");
            }
        }
    }
}
