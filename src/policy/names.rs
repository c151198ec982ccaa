//! Names that are taken for other names.

/// How one name imitates another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Likeness {
    /// The same name.
    Same,
    /// Other capitals, or another separator between the same words.
    Respelled,
    /// Different characters that look the same.
    Lookalike,
    /// One letter apart.
    Near,
}

/// Whether `name` can be taken for `other`.
pub(super) fn likeness(name: &str, other: &str) -> Option<Likeness> {
    // Letters that look like others, and those nobody sees, are all outside of this range.
    let plain = |text: &str| text.bytes().all(|b| (b' '..=b'~').contains(&b));
    if name.len().abs_diff(other.len()) > 1 && plain(name) && plain(other) {
        None
    } else if name == other {
        Some(Likeness::Same)
    } else if respelled(name) == respelled(other) {
        Some(Likeness::Respelled)
    } else if skeleton(name) == skeleton(other) {
        Some(Likeness::Lookalike)
    } else if name.chars().count().min(other.chars().count()) >= 5 && one_apart(name, other) {
        Some(Likeness::Near)
    } else {
        None
    }
}

fn respelled(name: &str) -> String {
    name.chars()
        .map(|c| {
            if matches!(c, '-' | '.' | ' ') {
                '_'
            } else {
                c.to_ascii_lowercase()
            }
        })
        .collect()
}

/// What a name looks like: case, separators and look-alike letters folded, invisible ones dropped.
fn skeleton(name: &str) -> String {
    let look = |c: char| -> Option<char> {
        Some(match super::phrases::fold(c).to_lowercase().next()? {
            'а' | 'α' => 'a',
            'в' => 'b',
            'с' => 'c',
            'е' | 'ё' => 'e',
            'һ' => 'h',
            'і' | 'ι' | '1' | 'l' | '|' => 'i',
            'к' | 'κ' => 'k',
            'м' => 'm',
            'н' => 'n',
            'о' | 'ο' | '0' => 'o',
            'р' | 'ρ' => 'p',
            'ѕ' | '5' => 's',
            'т' | 'τ' => 't',
            'у' | 'υ' => 'y',
            'х' | 'χ' => 'x',
            '-' | '.' | ' ' => '_',
            c => c,
        })
    };
    name.chars()
        .filter(|&c| !crate::surface::visible::is_invisible(c))
        .filter_map(look)
        .collect()
}

/// One insertion, deletion, replacement or swap of neighbours apart.
fn one_apart(a: &str, b: &str) -> bool {
    let (a, b): (Vec<_>, Vec<_>) = (a.chars().collect(), b.chars().collect());
    if a.len().abs_diff(b.len()) > 1 {
        return false;
    }
    let head = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    let tail = a[head..]
        .iter()
        .rev()
        .zip(b[head..].iter().rev())
        .take_while(|(x, y)| x == y)
        .count();
    let (left, right) = (&a[head..a.len() - tail], &b[head..b.len() - tail]);
    left.len().max(right.len()) <= 1 || (left.len() == 2 && right.len() == 2 && left[0] == right[1] && left[1] == right[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn likeness_is_seen() {
        assert_eq!(likeness("read_file", "read_file"), Some(Likeness::Same));
        assert_eq!(likeness("read_fi1e", "read_file"), Some(Likeness::Lookalike));
        assert_eq!(likeness("re\u{430}d_file", "read_file"), Some(Likeness::Lookalike));
        assert_eq!(likeness("read-file", "read_file"), Some(Likeness::Respelled));
        assert_eq!(likeness("read_files", "read_file"), Some(Likeness::Near));
        assert_eq!(likeness("raed_file", "read_file"), Some(Likeness::Near));
        assert_eq!(likeness("get", "set"), None);
        assert_eq!(likeness("write_file", "read_file"), None);
    }
}
