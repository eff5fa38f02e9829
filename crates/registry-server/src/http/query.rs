//! Query strings and forms: pairs in their order, percent signs decoded once.

/// The pairs of a query.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads a query or a form; what cannot be decoded stands for itself.
    pub(crate) fn parse(text: &str) -> Query {
        let pair = |part: &str| {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            (decode(name, Plus::Space), decode(value, Plus::Space))
        };
        Query(text.split('&').filter(|part| !part.is_empty()).map(pair).collect())
    }

    /// The first value of a name.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// All values of a name.
    pub(crate) fn values<'q>(&'q self, name: &'q str) -> impl Iterator<Item = &'q str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// What a plus sign means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plus {
    /// In forms and queries.
    Space,
    /// In paths.
    Itself,
}

/// Decodes percent signs; bytes that are no UTF-8 become the replacement character, which no grammar has.
pub(crate) fn decode(text: &str, plus: Plus) -> String {
    let special = |b: u8| b == b'%' || (b == b'+' && plus == Plus::Space);
    if !text.bytes().any(special) {
        return text.to_owned();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let pair = after.first_chunk::<2>().and_then(|pair| Some((digit(pair[0])?, digit(pair[1])?)));
        rest = match (first, pair) {
            (b'%', Some((high, low))) => {
                bytes.push(high << 4 | low);
                &after[2..]
            }
            (b'+', _) if plus == Plus::Space => {
                bytes.push(b' ');
                after
            }
            _ => {
                bytes.push(*first);
                after
            }
        };
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Encodes what may not stand in a query's value.
pub(crate) fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~:/".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_decoded_once() {
        let query = Query::parse("digest=sha256%3Aab&tag=a&tag=b&&empty=&flag&x=%2541+%zz%4");
        assert_eq!(query.value("digest"), Some("sha256:ab"));
        assert_eq!(query.values("tag").collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(
            (query.value("empty"), query.value("flag"), query.value("none")),
            (Some(""), Some(""), None)
        );
        assert_eq!(query.value("x"), Some("%41 %zz%4"));
        assert_eq!(decode("a+b%2Fc", Plus::Itself), "a+b/c");
        assert_eq!(decode("%ff", Plus::Itself), "\u{fffd}");
    }

    #[test]
    fn encoding_comes_back() {
        for text in ["application/vnd.x+json", "a b&c=d", "é%"] {
            let query = format!("x={}", encode(text));
            assert_eq!(Query::parse(&query).value("x"), Some(text));
        }
    }
}
