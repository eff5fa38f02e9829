//! Policies for the end of a container: `on-failure:3`.

use engine::record::RestartPolicy;

/// Reads one; whether there is such a policy is for whoever keeps it.
///
/// # Errors
/// `invalid restart policy format: …`
pub(crate) fn restart_policy(text: &str) -> Result<RestartPolicy, String> {
    let (name, count) = match text.split_once(':') {
        Some(("", _)) => {
            return Err("invalid restart policy format: no policy provided before colon".to_owned());
        }
        Some((name, count)) => (name, Some(count)),
        None => (text, None),
    };
    let count = match count.filter(|count| !count.is_empty()).map(str::parse::<i64>) {
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
        let check = |text: &str, name: &str, count: i64| {
            let policy = restart_policy(text).unwrap();
            assert_eq!((policy.name.as_str(), policy.maximum_retry_count), (name, count), "{text}");
        };
        check("on-failure:3", "on-failure", 3);
        check("on-failure:", "on-failure", 0);
        check("always:-1", "always", -1);
        check("nope", "nope", 0);
        check("", "", 0);
        assert!(restart_policy("on-failure:x").unwrap_err().contains("must be an integer"));
        assert!(restart_policy(":3").unwrap_err().contains("no policy provided before colon"));
    }
}
