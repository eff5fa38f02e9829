//! What every blob backend has to do. An implementation's test is one call of [`run`].

use std::future::Future;

use hyper::body::Bytes;

use super::{BlobBackend, BlobKey};

/// Runs the suite on fresh backends; whatever `make` returns beside one is kept as long as it.
///
/// # Panics
/// When the contract is broken.
pub fn run<B: BlobBackend, K>(make: impl Fn() -> (B, K)) {
    let check = |test: fn(&B)| {
        let (backend, _keep) = make();
        test(&backend);
    };
    check(bytes_come_back);
    check(writing_goes_on_after_a_pause);
    check(what_lies_beyond_the_offset_is_cut);
    check(removing_is_idempotent);
    check(readers_keep_what_they_opened);
    check(keys_are_listed);
    check(there_is_room);
}

fn wait<T>(future: impl Future<Output = crate::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(future).expect("the backend works")
}

fn key(n: u8) -> BlobKey {
    BlobKey::parse(&format!("{n:02x}").repeat(16)).expect("32 digits are a key")
}

fn store(backend: &impl BlobBackend, key: &BlobKey, bytes: &'static [u8]) {
    wait(async {
        let mut writer = backend.write(key, 0, &[]).await?;
        writer.append(vec![Bytes::from_static(bytes)]).await?;
        writer.seal().await
    });
}

fn load(backend: &impl BlobBackend, key: &BlobKey) -> Option<Vec<u8>> {
    wait(async {
        let Some(reader) = backend.open(key).await? else { return Ok(None) };
        let bytes = reader.read(0, 1 << 20).await?;
        assert_eq!(bytes.len() as u64, reader.size());
        Ok(Some(bytes.to_vec()))
    })
}

fn bytes_come_back(backend: &impl BlobBackend) {
    assert_eq!(load(backend, &key(1)), None);
    store(backend, &key(1), b"hello, world");
    store(backend, &key(2), b"");
    assert_eq!(load(backend, &key(1)).as_deref(), Some(&b"hello, world"[..]));
    assert_eq!(load(backend, &key(2)).as_deref(), Some(&b""[..]));
    let read = |offset, bytes_max| {
        wait(async { backend.open(&key(1)).await?.expect("was stored").read(offset, bytes_max).await })
    };
    assert_eq!(&read(7, 100)[..], b"world");
    assert_eq!(&read(7, 2)[..], b"wo");
    assert_eq!(&read(12, 2)[..], b"");
    assert_eq!(&read(u64::MAX, 2)[..], b"");
}

fn writing_goes_on_after_a_pause(backend: &impl BlobBackend) {
    let bytes = wait(async {
        let mut writer = backend.write(&key(1), 0, &[]).await?;
        writer.append(vec![Bytes::from_static(b"a"), Bytes::from_static(b"bc")]).await?;
        let kept = writer.pause().await?;
        let mut writer = backend.write(&key(1), 3, &kept).await?;
        writer.append(vec![Bytes::from(vec![b'd'; 200_000])]).await?;
        writer.append(vec![]).await?;
        writer.seal().await?;
        backend.open(&key(1)).await?.expect("was sealed").read(0, 1 << 20).await
    });
    assert_eq!(bytes.len(), 200_003);
    assert!(bytes.starts_with(b"abcddd"));
}

fn what_lies_beyond_the_offset_is_cut(backend: &impl BlobBackend) {
    wait(async {
        let mut writer = backend.write(&key(1), 0, &[]).await?;
        writer.append(vec![Bytes::from_static(b"abcdef")]).await?;
        drop(writer);
        let mut writer = backend.write(&key(1), 2, &[]).await?;
        writer.append(vec![Bytes::from_static(b"X")]).await?;
        writer.seal().await
    });
    assert_eq!(load(backend, &key(1)).as_deref(), Some(&b"abX"[..]));
}

fn removing_is_idempotent(backend: &impl BlobBackend) {
    wait(backend.remove(&key(1)));
    store(backend, &key(1), b"x");
    wait(backend.remove(&key(1)));
    wait(backend.remove(&key(1)));
    assert_eq!(load(backend, &key(1)), None);
}

fn readers_keep_what_they_opened(backend: &impl BlobBackend) {
    store(backend, &key(1), b"x");
    let bytes = wait(async {
        let reader = backend.open(&key(1)).await?.expect("was stored");
        backend.remove(&key(1)).await?;
        reader.read(0, 10).await
    });
    assert_eq!(&bytes[..], b"x");
}

fn keys_are_listed(backend: &impl BlobBackend) {
    for n in [0, 1, 0xfe] {
        store(backend, &key(n), b"x");
    }
    let listed = wait(async {
        let parts = backend.keys(0).await?.parts;
        let mut listed = Vec::new();
        for part in 0..parts {
            listed.extend(backend.keys(part).await?.keys.into_iter().map(|(key, _, size)| (key, size)));
        }
        Ok(listed)
    });
    assert_eq!(listed, [(key(0), 1), (key(1), 1), (key(0xfe), 1)]);
}

fn there_is_room(backend: &impl BlobBackend) {
    assert!(wait(backend.has_room(0)));
}
