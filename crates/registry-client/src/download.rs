//! Plain downloads: a file from an address that the user typed, as `import` and `ADD` fetch it.

use std::io::{self, Read};

use crate::answer::status_text;
use crate::ask::{Server, request};
use crate::client::Client;
use crate::error::Error;
use crate::foreign::escape;
use crate::http::{Body, Method, Pace, Response};
use crate::limits::{ERROR_BODY_BYTES_MAX, ERROR_TEXT_CHARS_MAX};
use crate::retry::Retry;
use crate::url::Url;

/// A file on its way in. Its bytes are whatever the server sends: who reads them knows what they have to be.
#[derive(Debug)]
pub struct Download {
    body: Body,
    length: Option<u64>,
}

impl Client {
    /// Begins to download a file, without any secret of anybody. The user chose the address, so that any is
    /// fine, plain http too; where it redirects to is judged (NET-2, NET-3).
    ///
    /// # Errors
    /// [`Error::Download`] in Docker's words when the server says no.
    pub fn download(&self, url: &Url) -> Result<Download, Error> {
        let clock = &*self.options.clock;
        let mut retry = Retry::new(self.options.retry);
        let mut answered = false;
        loop {
            retry.begin(clock.now());
            match self.try_download(url, self.pace().within(retry.patience())) {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                // A server that was never there is not waited for.
                Err(error) if !answered && error.is_unreached() => return Err(error),
                Err(error) => {
                    answered = true;
                    let wait = retry.after(error, clock)?;
                    self.sleep(wait)?;
                }
                done => return done,
            }
        }
    }

    fn try_download(&self, url: &Url, pace: Pace) -> Result<Download, Error> {
        let name = url.authority();
        let root = url.without_query();
        let server = Server { registry: url.origin(), root, name: &name, given: None, pace };
        let mut request = request(Method::Get, url.clone(), &server);
        request.behalf.secrets = None;
        let response = self.send(&server, &request)?;
        match response.status {
            200 => Ok(Download { length: response.length(), body: response.body }),
            _ => Err(no(url, response)),
        }
    }
}

/// A refusal, with the server's words about it as far as there are any.
fn no(url: &Url, response: Response) -> Error {
    let status = response.status;
    let said = response.body.read_all(ERROR_BODY_BYTES_MAX).ok().flatten().unwrap_or_default();
    let said = String::from_utf8_lossy(&said);
    Error::Download {
        url: url.without_query().to_string(),
        status,
        status_text: status_text(status),
        said: escape(said.trim(), ERROR_TEXT_CHARS_MAX),
    }
}

impl Download {
    /// How many bytes there will be, as far as the server says.
    pub fn length(&self) -> Option<u64> {
        self.length
    }
}

impl Read for Download {
    /// Ends where the file does; a connection that breaks off before is an error.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.body.read(buffer).map_err(io::Error::other)
    }
}
