//! Answers that say no: what a registry or token server reports, read as Docker reads it.

use std::time::Duration;

use serde_json::Value;
use spec::RegistryErrorCode as Code;

use crate::auth::Challenge;
use crate::foreign::escape;
use crate::http::{Method, Response, TransportError};
use crate::limits::{ERROR_BODY_BYTES_MAX, ERROR_TEXT_CHARS_MAX};
use crate::url::Url;

/// One error of an error answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What is wrong.
    pub code: Code,
    /// The server's words, cut and escaped.
    pub message: String,
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
}

impl Refusal {
    /// Reads a refusing answer.
    pub(crate) fn read(method: Method, response: Response) -> Result<Refusal, TransportError> {
        let url = response.url.without_query();
        let status = response.status;
        let retry_after = response.header("retry-after").and_then(parse_retry_after);
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
        Ok(Refusal { method, url, status, complaints, shape, retry_after })
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
            return write!(f, "{}: {}", complaint.code.text(), complaint.message);
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
        return Some(Complaint { code, message: escape(words, ERROR_TEXT_CHARS_MAX) });
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
        return Some(vec![Complaint { code, message: escape(words, ERROR_TEXT_CHARS_MAX) }]);
    }
    let errors = value.get("errors")?.as_array()?;
    let complaints: Vec<Complaint> = errors.iter().filter_map(parse_complaint).collect();
    (!complaints.is_empty()).then_some(complaints)
}

fn parse_complaint(value: &Value) -> Option<Complaint> {
    let word = value.get("code")?.as_str()?;
    let code = Code::parse(word).unwrap_or(Code::Unknown);
    let words = value.get("message").and_then(Value::as_str).filter(|words| !words.is_empty());
    Some(Complaint { code, message: escape(words.unwrap_or(code.message()), ERROR_TEXT_CHARS_MAX) })
}

/// What a status says by itself when the body says nothing.
fn implied_complaint(status: u16, body: &[u8], shape: &Shape) -> Option<Complaint> {
    let complain =
        |code: Code, words: &str| Some(Complaint { code, message: escape(words, ERROR_TEXT_CHARS_MAX) });
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

/// Seconds, or a date, of which only the difference to the answer's own time would tell; dates are rare and
/// count as a minute.
fn parse_retry_after(value: &str) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    value.ends_with("GMT").then_some(Duration::from_secs(60))
}
