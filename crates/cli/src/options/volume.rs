//! What `-v` says, as far as the client looks at it.

/// A `-v`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bound {
    /// A source and a target: for `Binds`.
    Bind(String),
    /// A target alone: a volume of its own.
    Volume(String),
}

/// Reads one; a path that begins with a dot is one of the working folder.
///
/// # Errors
/// `invalid spec: …`
pub(crate) fn volume(text: &str, absolute: impl FnOnce(&str) -> String) -> Result<Bound, String> {
    if text.is_empty() {
        return Err("invalid empty volume spec".to_owned());
    }
    if text.split(':').any(str::is_empty) {
        return Err(format!("invalid spec: {text}: empty section between colons"));
    }
    if text.matches(':').count() > 2 {
        return Err(format!("invalid spec: {text}: too many colons"));
    }
    let Some((source, rest)) = text.split_once(':') else { return Ok(Bound::Volume(text.to_owned())) };
    let source = if source.starts_with('.') { absolute(source) } else { source.to_owned() };
    Ok(Bound::Bind(format!("{source}:{rest}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn relative_sources_are_made_absolute() {
        let read = |text: &str| volume(text, |path| format!("/here/{path}"));
        assert_eq!(read("/data"), Ok(Bound::Volume("/data".to_owned())));
        assert_eq!(read("./a:/b:ro"), Ok(Bound::Bind("/here/./a:/b:ro".to_owned())));
        assert_eq!(read("name:/b"), Ok(Bound::Bind("name:/b".to_owned())));
        assert_eq!(read(""), Err("invalid empty volume spec".to_owned()));
        assert_eq!(read("a::b"), Err("invalid spec: a::b: empty section between colons".to_owned()));
    }
}
