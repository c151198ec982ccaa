//! Abilities that make a theft together.
//!
//! One call says nothing; what is read, packed and sent in one place does. The place is a function or a
//! file of modest size, or two spots close to each other in a larger one: a bundler wraps whole
//! programs in one function, and in a whole program everything meets everything.

use std::collections::{BTreeMap, BTreeSet};

use super::tree::Tree;
use super::{Changed, delta::Delta};
use crate::code::{Reading, Seen};
use crate::model::code::{Ability, CodeSign, Sign};

/// The largest function or file that is one place, in bytes and lines.
const BYTES: usize = 12_000;
const LINES: usize = 200;
/// In larger ones, how far apart the two may stand.
const NEAR: usize = 4_000;

/// What is read, how it leaves, and by what both: the same chain in another place is still the same.
type Key = (Ability, Ability, String, String);

/// Abilities in one place, each with the index of its sight.
type Place = Vec<(usize, Ability)>;

struct Chain {
    key: Key,
    encoded: bool,
    /// Indexes of sights: what is read, and how it leaves.
    source: usize,
    sink: usize,
}

/// Chains that the version before has less often.
pub(super) fn chains(files: &[Changed<'_, '_>], gone: &[&str], old: &Tree<'_>, out: &mut Vec<CodeSign>) {
    let mut before: BTreeMap<Key, usize> = BTreeMap::new();
    for path in files.iter().filter_map(|file| file.before).chain(gone.iter().copied()) {
        let text = old.text(path);
        for chain in of(&old.reading(path), &Delta::of("", text)) {
            *before.entry(chain.key).or_default() += 1;
        }
    }
    let mut after: BTreeMap<Key, (usize, Option<CodeSign>)> = BTreeMap::new();
    for file in files {
        let sights = &file.reading.sights;
        for chain in of(&file.reading, &file.delta) {
            let entry = after.entry(chain.key.clone()).or_default();
            entry.0 += 1;
            let new = [chain.sink, chain.source]
                .into_iter()
                .filter_map(|at| sights.get(at))
                .find(|sight| file.delta.is_new(&sight.range));
            if let (None, Some(sight)) = (&entry.1, new) {
                let (source, sink, ..) = chain.key;
                let encoded = chain.encoded;
                entry.1 = Some(file.sign(Sign::Chain { source, sink, encoded }, sight));
            }
        }
    }
    let mut told = BTreeSet::new();
    for (key, (count, sign)) in after {
        if let Some(sign) = sign
            && before.get(&key).is_none_or(|&before| before < count)
            && told.insert((key.0, key.1))
        {
            out.push(sign);
        }
    }
}

/// Every chain of a file, once for each thing that is read.
fn of(reading: &Reading, delta: &Delta<'_>) -> Vec<Chain> {
    let sights = &reading.sights;
    let fits = |range: &std::ops::Range<usize>| range.len() <= BYTES && delta.lines_within(range) <= LINES;
    let whole = fits(&(0..delta.new_text().len()));
    let relevant: Vec<(usize, Ability)> = sights
        .iter()
        .enumerate()
        .filter_map(|(at, sight)| Some((at, super::ability(&sight.seen)?)))
        .collect();
    if !relevant.iter().any(|(_, ability)| is_source(*ability)) {
        return Vec::new();
    }
    // The smallest places first; the file last.
    let mut places: BTreeMap<(usize, Option<usize>), Place> = BTreeMap::new();
    for &(at, ability) in &relevant {
        let mut function = sights.get(at).and_then(|sight| sight.function);
        while let Some(place) = function.and_then(|index| reading.functions.get(index)) {
            if !fits(&place.range) {
                break;
            }
            places.entry((place.range.len(), function)).or_default().push((at, ability));
            function = place.parent.filter(|parent| Some(*parent) != function);
        }
        if whole {
            places.entry((usize::MAX, None)).or_default().push((at, ability));
        }
    }
    let mut out = Found::default();
    for place in places.values() {
        out.pair(sights, place, |_, _| true);
    }
    if !whole {
        let mut direct: BTreeMap<Option<usize>, Place> = BTreeMap::new();
        for &(at, ability) in &relevant {
            direct
                .entry(sights.get(at).and_then(|sight| sight.function))
                .or_default()
                .push((at, ability));
        }
        for place in direct.values() {
            let start = |at: usize| sights.get(at).map_or(0, |sight| sight.range.start);
            out.pair(sights, place, |a, b| start(a).abs_diff(start(b)) <= NEAR);
        }
    }
    out.chains
}

#[derive(Default)]
struct Found {
    done: BTreeSet<(usize, Ability)>,
    chains: Vec<Chain>,
}

impl Found {
    /// Pairs what is read with how it leaves, in one place.
    fn pair(&mut self, sights: &[crate::code::Sight], place: &[(usize, Ability)], near: impl Fn(usize, usize) -> bool) {
        let encoded = place.iter().any(|(_, ability)| *ability == Ability::Encode);
        let writes = place.iter().any(|(_, ability)| *ability == Ability::FileWrite);
        let by = |at: usize| match sights.get(at).map(|sight| &sight.seen) {
            Some(Seen::Ability { by, .. }) => by.clone(),
            _ => String::new(),
        };
        for &(source_at, source) in place.iter().filter(|(_, ability)| is_source(*ability)) {
            for &(sink_at, sink) in place {
                if is_chain(source, sink, writes) && near(source_at, sink_at) && self.done.insert((source_at, sink)) {
                    self.chains.push(Chain {
                        key: (source, sink, by(source_at), by(sink_at)),
                        encoded,
                        source: source_at,
                        sink: sink_at,
                    });
                }
            }
        }
    }
}

const fn is_source(ability: Ability) -> bool {
    use Ability::{ClientConfig, Clipboard, Network, Screen, SecretPath, WholeEnvironment};
    matches!(ability, SecretPath | WholeEnvironment | Clipboard | Screen | ClientConfig | Network)
}

/// Whether the two make a theft, or its like. To hand the whole environment to a program that is started is
/// what everybody does, and no chain. The last two are a client's configuration that is named where
/// files are written, and code that is fetched and run.
const fn is_chain(source: Ability, sink: Ability, writes: bool) -> bool {
    use Ability::{ClientConfig, Clipboard, Dns, Eval, FileWrite, Network, Process, Publish, Screen, SecretPath, Shell, WholeEnvironment};
    match (source, sink) {
        (WholeEnvironment, Process | Shell) => false,
        (SecretPath | WholeEnvironment | Clipboard | Screen, Network | Dns | Process | Shell | Publish)
        | (ClientConfig, FileWrite)
        | (Network, Eval) => true,
        (SecretPath | WholeEnvironment | Clipboard | Screen, ClientConfig) => writes,
        _ => false,
    }
}
