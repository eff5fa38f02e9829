//! Entity tags and ranges (RFC 9110 sections 13 and 14).

use hyper::HeaderMap;
use hyper::header::{HeaderName, IF_MATCH, IF_NONE_MATCH, IF_RANGE, RANGE};
use spec::Digest;

use crate::metadata::Condition;

/// The entity tag of content.
pub(super) fn entity_tag(digest: &Digest) -> String {
    format!("\"{digest}\"")
}

/// Whether the client says that it has this content.
pub(super) fn is_known(headers: &HeaderMap, digest: &Digest) -> bool {
    let tag = entity_tag(digest);
    values(headers, &IF_NONE_MATCH)
        .any(|value| value == "*" || value.split(',').any(|one| one.trim().trim_start_matches("W/") == tag))
}

/// What a push asks of the tag that it moves; what cannot be met when it is written so.
pub(super) fn condition(headers: &HeaderMap) -> Condition {
    if values(headers, &IF_NONE_MATCH).any(|value| value.trim() == "*") {
        return Condition::Absent;
    }
    let mut listed = values(headers, &IF_MATCH).peekable();
    if listed.peek().is_none() {
        return Condition::None;
    }
    let mut digests = Vec::new();
    for value in listed {
        if value.trim() == "*" {
            return Condition::Among(Vec::new());
        }
        let digest = |one: &str| Digest::parse(one.trim().trim_matches('"')).ok();
        digests.extend(value.split(',').filter_map(digest));
    }
    if digests.is_empty() {
        // Tags of somebody else's: no content of ours has one of them.
        digests.push(Digest::of(b"no content that is ever pushed"));
    }
    Condition::Among(digests)
}

fn values<'h>(headers: &'h HeaderMap, name: &'h HeaderName) -> impl Iterator<Item = &'h str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// What of some content is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All of it.
    Whole,
    /// Bytes from `first` to before `end`.
    Range {
        /// The first byte.
        first: u64,
        /// One past the last.
        end: u64,
    },
    /// A range that the content does not have.
    Unsatisfiable,
}

/// Reads the range; several at once, other units and malformed ones are as none at all (SRV-10).
pub(super) fn part(headers: &HeaderMap, digest: &Digest, size: u64) -> Part {
    let Some(text) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else { return Part::Whole };
    let mut conditions = values(headers, &IF_RANGE);
    if conditions.any(|tag| tag != entity_tag(digest)) {
        return Part::Whole;
    }
    let Some((unit, range)) = text.split_once('=') else { return Part::Whole };
    let Some((first, last)) = range.trim().split_once('-') else { return Part::Whole };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Part::Whole;
    }
    match (number(first), number(last)) {
        (Number::Absent, Number::Is(0)) => Part::Unsatisfiable,
        (Number::Absent, Number::Is(length)) if size > 0 => {
            Part::Range { first: size.saturating_sub(length), end: size }
        }
        (Number::Absent, Number::Is(_)) => Part::Unsatisfiable,
        (Number::Is(first), Number::Absent) => from(first, u64::MAX, size),
        (Number::Is(first), Number::Is(last)) => from(first, last, size),
        _ => Part::Whole,
    }
}

fn from(first: u64, last: u64, size: u64) -> Part {
    if first >= size || last < first {
        return Part::Unsatisfiable;
    }
    Part::Range { first, end: last.saturating_add(1).min(size) }
}

enum Number {
    Absent,
    Is(u64),
    Malformed,
}

/// A number too large for anything is as good as the largest.
fn number(text: &str) -> Number {
    match text.trim() {
        "" => Number::Absent,
        digits if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Number::Is(digits.parse().unwrap_or(u64::MAX))
        }
        _ => Number::Malformed,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn srv_10_one_range_is_served_and_arithmetic_does_not_overflow() {
        let check = |text: &str, size: u64, expect: Part| {
            let found = part(&headers(&[(RANGE, text)]), &Digest::of(b""), size);
            assert_eq!(found, expect, "{text} of {size}");
        };
        let range = |first, end| Part::Range { first, end };
        check("bytes=500-1499", 2048, range(500, 1500));
        check("bytes=500-", 2048, range(500, 2048));
        check("bytes=-500", 2048, range(1548, 2048));
        check("bytes=-5000", 2048, range(0, 2048));
        check("bytes=2000-5000", 2048, range(2000, 2048));
        check("bytes=0-0", 2048, range(0, 1));
        check("Bytes=0-0", 2048, range(0, 1));
        check("bytes=500-0", 2048, Part::Unsatisfiable);
        check("bytes=5000-10000", 2048, Part::Unsatisfiable);
        check("bytes=2048-", 2048, Part::Unsatisfiable);
        check("bytes=-0", 2048, Part::Unsatisfiable);
        check("bytes=0-", 0, Part::Unsatisfiable);
        check("bytes=-1", 0, Part::Unsatisfiable);
        check("bytes=0-18446744073709551615", 2048, range(0, 2048));
        check("bytes=0-99999999999999999999999", 2048, range(0, 2048));
        check("bytes=18446744073709551615-18446744073709551615", 2048, Part::Unsatisfiable);
        check("bytes=-99999999999999999999999", 2048, range(0, 2048));
        for ignored in ["bytes=0-1,3-4", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=1-b", "lines=0-1"]
        {
            check(ignored, 2048, Part::Whole);
        }
    }

    #[test]
    fn a_range_counts_while_the_content_is_the_same() {
        let digest = Digest::of(b"");
        let check = |tag: &str, expect: Part| {
            let headers = headers(&[(RANGE, "bytes=0-0"), (IF_RANGE, tag)]);
            assert_eq!(part(&headers, &digest, 10), expect);
        };
        check(&entity_tag(&digest), Part::Range { first: 0, end: 1 });
        check("\"sha256:else\"", Part::Whole);
    }

    #[test]
    fn entity_tags_are_compared() {
        let digest = Digest::of(b"");
        let known = |value: &str| is_known(&headers(&[(IF_NONE_MATCH, value)]), &digest);
        assert!(known("*") && known(&entity_tag(&digest)) && known(&format!("\"x\", W/\"{digest}\"")));
        assert!(!known("\"x\"") && !known(digest.as_str()));
        let check = |name: HeaderName, value: &str, expect: Condition| {
            assert_eq!(condition(&headers(&[(name, value)])), expect, "{value}");
        };
        check(IF_NONE_MATCH, "*", Condition::Absent);
        check(IF_NONE_MATCH, "\"x\"", Condition::None);
        check(IF_MATCH, "*", Condition::Among(vec![]));
        check(IF_MATCH, &format!("\"x\", \"{digest}\""), Condition::Among(vec![digest]));
        let Condition::Among(never) = condition(&headers(&[(IF_MATCH, "\"x\"")])) else { panic!() };
        assert_eq!(never.len(), 1);
    }
}
