//! Why a request is refused: the specification's code, a status, and what helps.

use hyper::header::{HeaderName, HeaderValue};
use serde_json::{Value, json};
use spec::RegistryErrorCode as Code;

use crate::error::Error;

/// What a login that fails is told, in the words that people know from Docker Hub.
pub(crate) const WRONG_PASSWORD: &str = "incorrect username or password";

/// A refusal.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// What clients branch on.
    pub code: Code,
    /// The HTTP status.
    pub status: u16,
    /// What is said instead of the code's usual words: the only words that most clients show.
    pub message: Option<&'static str>,
    /// What helps: one entry of the answer for each.
    pub details: Vec<Value>,
    /// Headers that belong to it.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What the operator is told and the client is not.
    pub cause: Option<String>,
}

/// What handlers return.
pub(crate) type Answered<T> = Result<T, Refusal>;

impl Refusal {
    /// A refusal with the status that usually goes with its code.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Refusal {
        let details = vec![Value::String(detail.into())];
        Refusal { code, status: code.status(), message: None, details, headers: Vec::new(), cause: None }
    }

    /// A login that fails.
    pub(crate) fn wrong_password() -> Refusal {
        Refusal::new(Code::Unauthorized, WRONG_PASSWORD).saying(WRONG_PASSWORD)
    }

    /// The same in other words.
    pub(crate) fn saying(self, message: &'static str) -> Refusal {
        Refusal { message: Some(message), ..self }
    }

    /// The same with another status.
    pub(crate) fn with_status(self, status: u16) -> Refusal {
        Refusal { status, ..self }
    }

    /// The same with a header.
    pub(crate) fn with_header(mut self, name: HeaderName, value: &str) -> Refusal {
        // Values are made of what was checked; one that still does not fit is left out.
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// The body of the answer.
    pub(crate) fn body(&self) -> Vec<u8> {
        let message = self.message.unwrap_or(self.code.message());
        let entry =
            |detail: &Value| json!({ "code": self.code.as_str(), "message": message, "detail": detail });
        let errors: Vec<Value> = self.details.iter().map(entry).collect();
        json!({ "errors": errors }).to_string().into_bytes()
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Refusal {
        let refusal = match &error {
            error if error.is_full() => {
                Refusal::new(Code::Unavailable, "the registry's disk is full; nothing was stored")
                    .with_status(507)
            }
            Error::Overloaded | Error::Stopping => Refusal::new(Code::Unavailable, error.to_string())
                .with_header(hyper::header::RETRY_AFTER, "1"),
            _ => {
                Refusal::new(Code::Unknown, "the registry failed; its log says why, under this request's id")
            }
        };
        Refusal { cause: Some(error.to_string()), ..refusal }
    }
}
