//! Every way to push a blob: with the right digest, with a wrong one, out of order, from elsewhere, given up.

use spec::{Algorithm, Digest};

use super::caller::{LOGINS, Registry};
use super::content::digest;
use super::sets::blob;
use crate::client::{Response, noise, request};

const ONE: &str = "conformance/one";
const OTHER: &str = "conformance/other";
/// Larger than what stays in the database, and than one read from a socket.
const LARGE: usize = 300_000;

/// A way to push.
#[derive(Clone, Copy, Debug)]
enum Way {
    /// All in the POST.
    Post,
    /// An empty POST, all in the PUT.
    PostPut,
    /// One PATCH that says nothing about where it belongs, with its length or in chunks of HTTP.
    Streamed { length_known: bool },
    /// Parts that say where they belong.
    Chunked { bytes: usize, last_in_put: bool, wrong_first: bool },
}

const fn chunked(bytes: usize, last_in_put: bool, wrong_first: bool) -> Way {
    Way::Chunked { bytes, last_in_put, wrong_first }
}

const WAYS: [Way; 9] = [
    Way::Post,
    Way::PostPut,
    Way::Streamed { length_known: true },
    Way::Streamed { length_known: false },
    chunked(usize::MAX, false, false),
    chunked(1_024, false, false),
    chunked(1_024, true, false),
    chunked(1_024, false, true),
    chunked(1_024, true, true),
];

/// An upload on its way.
struct Upload<'r> {
    registry: &'r Registry,
    location: String,
    digest: Digest,
    /// What is said about the algorithm when it begins.
    query: String,
}

impl<'r> Upload<'r> {
    fn new(registry: &'r Registry, digest: &Digest) -> Upload<'r> {
        Upload { registry, location: String::new(), digest: digest.clone(), query: String::new() }
    }

    /// That the algorithm is known from the beginning.
    fn announced(self) -> Upload<'r> {
        Upload { query: format!("?digest-algorithm={}", self.digest.algorithm().as_str()), ..self }
    }

    fn begin(&mut self, repository: &str) {
        let begun =
            self.registry.send(&request("POST", &format!("/v2/{repository}/blobs/uploads/{}", self.query)));
        assert_eq!((begun.status, begun.header("range")), (202, Some("0-0")), "{begun:?}");
        self.location = begun.location();
    }

    fn patch(&mut self, bytes: &[u8], range: Option<(usize, usize)>, length_known: bool) -> Response {
        let mut patch = request("PATCH", &self.location).body(bytes);
        if let Some((first, last)) = range {
            patch = patch.header("Content-Range", &format!("{first}-{last}"));
        }
        self.registry.send(&if length_known { patch } else { patch.chunked() })
    }

    fn put(&self, bytes: &[u8], range: Option<(usize, usize)>) -> Response {
        let put = request("PUT", &format!("{}?digest={}", self.location, self.digest)).body(bytes);
        self.registry.send(&match range {
            Some((first, last)) => put.header("Content-Range", &format!("{first}-{last}")),
            None => put,
        })
    }

    /// Pushes; what the last request was answered.
    fn push(&mut self, repository: &str, way: Way, bytes: &[u8]) -> Response {
        match way {
            Way::Post => {
                let target = format!("/v2/{repository}/blobs/uploads/?digest={}", self.digest);
                self.registry.send(&request("POST", &target).body(bytes))
            }
            Way::PostPut => {
                self.begin(repository);
                self.put(bytes, None)
            }
            Way::Streamed { length_known } => {
                self.begin(repository);
                let patched = self.patch(bytes, None, length_known);
                self.moved_to(&patched, 202, bytes.len());
                self.put(b"", None)
            }
            Way::Chunked { bytes: each, last_in_put, wrong_first } => {
                self.begin(repository);
                self.chunks(bytes, each.min(bytes.len().max(1)), last_in_put, wrong_first)
            }
        }
    }

    fn chunks(&mut self, bytes: &[u8], each: usize, last_in_put: bool, wrong_first: bool) -> Response {
        for first in (0..bytes.len()).step_by(each) {
            let end = (first + each).min(bytes.len());
            if wrong_first {
                self.send_wrong(bytes, first, each, last_in_put);
            }
            if last_in_put && end == bytes.len() {
                return self.put(&bytes[first..], Some((first, end - 1)));
            }
            let patched = self.patch(&bytes[first..end], Some((first, end - 1)), true);
            self.moved_to(&patched, 202, end);
        }
        self.put(b"", None)
    }

    /// Sends a chunk that does not go on at an offset: it is refused, and nothing has changed.
    fn send_wrong(&mut self, bytes: &[u8], offset: usize, each: usize, last_in_put: bool) {
        let first = if offset + each < bytes.len() { offset + each } else { 0 };
        let end = (first + each).min(bytes.len());
        if first == offset {
            return;
        }
        let range = Some((first, end - 1));
        let refused = match last_in_put && end == bytes.len() {
            true => self.put(&bytes[first..end], range),
            false => self.patch(&bytes[first..end], range, true),
        };
        refused.assert_refused(416, "RANGE_INVALID");
        self.moved_to(&refused, 416, offset);
        let status = self.registry.ask("GET", &self.location);
        self.moved_to(&status, 204, offset);
    }

    fn moved_to(&mut self, response: &Response, status: u16, offset: usize) {
        let range = format!("0-{}", offset.saturating_sub(1));
        assert_eq!((response.status, response.header("range")), (status, Some(&*range)), "{response:?}");
        self.location = response.location();
    }
}

/// Pushes a blob by the n-th of the ways there are.
pub(super) fn push_blob(
    registry: &Registry,
    repository: &str,
    n: usize,
    digest: &Digest,
    bytes: &[u8],
    name: &str,
) {
    let response = Upload::new(registry, digest).push(repository, WAYS[n % WAYS.len()], bytes);
    created(registry, repository, &response, digest, bytes, name);
}

fn created(
    registry: &Registry,
    repository: &str,
    response: &Response,
    digest: &Digest,
    bytes: &[u8],
    name: &str,
) {
    assert_eq!(response.status, 201, "{name}: {response:?}");
    assert_eq!(response.header("docker-content-digest"), Some(digest.as_str()), "{name}");
    for target in [response.location(), format!("/v2/{repository}/blobs/{digest}")] {
        blob(registry, &target, digest.as_str(), bytes, name);
    }
}

fn deleted(registry: &Registry, repository: &str, digest: &Digest) {
    let target = format!("/v2/{repository}/blobs/{digest}");
    assert_eq!(registry.ask("DELETE", &target).status, 202);
    assert_eq!((registry.ask("HEAD", &target).status, registry.ask("GET", &target).status), (404, 404));
}

/// Runs a check for each way to say who one is and each algorithm.
fn each(check: impl Fn(&Registry, Algorithm, &str)) {
    for login in LOGINS {
        let registry = Registry::new(login);
        for algorithm in [Algorithm::Sha256, Algorithm::Sha512] {
            check(&registry, algorithm, &format!("{}, {login:?}", algorithm.as_str()));
        }
        registry.world.collect();
        registry.world.assert_sound();
        assert!(registry.world.blob_files().is_empty());
    }
}

#[test]
fn blobs_are_pushed_in_every_way() {
    each(|registry, algorithm, name| {
        for (n, length) in [0, 1, 512, 3_067, LARGE].into_iter().enumerate() {
            let bytes = noise(n as u64 + 1, length);
            let digest = digest(algorithm, &bytes);
            for way in WAYS {
                let way = match way {
                    Way::Chunked { last_in_put, wrong_first, .. } if length == LARGE => {
                        chunked(LARGE / 3 + 1, last_in_put, wrong_first)
                    }
                    way => way,
                };
                let name = format!("{name}, {length} bytes, {way:?}");
                for upload in [Upload::new(registry, &digest), Upload::new(registry, &digest).announced()] {
                    let mut upload = upload;
                    let response = upload.push(ONE, way, &bytes);
                    created(registry, ONE, &response, &digest, &bytes, &name);
                    deleted(registry, ONE, &digest);
                    if !upload.location.is_empty() {
                        registry.ask("GET", &upload.location).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
                    }
                }
            }
        }
    });
}

#[test]
fn blobs_come_in_chunks_of_one_byte() {
    each(|registry, algorithm, name| {
        let bytes = noise(7, 40);
        let digest = digest(algorithm, &bytes);
        for wrong_first in [false, true] {
            let response = Upload::new(registry, &digest).push(ONE, chunked(1, true, wrong_first), &bytes);
            created(registry, ONE, &response, &digest, &bytes, name);
            deleted(registry, ONE, &digest);
        }
    });
}

#[test]
fn bytes_of_another_digest_are_refused_in_every_way() {
    each(|registry, algorithm, name| {
        for length in [3_067, LARGE] {
            let bytes = noise(9, length);
            let wrong = digest(algorithm, b"something else");
            for way in WAYS {
                let response = Upload::new(registry, &wrong).push(ONE, way, &bytes);
                assert_eq!(response.refusal(), (400, "DIGEST_INVALID".to_owned()), "{name}, {way:?}");
                for digest in [&wrong, &digest(algorithm, &bytes)] {
                    registry
                        .ask("GET", &format!("/v2/{ONE}/blobs/{digest}"))
                        .assert_refused(404, "BLOB_UNKNOWN");
                }
            }
        }
        // What such an upload has is dropped when it has rested for too long.
        registry.world.clock.advance(std::time::Duration::from_secs(4_000));
    });
}

#[test]
fn blobs_are_mounted() {
    each(|registry, algorithm, name| {
        for (n, from) in [format!("&from={}", OTHER.replace('/', "%2F")), String::new()].iter().enumerate() {
            let bytes = noise(20 + n as u64, 512);
            let digest = digest(algorithm, &bytes);
            push_blob(registry, OTHER, 0, &digest, &bytes, name);
            let mount = request("POST", &format!("/v2/{ONE}/blobs/uploads/?mount={digest}{from}"));
            let response = registry.send(&mount);
            created(registry, ONE, &response, &digest, &bytes, name);
            // What one repository lets go of, the other keeps.
            deleted(registry, OTHER, &digest);
            blob(registry, &format!("/v2/{ONE}/blobs/{digest}"), digest.as_str(), &bytes, name);
            deleted(registry, ONE, &digest);
            // Nobody has it now: the mount becomes an upload.
            let begun = registry.send(&mount);
            assert_eq!(begun.status, 202, "{name}: {begun:?}");
            let put = request("PUT", &format!("{}?digest={digest}", begun.location())).body(&bytes);
            created(registry, ONE, &registry.send(&put), &digest, &bytes, name);
            deleted(registry, ONE, &digest);
        }
    });
}

#[test]
fn uploads_are_given_up() {
    each(|registry, algorithm, _| {
        let digest = digest(algorithm, b"never");
        let mut upload = Upload::new(registry, &digest).announced();
        upload.begin(ONE);
        let patched = upload.patch(&noise(30, LARGE), Some((0, LARGE - 1)), true);
        upload.moved_to(&patched, 202, LARGE);
        assert_eq!(registry.send(&request("DELETE", &upload.location)).status, 204);
        for method in ["GET", "PATCH", "DELETE"] {
            registry.ask(method, &upload.location).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
        }
        upload.put(b"", None).assert_refused(404, "BLOB_UPLOAD_UNKNOWN");
    });
}

#[test]
fn parts_of_blobs_are_pulled() {
    each(|registry, algorithm, name| {
        for (n, length) in [2_048, LARGE].into_iter().enumerate() {
            let bytes = noise(40 + n as u64, length);
            let digest = digest(algorithm, &bytes);
            push_blob(registry, ONE, n, &digest, &bytes, name);
            let get = |range: &str| {
                registry.send(&request("GET", &format!("/v2/{ONE}/blobs/{digest}")).header("Range", range))
            };
            let past = length + 3_000;
            for (range, first, end) in [
                ("bytes=500-1499".to_owned(), 500, 1_500),
                ("bytes=500-".to_owned(), 500, length),
                ("bytes=-500".to_owned(), length - 500, length),
                (format!("bytes=2000-{past}"), 2_000, length),
            ] {
                let part = get(&range);
                assert_eq!(part.status, 206, "{name}, {range}");
                let expected = format!("bytes {first}-{}/{length}", end - 1);
                assert_eq!(part.header("content-range"), Some(&*expected));
                assert_eq!(part.header("content-length"), Some(&*(end - first).to_string()));
                assert!(part.body == bytes[first..end], "{name}, {range}");
            }
            for range in ["bytes=500-0".to_owned(), format!("bytes={past}-{}", past + 5)] {
                get(&range).assert_refused(416, "RANGE_INVALID");
            }
            deleted(registry, ONE, &digest);
        }
    });
}
