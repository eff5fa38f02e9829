//! Names of containers: which are allowed, and one for those that were not given any.

use crate::error::{Error, Result};

const ADJECTIVES: [&str; 64] = [
    "able", "agile", "amber", "apt", "bold", "brave", "bright", "brisk", "calm", "candid", "clear", "clever",
    "cosy", "crisp", "curious", "daring", "deft", "eager", "early", "fair", "fast", "fine", "fond", "frank",
    "fresh", "gentle", "glad", "golden", "grand", "happy", "hardy", "honest", "humble", "jolly", "keen",
    "kind", "light", "lively", "lucid", "lucky", "mellow", "merry", "mighty", "modest", "neat", "noble",
    "patient", "plain", "proud", "quick", "quiet", "rapid", "ready", "serene", "sharp", "silent", "smart",
    "steady", "sunny", "swift", "tidy", "vivid", "warm", "wise",
];
/// People who found out how the earth's layers and the world's order came to be, and some who built machines.
const SURNAMES: [&str; 64] = [
    "agassiz",
    "agnesi",
    "anning",
    "archimedes",
    "avicenna",
    "babbage",
    "banach",
    "bascom",
    "bernoulli",
    "bohr",
    "boole",
    "brahe",
    "cantor",
    "curie",
    "cuvier",
    "darwin",
    "dirac",
    "euclid",
    "euler",
    "faraday",
    "fermat",
    "fermi",
    "galois",
    "gauss",
    "germain",
    "goodall",
    "hamilton",
    "herschel",
    "hilbert",
    "holmes",
    "hopper",
    "humboldt",
    "hutton",
    "huygens",
    "hypatia",
    "kepler",
    "kovalevskaya",
    "lagrange",
    "lehmann",
    "linnaeus",
    "lovelace",
    "lyell",
    "maxwell",
    "meitner",
    "mendel",
    "murchison",
    "napier",
    "newton",
    "noether",
    "pascal",
    "pasteur",
    "planck",
    "playfair",
    "ramanujan",
    "riemann",
    "sedgwick",
    "smith",
    "somerville",
    "steno",
    "turing",
    "volta",
    "wegener",
    "werner",
    "yonath",
];

/// Checks a name that was given.
pub(super) fn check(name: &str) -> Result<()> {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|b| b.is_ascii_alphanumeric());
    let goes_on =
        name.len() > 1 && bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    if starts && goes_on {
        return Ok(());
    }
    let text = format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
    Err(Error::invalid(text))
}

/// A name from random bytes, with a digit when it has to be told from others.
pub(super) fn made_up(random: [u8; 3], again: bool) -> String {
    let [adjective, surname, digit] = random;
    let name = format!("{}_{}", ADJECTIVES[usize::from(adjective % 64)], SURNAMES[usize::from(surname % 64)]);
    if again { format!("{name}{}", digit % 10) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain_words() {
        for name in ["ab", "a_b.c-d", "0x"] {
            check(name).unwrap();
        }
        for name in ["", "a", "bad name", "-a", "_a", "a/b", "é1", "/ab"] {
            let expect =
                format!("Invalid container name ({name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed");
            assert_eq!(check(name).unwrap_err().to_string(), expect);
        }
    }

    #[test]
    fn made_up_names_are_allowed() {
        for at in 0..=255 {
            check(&made_up([at, at, at], at % 2 == 0)).unwrap();
        }
    }
}
