//! Layers that registries do not carry, from the addresses in their descriptors (NET-16).

use spec::Descriptor;

use super::{BlobBody, BlobRange, Repository};
use crate::ask::{Server, request};
use crate::error::{Error, ErrorKind};
use crate::http::Method;
use crate::limits::FOREIGN_URLS_MAX;
use crate::url::Url;

impl Repository<'_> {
    /// As [`Repository::fetch_blob`], and where the registry lacks a layer that is not for distribution, from
    /// the addresses that its descriptor names. Only for a platform that the user asked for by name: somebody
    /// else chose the addresses. Nobody is shown any secret there.
    ///
    /// # Errors
    /// What the registry says when none of the addresses has it either.
    pub fn fetch_foreign_blob(&self, descriptor: &Descriptor, range: BlobRange) -> Result<BlobBody, Error> {
        let lacking = match self.fetch_blob(descriptor, range, &[]) {
            Err(error) if error.kind() == ErrorKind::NotFound && descriptor.media_type.is_foreign_layer() => {
                error
            }
            outcome => return outcome,
        };
        let Some(endpoint) = self.reach.current() else { return Err(lacking) };
        let server = Server::of(endpoint, self.client.pace());
        for address in descriptor.urls.iter().take(FOREIGN_URLS_MAX) {
            // An address that is none is as good as one that does not answer.
            let Ok(url) = Url::parse(address) else { continue };
            let ask = |range: BlobRange| {
                let mut request = request(Method::Get, url.clone(), &server);
                request.behalf.secrets = None;
                request.headers.extend(range.header(descriptor));
                self.client.send(&server, &request)
            };
            match BlobBody::accept(ask, descriptor, range, endpoint.id) {
                Err(Error::Cancelled) => return Err(Error::Cancelled),
                Err(_) => {}
                Ok(body) => return Ok(body),
            }
        }
        Err(lacking)
    }
}
