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
    Ok(RestartPolicy { name: name.to_owned(), maximum_retry_count: count })
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
        assert_eq!(restart_policy("nope:-3").unwrap().maximum_retry_count, -3);
        assert!(restart_policy("on-failure:x").unwrap_err().contains("must be an integer"));
        assert!(restart_policy(":3").unwrap_err().contains("no policy provided before colon"));
    }
}
