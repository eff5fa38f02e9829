//! Misbehaviour on command: rules that say which requests are answered wrongly, how often, and in what way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// One way to misbehave.
///
/// Offsets count the bytes of the response's body, from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Answers this in place of what was asked for.
    Answer(Answer),
    /// Waits before it answers as usual.
    Delay(Duration),
    /// Closes the connection without an answer.
    NoAnswer,
    /// Says nothing, for ever.
    Silence,
    /// Sends these bytes in place of a response and closes the connection.
    Raw(Vec<u8>),
    /// Sends the head and so many bytes of the body, then nothing more, with the connection open.
    StallAfter(u64),
    /// Sends the head and so many bytes of the body, then resets the connection.
    ResetAfter(u64),
    /// Sends the head and so many bytes of the body, then closes the connection in good order.
    TruncateAfter(u64),
    /// Inverts one byte of the body.
    CorruptAt(u64),
    /// A body that never ends, with no length.
    Endless,
    /// Announces this length, whatever the body has; then closes the connection.
    StatedLength(u64),
    /// Answers as if there had been no `Range`.
    IgnoreRange,
    /// Sends at most so many bytes of the body in a second.
    BytesPerSecond(u64),
    /// Adds a header, or replaces it.
    Header(String, String),
    /// Leaves a header out.
    WithoutHeader(String),
    /// Reads so many bytes of the request's body and then no more, with the connection open.
    StopReadingAfter(u64),
    /// Reads so many bytes of the request's body, then resets the connection.
    ResetWhileReadingAfter(u64),
}

/// A whole response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Header fields; the length is added.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl Fault {
    /// A status with a plain text body.
    pub fn status(status: u16, body: &str) -> Fault {
        Fault::answer(status, &[("Content-Type", "text/plain")], body)
    }

    /// A status with headers and a body.
    pub fn answer(status: u16, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Fault {
        let headers = headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Fault::Answer(Answer { status, headers, body: body.as_ref().to_vec() })
    }

    /// An error of the distribution protocol.
    pub fn error(status: u16, code: &str, message: &str) -> Fault {
        let body = serde_json::json!({"errors": [{"code": code, "message": message, "detail": null}]});
        Fault::answer(status, &[("Content-Type", "application/json")], body.to_string())
    }

    /// 429 as a registry's pull limit says it, with `Retry-After` in seconds or as a date.
    pub fn too_many_requests(retry_after: &str) -> Fault {
        let body =
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"You have reached your pull rate limit."}]}"#;
        Fault::answer(429, &[("Content-Type", "application/json"), ("Retry-After", retry_after)], body)
    }

    /// 401 with a challenge, also for those who have credentials.
    pub fn unauthorized(challenge: &str) -> Fault {
        let body =
            r#"{"errors":[{"code":"UNAUTHORIZED","message":"authentication required","detail":null}]}"#;
        Fault::answer(401, &[("Content-Type", "application/json"), ("WWW-Authenticate", challenge)], body)
    }

    /// A redirect; `{target}` in the location stands for the path and query asked for.
    pub fn redirect(status: u16, location: &str) -> Fault {
        Fault::answer(status, &[("Location", location)], "")
    }

    /// A web page where an answer of the protocol belongs, as portals and proxies send it.
    pub fn html(status: u16) -> Fault {
        let body =
            "<!DOCTYPE html>\n<html><head><title>Sign in</title></head><body>Please sign in.</body></html>\n";
        Fault::answer(status, &[("Content-Type", "text/html; charset=utf-8")], body)
    }

    /// A `Content-Range` of its own making.
    pub fn content_range(value: &str) -> Fault {
        Fault::Header("Content-Range".to_owned(), value.to_owned())
    }
}

#[derive(Debug)]
struct Rule {
    method: String,
    pattern: String,
    skip: usize,
    left: Option<usize>,
    faults: Vec<Fault>,
}

/// The rules in force, shared by all connections.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rules(Arc<Mutex<Vec<Rule>>>);

impl Rules {
    /// The faults for a request; uses up one time of the first rule that fits.
    pub(crate) fn take(&self, method: &str, target: &str) -> Vec<Fault> {
        let mut rules = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for rule in rules.iter_mut().filter(|rule| rule.fits(method, target)) {
            if rule.skip > 0 {
                rule.skip -= 1;
                continue;
            }
            match &mut rule.left {
                Some(0) => continue,
                Some(left) => *left -= 1,
                None => {}
            }
            return rule.faults.clone();
        }
        Vec::new()
    }

    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn begin(&self, method: &str, pattern: &str) -> RuleBuilder {
        let rule = Rule {
            method: method.to_owned(),
            pattern: pattern.to_owned(),
            skip: 0,
            left: None,
            faults: Vec::new(),
        };
        RuleBuilder { rules: self.clone(), rule }
    }
}

impl Rule {
    fn fits(&self, method: &str, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or_default();
        let text = if self.pattern.contains('?') { target } else { path };
        (self.method == "*" || self.method == method) && matches_pattern(&self.pattern, text)
    }
}

/// Whether `text` fits `pattern`, in which `*` stands for any characters, slashes too.
pub(crate) fn matches_pattern(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    true
}

/// A rule being written; it is in force once [`RuleBuilder::then`] has named the fault.
#[must_use = "a rule without a fault does nothing"]
pub struct RuleBuilder {
    rules: Rules,
    rule: Rule,
}

impl RuleBuilder {
    /// Only so many times; without it, always.
    pub fn times(mut self, count: usize) -> RuleBuilder {
        self.rule.left = Some(count);
        self
    }

    /// Lets so many fitting requests pass first.
    pub fn after(mut self, count: usize) -> RuleBuilder {
        self.rule.skip = count;
        self
    }

    /// Adds a fault to be combined with that of [`RuleBuilder::then`].
    pub fn with(mut self, fault: Fault) -> RuleBuilder {
        self.rule.faults.push(fault);
        self
    }

    /// Puts the rule in force, behind those there are.
    pub fn then(mut self, fault: Fault) {
        self.rule.faults.push(fault);
        self.rules.0.lock().unwrap_or_else(PoisonError::into_inner).push(self.rule);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_whole_paths() {
        let check = |pattern: &str, text: &str, expect: bool| {
            assert_eq!(matches_pattern(pattern, text), expect, "{pattern} {text}");
        };
        check("/v2/", "/v2/", true);
        check("/v2/", "/v2/x", false);
        check("/v2/*", "/v2/", true);
        check("*", "", true);
        check("/v2/*/blobs/*", "/v2/a/b/blobs/sha256:1", true);
        check("/v2/*/blobs/*", "/v2/a/manifests/1", false);
        check("/v2/*/manifests/latest", "/v2/a/manifests/latest", true);
        check("/v2/*/manifests/latest", "/v2/a/manifests/latest2", false);
        check("*ab*ab", "ab", false);
        check("*ab*ab", "xabab", true);
    }

    #[test]
    fn rules_count_and_fall_through() {
        let rules = Rules::default();
        rules.begin("GET", "/a").after(1).times(2).then(Fault::Endless);
        rules.begin("*", "/a").with(Fault::IgnoreRange).then(Fault::NoAnswer);
        let second = vec![Fault::IgnoreRange, Fault::NoAnswer];
        assert_eq!(rules.take("GET", "/a?x=1"), second);
        assert_eq!(rules.take("GET", "/a"), [Fault::Endless]);
        assert_eq!(rules.take("HEAD", "/a"), second);
        assert_eq!(rules.take("GET", "/a"), [Fault::Endless]);
        assert_eq!(rules.take("GET", "/a"), second);
        assert_eq!(rules.take("GET", "/b"), []);
        rules.begin("GET", "/q?n=*").then(Fault::Silence);
        assert_eq!(rules.take("GET", "/q"), []);
        assert_eq!(rules.take("GET", "/q?n=1"), [Fault::Silence]);
    }
}
