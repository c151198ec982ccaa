//! Numbers as RFC 8259 writes them: the one reader of them for all that scans JSON here.
//!
//! The attack: two readers of our own that end a number at two places, so that what was checked is not
//! what is compared.

/// Where the number that begins here ends; the error is where a digit is missing.
#[inline]
pub fn number_end(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut at = start;
    if bytes.get(at) == Some(&b'-') {
        at += 1;
    }
    at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(bytes, at)? };
    if bytes.get(at) == Some(&b'.') {
        at = digits(bytes, at + 1)?;
    }
    if matches!(bytes.get(at), Some(b'e' | b'E')) {
        at += 1;
        if matches!(bytes.get(at), Some(b'+' | b'-')) {
            at += 1;
        }
        at = digits(bytes, at)?;
    }
    Ok(at)
}

#[inline]
fn digits(bytes: &[u8], start: usize) -> Result<usize, usize> {
    let mut at = start;
    while matches!(bytes.get(at), Some(b'0'..=b'9')) {
        at += 1;
    }
    if at == start { Err(start) } else { Ok(at) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_ends_where_the_grammar_says() {
        for (text, end) in [
            ("0", Ok(1)),
            ("-0", Ok(2)),
            ("01", Ok(1)),
            ("-12.50e+3,", Ok(9)),
            ("1E5]", Ok(3)),
            ("0.0x", Ok(3)),
            ("-", Err(1)),
            ("", Err(0)),
            ("+1", Err(0)),
            (".5", Err(0)),
            ("1.", Err(2)),
            ("1e", Err(2)),
            ("1e-", Err(3)),
        ] {
            assert_eq!(number_end(text.as_bytes(), 0), end, "{text}");
        }
    }
}
