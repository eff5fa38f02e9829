//! Policies for the end of a container: `on-failure:3`.

use engine::record::RestartPolicy;

/// Reads one.
///
/// # Errors
/// `invalid restart policy format: …`
pub(crate) fn restart_policy(text: &str) -> Result<RestartPolicy, String> {
    if text.is_empty() {
        return Ok(RestartPolicy::default());
    }
    let (name, count) = match text.split_once(':') {
        Some(("", _)) => {
            return Err("invalid restart policy format: no policy provided before colon".to_owned());
        }
        Some((name, count)) => (name, Some(count)),
        None => (text, None),
    };
    let count = match count.map(str::parse::<i32>) {
        None => 0,
        Some(Ok(count)) => count,
        Some(Err(_)) => {
            return Err("invalid restart policy format: maximum retry count must be an integer".to_owned());
        }
    };
    check(name, count)?;
    Ok(RestartPolicy { name: name.to_owned(), maximum_retry_count: u32::try_from(count).unwrap_or(0) })
}

/// What Docker's daemon says of it.
fn check(name: &str, count: i32) -> Result<(), String> {
    let daemon = |text: String| Err(format!("Error response from daemon: {text}"));
    match name {
        "always" | "unless-stopped" | "no" if count != 0 => daemon(format!(
            "invalid restart policy: maximum retry count can only be used with 'on-failure'{}",
            if count < 0 { " and cannot be negative" } else { "" }
        )),
        "on-failure" if count < 0 => {
            daemon("invalid restart policy: maximum retry count cannot be negative".to_owned())
        }
        "always" | "unless-stopped" | "no" | "on-failure" => Ok(()),
        _ => daemon(format!(
            "invalid restart policy: unknown policy '{name}'; use one of 'no', 'always', 'on-failure', or 'unless-stopped'"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_are_read() {
        let policy = restart_policy("on-failure:3").unwrap();
        assert_eq!((policy.name.as_str(), policy.maximum_retry_count), ("on-failure", 3));
        for text in ["no", "always", "unless-stopped", "on-failure", ""] {
            restart_policy(text).unwrap();
        }
        assert!(restart_policy("always:3").unwrap_err().contains("can only be used with 'on-failure'"));
        assert!(restart_policy("nope").unwrap_err().contains("unknown policy 'nope'"));
        assert!(restart_policy("on-failure:x").unwrap_err().contains("must be an integer"));
        assert!(restart_policy(":3").unwrap_err().contains("no policy provided before colon"));
    }
}
