//! Python versions, for equality alone: PEP 440's many spellings of one version.

/// A version in normal form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Version {
    epoch: String,
    release: Vec<String>,
    pre: Option<(&'static str, String)>,
    post: Option<String>,
    dev: Option<String>,
    local: Vec<String>,
}

const PRE: [(&str, &str); 8] = [
    ("alpha", "a"),
    ("beta", "b"),
    ("preview", "rc"),
    ("pre", "rc"),
    ("rc", "rc"),
    ("a", "a"),
    ("b", "b"),
    ("c", "rc"),
];

impl Version {
    /// `None` for what is no version.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let (public, local) = match lower.split_once('+') {
            Some((public, local)) => (public, self::local(local)?),
            None => (lower.as_str(), Vec::new()),
        };
        let mut rest = public.strip_prefix('v').unwrap_or(public);
        let epoch = match rest.split_once('!') {
            Some((epoch, after)) => {
                rest = after;
                (!epoch.is_empty() && epoch.bytes().all(|byte| byte.is_ascii_digit())).then(|| plain(epoch))?
            }
            None => plain("0"),
        };
        let mut release = vec![digits(&mut rest)?];
        while let Some(mut after) = rest.strip_prefix('.') {
            let Some(number) = digits(&mut after) else { break };
            release.push(number);
            rest = after;
        }
        while release.len() > 1 && release.last().is_some_and(|last| last == "0") {
            release.pop();
        }
        let pre = PRE.iter().find_map(|(word, kind)| Some((*kind, labelled(&mut rest, word)?)));
        let post = implicit_post(&mut rest).or_else(|| ["post", "rev", "r"].iter().find_map(|word| labelled(&mut rest, word)));
        let dev = labelled(&mut rest, "dev");
        rest.is_empty().then_some(Self {
            epoch,
            release,
            pre,
            post,
            dev,
            local,
        })
    }
}

/// A number without leading zeros.
fn plain(digits: &str) -> String {
    let short = digits.trim_start_matches('0');
    if short.is_empty() { "0" } else { short }.to_owned()
}

fn digits(rest: &mut &str) -> Option<String> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, after) = rest.split_at_checked(end).filter(|(number, _)| !number.is_empty())?;
    *rest = after;
    Some(plain(number))
}

/// `WORD`, with a separator before or after it, and a number that may be left out (0).
fn labelled(rest: &mut &str, word: &str) -> Option<String> {
    let separators = ['-', '_', '.'];
    let after = rest.strip_prefix(separators).unwrap_or(rest).strip_prefix(word)?;
    let mut numbered = after.strip_prefix(separators).unwrap_or(after);
    if let Some(number) = digits(&mut numbered) {
        *rest = numbered;
        return Some(number);
    }
    *rest = after;
    Some(plain("0"))
}

/// `1.0-1` is `1.0.post1`.
fn implicit_post(rest: &mut &str) -> Option<String> {
    let mut after = rest.strip_prefix('-')?;
    let number = digits(&mut after)?;
    *rest = after;
    Some(number)
}

fn local(text: &str) -> Option<Vec<String>> {
    let segment = |part: &str| {
        if part.is_empty() || !part.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return None;
        }
        let number = part.bytes().all(|byte| byte.is_ascii_digit());
        Some(if number { plain(part) } else { part.to_owned() })
    };
    text.split(['-', '_', '.']).map(segment).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Version {
        Version::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn the_spellings_of_one_version_are_equal() {
        for same in [
            &["1", "1.0", "1.0.0", "v1", "01.0", "0!1"][..],
            &["1.0a1", "1.0-alpha.1", "1.0_ALPHA-1", "1.0.a1", "1a01"],
            &["1.0rc1", "1.0c1", "1.0-pre1", "1.0.preview1", "1.0RC1"],
            &["1.0a", "1.0a0", "1.0.alpha0"],
            &["1.0.post1", "1.0-1", "1.0-r1", "1.0rev1", "1.0_post_1"],
            &["1.0.dev2", "1.0-dev2", "1.0dev02"],
            &["1.0+ubuntu.1", "1.0+ubuntu-1", "1.0+Ubuntu_01"],
            &["0.0.1.dev137", "0.0.1.0dev137"],
        ] {
            for other in same {
                assert_eq!(parse(same[0]), parse(other), "{other}");
            }
        }
    }

    #[test]
    fn other_versions_are_not() {
        let all = [
            "1",
            "2",
            "1.1",
            "10",
            "1!1",
            "1a1",
            "1b1",
            "1rc1",
            "1.post1",
            "1.dev1",
            "1a1.dev1",
            "1a1.post1",
            "1+1",
            "1+a",
            "0",
        ];
        for (at, one) in all.iter().enumerate() {
            for two in &all[at + 1..] {
                assert_ne!(parse(one), parse(two));
            }
        }
    }

    #[test]
    fn what_is_no_version_is_none() {
        for text in [
            "",
            "x",
            "1.x",
            "1..0",
            "1.",
            "1+",
            "1+a..b",
            "1!!1",
            "!1",
            "1.0a1b1",
            "1.0 ",
            "1.0/0",
            "1-",
            "-1",
            "1.0.dev1.post1",
        ] {
            assert_eq!(Version::parse(text), None, "{text}");
        }
    }
}
