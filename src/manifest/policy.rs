//! What this machine demands before it takes a release, and who may change that.
//!
//! The attack: a cloned project with `cooldown = { install = "0d" }`, or one that permits the build
//! of a package of its own, which runs code. A project's settings count only where they are stricter
//! than the machine's; what is looser is ignored and reported.

use std::collections::BTreeSet;
use std::fmt;

use jiff::SignedDuration;

use crate::model::{Grade, Level, PackageName};
use crate::policy::{Grades, Grading, Profile};

const HOUR: i64 = 3600;

/// Whether a version may carry less evidence than the pinned one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// It may, with a finding.
    AllowDowngrade,
    /// It is refused.
    NoDowngrade,
}

impl Trust {
    /// As in the manifest.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AllowDowngrade => "allow-downgrade",
            Self::NoDowngrade => "no-downgrade",
        }
    }
}

/// What one file's `[policy]` says; `None` where it says nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct PolicySettings {
    /// Releases younger than this are not chosen at first install.
    pub cooldown_install: Option<SignedDuration>,
    /// Releases younger than this are not chosen by an update.
    pub cooldown_update: Option<SignedDuration>,
    /// The least level of evidence of a server's own package.
    pub evidence: Option<Level>,
    /// The least level of evidence of every other package of the closure.
    pub evidence_closure: Option<Level>,
    /// Whether evidence may shrink.
    pub trust: Option<Trust>,
    /// `--accept FINGERPRINT` works without a terminal. User's or system's file only.
    pub accept_without_terminal: Option<bool>,
    /// The Python packages (normalised names) that may be built from their source, which runs their
    /// code. User's or system's file only.
    pub builds: Option<BTreeSet<PackageName>>,
    /// How loudly findings are told.
    pub profile: Option<Profile>,
    /// Grades by code, over those of the profile. A project's are a floor.
    pub grades: Grades,
}

/// The policy in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// See [`PolicySettings::cooldown_install`]. 7 days unless set.
    pub cooldown_install: SignedDuration,
    /// See [`PolicySettings::cooldown_update`]. 3 days unless set.
    pub cooldown_update: SignedDuration,
    /// See [`PolicySettings::evidence`]. `hash` unless set.
    pub evidence: Level,
    /// See [`PolicySettings::evidence_closure`]. `hash` unless set.
    pub evidence_closure: Level,
    /// See [`PolicySettings::trust`]. `no-downgrade` unless set.
    pub trust: Trust,
    /// See [`PolicySettings::accept_without_terminal`]. `false` unless set.
    pub accept_without_terminal: bool,
    /// See [`PolicySettings::builds`]. None unless set.
    pub builds: BTreeSet<PackageName>,
    /// See [`PolicySettings::profile`] and [`PolicySettings::grades`]. `standard` unless set.
    pub grading: Grading,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            cooldown_install: SignedDuration::from_hours(7 * 24),
            cooldown_update: SignedDuration::from_hours(3 * 24),
            evidence: Level::Hash,
            evidence_closure: Level::Hash,
            trust: Trust::NoDowngrade,
            accept_without_terminal: false,
            builds: BTreeSet::new(),
            grading: Grading::default(),
        }
    }
}

/// A setting of a project's manifest that was ignored, because it is looser than the machine's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loosening {
    /// The key, for example `cooldown.install`.
    pub key: String,
    /// What the project asks for.
    pub asked: String,
    /// What stays in force.
    pub kept: String,
}

impl fmt::Display for Loosening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, asked, kept } = self;
        write!(f, "the project's `{key} = {asked}` is looser than `{kept}`, which stays in force")
    }
}

impl Policy {
    /// The policy in force. The system's settings win over the user's, and both may say anything;
    /// a project's count only where they are stricter, and every other one that differs from what
    /// is in force is returned.
    pub fn effective(
        system: Option<&PolicySettings>,
        user: Option<&PolicySettings>,
        project: Option<&PolicySettings>,
    ) -> (Self, Vec<Loosening>) {
        let mut policy = Self::default();
        for settings in [user, system].into_iter().flatten() {
            policy.set(settings);
        }
        let loosenings = project.map_or_else(Vec::new, |settings| policy.tighten(settings));
        (policy, loosenings)
    }

    fn set(&mut self, settings: &PolicySettings) {
        let PolicySettings {
            cooldown_install,
            cooldown_update,
            evidence,
            evidence_closure,
            trust,
            accept_without_terminal,
            builds,
            profile,
            grades,
        } = settings;
        self.cooldown_install = cooldown_install.unwrap_or(self.cooldown_install);
        self.cooldown_update = cooldown_update.unwrap_or(self.cooldown_update);
        self.evidence = evidence.unwrap_or(self.evidence);
        self.evidence_closure = evidence_closure.unwrap_or(self.evidence_closure);
        self.trust = trust.unwrap_or(self.trust);
        self.accept_without_terminal = accept_without_terminal.unwrap_or(self.accept_without_terminal);
        if let Some(builds) = builds {
            self.builds.clone_from(builds);
        }
        self.grading.profile = profile.unwrap_or(self.grading.profile);
        self.grading.exact.extend(grades);
    }

    fn tighten(&mut self, settings: &PolicySettings) -> Vec<Loosening> {
        let PolicySettings {
            cooldown_install,
            cooldown_update,
            evidence,
            evidence_closure,
            trust,
            accept_without_terminal,
            builds,
            profile,
            grades,
        } = settings;
        let mut out = Vec::new();
        raise(
            &mut self.cooldown_install,
            *cooldown_install,
            "cooldown.install",
            show_cooldown,
            &mut out,
        );
        raise(
            &mut self.cooldown_update,
            *cooldown_update,
            "cooldown.update",
            show_cooldown,
            &mut out,
        );
        raise(&mut self.evidence, *evidence, "evidence", |level| level.to_string(), &mut out);
        raise(
            &mut self.evidence_closure,
            *evidence_closure,
            "evidence-closure",
            |level| level.to_string(),
            &mut out,
        );
        raise(&mut self.trust, *trust, "trust", |trust| trust.as_str().to_owned(), &mut out);
        // Here the lower value is the stricter one.
        let mut needs_terminal = !self.accept_without_terminal;
        raise(
            &mut needs_terminal,
            accept_without_terminal.map(|accept| !accept),
            "accept-without-terminal",
            |needs| (!needs).to_string(),
            &mut out,
        );
        self.accept_without_terminal = !needs_terminal;
        // A project permits nothing, whatever it lists.
        let asked: BTreeSet<_> = builds.iter().flatten().cloned().collect();
        if !asked.is_subset(&self.builds) {
            out.push(Loosening {
                key: "builds".to_owned(),
                asked: show_names(&asked),
                kept: show_names(&self.builds),
            });
        }
        raise(
            &mut self.grading.profile,
            *profile,
            "profile",
            |profile| profile.as_str().to_owned(),
            &mut out,
        );
        self.grading.at_least = self.floors(grades, &mut out);
        out
    }

    /// A project's overrides as floors. One that is lower than what the user says of the same code
    /// would change nothing, and neither does `info`: both are told.
    fn floors(&self, grades: &Grades, loosenings: &mut Vec<Loosening>) -> Grades {
        let mut floors = Grades::new();
        for (&code, &asked) in grades {
            let kept = self.grading.exact.get(code).filter(|kept| asked < **kept);
            let kept = match kept {
                Some(kept) => kept.as_str(),
                None if asked == Grade::Info => "its own grade",
                None => {
                    floors.insert(code, asked);
                    continue;
                }
            };
            loosenings.push(Loosening {
                key: format!("grades.{code}"),
                asked: asked.to_string(),
                kept: kept.to_owned(),
            });
        }
        floors
    }
}

/// Takes `asked` where it is greater, that is stricter; reports it where it is smaller.
fn raise<T: Ord + Copy>(current: &mut T, asked: Option<T>, key: &'static str, show: impl Fn(T) -> String, loosenings: &mut Vec<Loosening>) {
    let Some(asked) = asked else { return };
    if asked < *current {
        loosenings.push(Loosening {
            key: key.to_owned(),
            asked: show(asked),
            kept: show(*current),
        });
    } else {
        *current = asked;
    }
}

/// Names as the manifest writes them.
fn show_names(names: &BTreeSet<PackageName>) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("\"{name}\"")).collect();
    format!("[{}]", quoted.join(", "))
}

/// A cooldown as the manifest writes it: `7d` or `36h`.
pub(super) fn show_cooldown(cooldown: SignedDuration) -> String {
    let hours = cooldown.as_secs() / HOUR;
    if hours % 24 == 0 {
        format!("{}d", hours / 24)
    } else {
        format!("{hours}h")
    }
}

/// Reads `7d`, `36h` or `0`. Years are no cooldown but a mistake, so ten years are the limit.
pub(super) fn read_cooldown(text: &str) -> Option<SignedDuration> {
    let (digits, hours) = match text.strip_suffix('d') {
        Some(days) => (days, 24),
        None => (text.strip_suffix('h').or((text == "0").then_some(text))?, 1),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let hours = digits.parse::<i64>().ok()?.checked_mul(hours)?;
    (hours <= 3650 * 24).then(|| SignedDuration::from_hours(hours))
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: SignedDuration = SignedDuration::from_hours(24);

    fn all(days: i32, evidence: Level, trust: Trust, accept: bool) -> PolicySettings {
        PolicySettings {
            cooldown_install: Some(DAY * days),
            cooldown_update: Some(DAY * days),
            evidence: Some(evidence),
            evidence_closure: Some(evidence),
            trust: Some(trust),
            accept_without_terminal: Some(accept),
            ..PolicySettings::default()
        }
    }

    #[test]
    fn a_project_loosens_nothing() {
        let loose = all(0, Level::Hash, Trust::AllowDowngrade, true);
        let (policy, loosenings) = Policy::effective(None, None, Some(&loose));
        assert_eq!(policy, Policy::default());
        let keys: Vec<_> = loosenings.iter().map(|l| l.key.as_str()).collect();
        assert_eq!(keys, ["cooldown.install", "cooldown.update", "trust", "accept-without-terminal"]);
        assert_eq!((loosenings[0].asked.as_str(), loosenings[0].kept.as_str()), ("0d", "7d"));
        assert_eq!((loosenings[3].asked.as_str(), loosenings[3].kept.as_str()), ("true", "false"));

        // Nor the levels that its user demands.
        let user = all(7, Level::Provenance, Trust::NoDowngrade, false);
        let lower = all(7, Level::Signed, Trust::NoDowngrade, false);
        let (policy, loosenings) = Policy::effective(None, Some(&user), Some(&lower));
        assert_eq!((policy.evidence, policy.evidence_closure), (Level::Provenance, Level::Provenance));
        let keys: Vec<_> = loosenings.iter().map(|l| l.key.as_str()).collect();
        assert_eq!(keys, ["evidence", "evidence-closure"]);
        assert_eq!(
            (loosenings[0].asked.as_str(), loosenings[0].kept.as_str()),
            ("signed", "provenance")
        );
    }

    #[test]
    fn a_project_tightens() {
        let strict = all(30, Level::Provenance, Trust::NoDowngrade, false);
        let user = all(0, Level::Hash, Trust::AllowDowngrade, true);
        let (policy, loosenings) = Policy::effective(None, Some(&user), Some(&strict));
        assert_eq!(loosenings, []);
        let expected = Policy {
            cooldown_install: DAY * 30,
            cooldown_update: DAY * 30,
            evidence: Level::Provenance,
            evidence_closure: Level::Provenance,
            trust: Trust::NoDowngrade,
            accept_without_terminal: false,
            ..Policy::default()
        };
        assert_eq!(policy, expected);
    }

    #[test]
    fn a_project_permits_no_build() {
        let builds = |names: &[&str]| PolicySettings {
            builds: Some(names.iter().map(|name| name.parse().unwrap()).collect()),
            ..PolicySettings::default()
        };
        let (policy, loosenings) = Policy::effective(None, None, Some(&builds(&["evil", "odfpy"])));
        assert!(policy.builds.is_empty());
        assert_eq!(
            loosenings.iter().map(ToString::to_string).collect::<Vec<_>>(),
            ["the project's `builds = [\"evil\", \"odfpy\"]` is looser than `[]`, which stays in force"]
        );
        let (policy, loosenings) = Policy::effective(None, Some(&builds(&["odfpy"])), Some(&builds(&["evil", "odfpy"])));
        assert_eq!((Some(policy.builds), loosenings.len()), (builds(&["odfpy"]).builds, 1));
        // Nothing new is asked for, and what the user permits stays.
        for project in [builds(&["odfpy"]), builds(&[]), PolicySettings::default()] {
            let (policy, loosenings) = Policy::effective(None, Some(&builds(&["odfpy"])), Some(&project));
            assert_eq!((Some(policy.builds), loosenings.len()), (builds(&["odfpy"]).builds, 0));
        }
        let (policy, _) = Policy::effective(Some(&builds(&[])), Some(&builds(&["odfpy"])), None);
        assert!(policy.builds.is_empty(), "the system's list takes the place of the user's");
    }

    #[test]
    fn the_user_may_loosen_and_the_system_wins() {
        let user = all(0, Level::Hash, Trust::AllowDowngrade, true);
        let (policy, loosenings) = Policy::effective(None, Some(&user), None);
        assert_eq!(
            (policy.cooldown_install, policy.trust),
            (SignedDuration::ZERO, Trust::AllowDowngrade)
        );
        assert!(policy.accept_without_terminal && loosenings.is_empty());
        let system = PolicySettings {
            evidence: Some(Level::Signed),
            accept_without_terminal: Some(false),
            ..PolicySettings::default()
        };
        let (policy, _) = Policy::effective(Some(&system), Some(&user), None);
        assert_eq!((policy.evidence, policy.accept_without_terminal), (Level::Signed, false));
        assert_eq!(policy.cooldown_install, SignedDuration::ZERO);
    }

    #[test]
    fn cooldowns_read_as_they_are_written() {
        for (text, hours) in [("7d", 168), ("36h", 36), ("0", 0), ("0d", 0), ("24h", 24)] {
            assert_eq!(read_cooldown(text), Some(SignedDuration::from_hours(hours)), "{text}");
        }
        for bad in ["", "d", "7", "-1d", "+1d", "1.5d", "7 d", "7days", "99999999999999999999d", "4000d"] {
            assert_eq!(read_cooldown(bad), None, "{bad}");
        }
        assert_eq!(show_cooldown(SignedDuration::from_hours(36)), "36h");
        assert_eq!(show_cooldown(SignedDuration::from_hours(48)), "2d");
    }
}
