//! Ranges of ports as filters take them.

/// Reads `80` or `8000-8010`.
///
/// # Errors
/// What is wrong with it, in the words of Docker's port library.
pub(crate) fn parse_port_range(text: &str) -> Result<(u16, u16), String> {
    if text.is_empty() {
        return Err("empty string specified for ports".to_owned());
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (parse_port(first)?, parse_port(last)?);
    if last < first {
        return Err(format!("invalid range specified for port: {text}"));
    }
    Ok((first, last))
}

fn parse_port(text: &str) -> Result<u16, String> {
    let failed = |what: &str| format!("strconv.ParseUint: parsing {text:?}: {what}");
    if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) {
        return Err(failed("invalid syntax"));
    }
    text.parse().map_err(|_| failed("value out of range"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_docker_reads_them() {
        let check = |text: &str, expect: Result<(u16, u16), &str>| {
            assert_eq!(parse_port_range(text), expect.map_err(str::to_owned), "{text}");
        };
        check("80", Ok((80, 80)));
        check("8000-8010", Ok((8000, 8010)));
        check("", Err("empty string specified for ports"));
        check("9-8", Err("invalid range specified for port: 9-8"));
        check("x", Err("strconv.ParseUint: parsing \"x\": invalid syntax"));
        check("-1", Err("strconv.ParseUint: parsing \"\": invalid syntax"));
        check("65536", Err("strconv.ParseUint: parsing \"65536\": value out of range"));
    }
}
