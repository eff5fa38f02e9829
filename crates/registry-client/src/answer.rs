//! Answers that say no: what a registry or token server reports, read as Docker reads it.

use std::time::Duration;

use serde_json::Value;
use spec::RegistryErrorCode as Code;

use crate::auth::Challenge;
use crate::foreign::escape;
use crate::http::{Method, Response, TransportError};
use crate::limits::{ERROR_BODY_BYTES_MAX, ERROR_TEXT_CHARS_MAX};
use crate::rate_limit::RateLimit;
use crate::url::Url;

/// One error of an error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub code: Code,
    /// The server's words, cut and escaped.
    pub message: String,
    /// The digest or name that it is about, if it says so, cut and escaped.
    pub about: Option<String>,
}

/// Characters of what a complaint is about: a digest by SHA-512 has 135.
const ABOUT_CHARS_MAX: usize = 150;

impl Complaint {
    fn new(code: Code, words: &str) -> Complaint {
        Complaint { code, message: escape(words, ERROR_TEXT_CHARS_MAX), about: None }
    }
}

/// What the body of a refusing answer was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A registry's errors.
    Errors,
    /// No body at all.
    Empty,
    /// Something that no registry says, with its media type; it is not quoted (NET-14).
    Foreign(String),
}

/// An answer with a status that is not success.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// What was asked.
    pub method: Method,
    /// Whom, without what could be a signature.
    pub url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The errors in the order of the answer.
    pub complaints: Vec<Complaint>,
    /// What the body was.
    pub shape: Shape,
    /// How long the server wants to be left alone.
    pub retry_after: Option<Duration>,
    /// The pull limit, if there is one.
    pub rate_limit: Option<RateLimit>,
}

impl Refusal {
    /// Reads a refusing answer.
    pub(crate) fn read(method: Method, response: Response) -> Result<Refusal, TransportError> {
        let url = response.url.without_query();
        let status = response.status;
        let date = response.header("date");
        let retry_after = response.header("retry-after").and_then(|value| parse_retry_after(value, date));
        let rate_limit = RateLimit::read(&response);
        let bearer = bearer_complaint(&response);
        let media_type = media_type(response.header("content-type").unwrap_or_default());
        let body = response.body.read_all(ERROR_BODY_BYTES_MAX)?.unwrap_or_default();
        let mut complaints: Vec<Complaint> = bearer.into_iter().collect();
        let shape = match parse_complaints(status, &body) {
            Some(found) => {
                complaints.extend(found);
                Shape::Errors
            }
            None if body.iter().all(u8::is_ascii_whitespace) => Shape::Empty,
            None => Shape::Foreign(media_type),
        };
        if complaints.is_empty() {
            complaints.extend(implied_complaint(status, &body, &shape));
        }
        Ok(Refusal { method, url, status, complaints, shape, retry_after, rate_limit })
    }

    /// The first error's code.
    pub fn code(&self) -> Option<Code> {
        self.complaints.first().map(|complaint| complaint.code)
    }

    /// `404 Not Found`.
    pub fn status_text(&self) -> String {
        status_text(self.status)
    }
}

/// Docker's words: the first complaint, else the bare status.
impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !(400..500).contains(&self.status) {
            return write!(f, "received unexpected HTTP status: {}", self.status_text());
        }
        if let Some(complaint) = self.complaints.first() {
            write!(f, "{}: {}", complaint.code.text(), complaint.message)?;
            // Which blob is missing is what one wants to know (NET-17).
            return match &complaint.about {
                Some(about) if complaint.code == Code::ManifestBlobUnknown => write!(f, ": {about}"),
                _ => Ok(()),
            };
        }
        write!(f, "error parsing HTTP {} response body: ", self.status)?;
        match &self.shape {
            Shape::Foreign(media_type) if !media_type.is_empty() => {
                write!(f, "{media_type} is not what a registry answers")
            }
            Shape::Foreign(_) => f.write_str("this is not what a registry answers"),
            Shape::Empty | Shape::Errors => f.write_str("no error details found in HTTP response body"),
        }
    }
}

/// A status with its usual words, as Go prints it.
pub(crate) fn status_text(status: u16) -> String {
    let words = ureq::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason());
    match words {
        Some(words) => format!("{status} {words}"),
        None => status.to_string(),
    }
}

/// The media type without parameters, if it has the grammar of one.
pub(crate) fn media_type(content_type: &str) -> String {
    let bare = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if spec::is_media_type(&bare) { bare } else { String::new() }
}

/// What a Bearer challenge says about the token that was sent (RFC 6750 section 3.1).
fn bearer_complaint(response: &Response) -> Option<Complaint> {
    if !(400..500).contains(&response.status) {
        return None;
    }
    let challenges = response.header_values("www-authenticate").flat_map(Challenge::parse);
    for challenge in challenges.filter(|challenge| challenge.scheme == "bearer") {
        let code = match challenge.parameter("error") {
            Some("invalid_token") => Code::Unauthorized,
            Some("insufficient_scope") => Code::Denied,
            _ => continue,
        };
        let words = challenge.parameter("error_description").unwrap_or(code.message());
        return Some(Complaint::new(code, words));
    }
    None
}

/// Reads `{"errors":[…]}`, or the `{"details":…}` that Docker Hub's token server says.
fn parse_complaints(status: u16, body: &[u8]) -> Option<Vec<Complaint>> {
    let value = spec::json::parse_strict(body).ok()?;
    if let Some(words) = value.get("details").and_then(Value::as_str).filter(|words| !words.is_empty()) {
        let code = match status {
            401 => Code::Unauthorized,
            429 => Code::TooManyRequests,
            _ => Code::Unknown,
        };
        return Some(vec![Complaint::new(code, words)]);
    }
    let errors = value.get("errors")?.as_array()?;
    let complaints: Vec<Complaint> = errors.iter().filter_map(parse_complaint).collect();
    (!complaints.is_empty()).then_some(complaints)
}

fn parse_complaint(value: &Value) -> Option<Complaint> {
    let word = value.get("code")?.as_str()?;
    let code = Code::parse(word).unwrap_or(Code::Unknown);
    let words = value.get("message").and_then(Value::as_str).filter(|words| !words.is_empty());
    let about = value.get("detail").and_then(subject).map(|about| escape(about, ABOUT_CHARS_MAX));
    Some(Complaint { about, ..Complaint::new(code, words.unwrap_or(code.message())) })
}

/// The digest or name in an error's detail; servers differ in how they put it.
fn subject(detail: &Value) -> Option<&str> {
    let named = ["digest", "Digest", "name", "Name"].iter().find_map(|name| detail.get(name));
    named.unwrap_or(detail).as_str().filter(|text| !text.is_empty())
}

/// What a status says by itself when the body says nothing.
fn implied_complaint(status: u16, body: &[u8], shape: &Shape) -> Option<Complaint> {
    let complain = |code: Code, words: &str| Some(Complaint::new(code, words));
    match (status, shape) {
        (401, _) => complain(Code::Unauthorized, Code::Unauthorized.message()),
        (403, Shape::Empty) => complain(Code::Denied, Code::Denied.message()),
        // Docker Hub's limit against abuse answers in plain words.
        (429, Shape::Foreign(media_type)) if media_type == "text/plain" || media_type.is_empty() => {
            complain(Code::TooManyRequests, String::from_utf8_lossy(body).trim())
        }
        (429, _) => complain(Code::TooManyRequests, Code::TooManyRequests.message()),
        _ => None,
    }
}

/// Seconds, or a date as HTTP writes it, counted from the answer's own date where it has one.
fn parse_retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let wanted = parse_date(value)?;
    let now = date.and_then(parse_date).unwrap_or_else(|| {
        let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
        since.map_or(0, |since| since.as_secs())
    });
    Some(Duration::from_secs(wanted.saturating_sub(now)))
}

/// Seconds since 1970 of `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 section 5.6.7).
fn parse_date(text: &str) -> Option<u64> {
    let date = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text.trim()).ok()?;
    u64::try_from(date.as_second()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn net_13_retry_after_is_seconds_or_a_date() {
        let check = |value: &str, date: Option<&str>, expect: Option<u64>| {
            assert_eq!(parse_retry_after(value, date), expect.map(Duration::from_secs), "{value:?}");
        };
        let now = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        check("7", None, Some(7));
        check(" 0 ", None, Some(0));
        check("Sun, 06 Nov 1994 08:50:07 GMT", now, Some(30));
        check("Mon, 07 Nov 1994 08:49:37 GMT", now, Some(86_400));
        check("Sun, 06 Nov 1994 08:00:00 GMT", now, Some(0));
        check("Sun, 06 Nov 1994 08:50:07 GMT", None, Some(0));
        check("-1", None, None);
        check("soon", None, None);
        check("Sun, 06 Foo 1994 08:49:37 GMT", now, None);
        check("Sun, 99 Nov 1994 08:49:37 GMT", now, None);
    }

    #[test]
    fn dates_count_from_1970() {
        assert_eq!(parse_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(parse_date("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        assert_eq!(parse_date("Tue, 29 Feb 2000 23:59:59 GMT"), Some(951_868_799));
        assert_eq!(parse_date("Wed, 25 Nov 2026 00:00:00 GMT"), Some(1_795_564_800));
    }

    #[test]
    fn errors_are_read_as_docker_reads_them() {
        let check = |status: u16, body: &str, expect: Option<&str>| {
            let text = parse_complaints(status, body.as_bytes()).map(|complaints| {
                complaints
                    .iter()
                    .map(|c| format!("{}: {}", c.code.text(), c.message))
                    .collect::<Vec<_>>()
                    .join(" | ")
            });
            assert_eq!(text.as_deref(), expect, "{body}");
        };
        check(
            404,
            r#"{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{"Tag":"x"}}]}"#,
            Some("manifest unknown: manifest unknown"),
        );
        check(
            403,
            r#"{"errors":[{"code":"DENIED"}]}"#,
            Some("denied: requested access to the resource is denied"),
        );
        check(400, r#"{"errors":[{"code":"NEW_ONE","message":"x"}]}"#, Some("unknown: x"));
        check(
            401,
            r#"{"details":"incorrect username or password"}"#,
            Some("unauthorized: incorrect username or password"),
        );
        check(
            429,
            r#"{"errors":[{"code":"TOOMANYREQUESTS","message":"a\u001bb"}]}"#,
            Some("toomanyrequests: a\\u{1b}b"),
        );
        check(
            400,
            r#"{"errors":[{"code":"UNKNOWN","message":"1"},{"code":"DENIED","message":"2"}]}"#,
            Some("unknown: 1 | denied: 2"),
        );
        check(404, r#"{"errors":[]}"#, None);
        check(404, r#"{"errors":7}"#, None);
        check(404, "<html>", None);
        check(404, "", None);
    }
}
