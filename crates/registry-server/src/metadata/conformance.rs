//! What every metadata implementation has to do. An implementation's test is one call of [`run`].

use std::future::Future;

use hyper::body::Bytes;
use spec::{Algorithm, Digest, Digester};

use super::*;

/// Runs the suite on fresh databases; whatever `make` returns beside one is kept as long as it.
///
/// # Panics
/// When the contract is broken.
pub fn run<M: Metadata, K>(make: impl Fn() -> (M, K)) {
    let check = |test: fn(&M)| {
        let (metadata, _keep) = make();
        test(&metadata);
    };
    check(blobs_belong_to_repositories);
    check(the_same_blob_twice_is_kept_once);
    check(mounting_needs_a_holder);
    check(manifests_come_back_as_they_were);
    check(missing_content_is_named);
    check(what_waits_is_told_and_waits_anew);
    check(conditions_are_checked_with_the_change);
    check(tags_are_not_moved_where_that_is_refused);
    check(deleting_a_manifest_takes_its_tags);
    check(lists_are_sorted_and_paged);
    check(referrers_are_filtered_and_paged);
    check(search_takes_text_literally);
    check(usage_counts_what_is_shared_once);
    check(uploads_advance_by_comparing);
    check(uploads_end);
    check(the_collection_takes_what_nothing_refers_to);
    check(the_collection_waits_for_manifests_on_their_way);
    check(what_lost_its_last_holder_waits_as_well);
    check(children_and_referrers_go_with_what_held_them);
    check(what_is_pushed_again_stays);
    check(untagged_manifests_are_a_matter_of_policy);
    check(strangers_are_told_from_friends);
    check(another_boot_ends_uploads);
}

pub(crate) fn wait<T>(future: impl Future<Output = crate::Result<T>>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime starts");
    runtime.block_on(future).expect("the database works")
}

fn name(text: &str) -> RepositoryName {
    RepositoryName::parse(text).expect("a name")
}

fn tag(text: &str) -> Tag {
    Tag::parse(text).expect("a tag")
}

/// Everything goes at once.
const NO_GRACE: Grace = Grace { orphaned_before: 1_000, untagged_before: None };
const NOW: i64 = 1_000;

fn add(metadata: &impl Metadata, repository: &str, text: &str) -> Digest {
    let digest = Digest::of(text.as_bytes());
    let place = Place::Inline(Bytes::copy_from_slice(text.as_bytes()));
    let blob = Blob { digest: digest.clone(), size: text.len() as u64, place };
    wait(metadata.add_blob(&name(repository), NewBlob { blob, upload: None }, NOW));
    digest
}

/// All that it refers to was there.
const STORED: Put = Put::Stored { absent: Vec::new() };

fn new(text: &str) -> NewManifest {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    let manifest = StoredManifest { digest: Digest::of(&bytes), media_type: "a/b".to_owned(), bytes };
    NewManifest {
        manifest,
        artifact_type: None,
        annotations: "{}".to_owned(),
        subject: None,
        blobs: Vec::new(),
        optional_blobs: Vec::new(),
        children: Vec::new(),
        blobs_required: true,
        children_required: false,
        tags: Vec::new(),
        condition: Condition::None,
        tag_moves: TagMoves::Allowed,
    }
}

fn put(metadata: &impl Metadata, repository: &str, new: NewManifest) -> Digest {
    let digest = new.manifest.digest.clone();
    let put = wait(metadata.put_manifest(&name(repository), new, NOW));
    assert!(matches!(put, Put::Stored { .. }), "{put:?}");
    digest
}

fn has(metadata: &impl Metadata, repository: &str, digest: &Digest) -> bool {
    let selector = Selector::Digest(digest.clone());
    wait(metadata.manifest(&name(repository), &selector)).is_some()
}

fn holds(metadata: &impl Metadata, repository: &str, digest: &Digest) -> bool {
    wait(metadata.blob(&name(repository), digest)).is_some()
}

/// Collects until there is nothing to look at.
fn collect(metadata: &impl Metadata, grace: Grace, now: i64) -> Collected {
    let mut all = Collected::default();
    loop {
        let step = wait(metadata.collect(grace, now, 2));
        if step.examined == 0 {
            assert_eq!(wait(metadata.contradictions(10)), Vec::<String>::new());
            return all;
        }
        all.examined += step.examined;
        all.manifests += step.manifests;
        all.unlinked += step.unlinked;
        all.blobs += step.blobs;
        all.bytes += step.bytes;
    }
}

fn blobs_belong_to_repositories(metadata: &impl Metadata) {
    let digest = add(metadata, "a/b", "one");
    let blob = wait(metadata.blob(&name("a/b"), &digest)).expect("was added");
    assert_eq!((blob.size, blob.place), (3, Place::Inline(Bytes::from_static(b"one"))));
    assert!(!holds(metadata, "a/c", &digest));
    assert!(wait(metadata.delete_blob(&name("a/b"), &digest, NOW)));
    assert!(!wait(metadata.delete_blob(&name("a/b"), &digest, NOW)));
    assert!(!wait(metadata.delete_blob(&name("x"), &digest, NOW)));
    assert!(!holds(metadata, "a/b", &digest));
}

fn stored(metadata: &impl Metadata, repository: &str, digest: &Digest, key: &BlobKey) {
    let blob = Blob { digest: digest.clone(), size: 9, place: Place::Stored(key.clone()) };
    wait(metadata.add_blob(&name(repository), NewBlob { blob, upload: None }, NOW));
}

fn key(n: u8) -> BlobKey {
    BlobKey::parse(&format!("{n:02x}").repeat(16)).expect("a key")
}

fn the_same_blob_twice_is_kept_once(metadata: &impl Metadata) {
    let digest = Digest::of(b"large");
    stored(metadata, "a", &digest, &key(1));
    stored(metadata, "b", &digest, &key(2));
    assert_eq!(wait(metadata.trash(10)), [key(2)]);
    let place = |repository| wait(metadata.blob(&name(repository), &digest)).expect("is held").place;
    assert_eq!((place("a"), place("b")), (Place::Stored(key(1)), Place::Stored(key(1))));
    wait(metadata.emptied(vec![key(2)]));
    assert!(wait(metadata.delete_blob(&name("a"), &digest, NOW)));
    assert_eq!(wait(metadata.trash(10)), []);
    assert!(wait(metadata.delete_blob(&name("b"), &digest, NOW)));
    assert_eq!(wait(metadata.trash(10)), [key(1)]);
}

fn mounting_needs_a_holder(metadata: &impl Metadata) {
    let digest = add(metadata, "a", "one");
    let mount = |to, from| wait(metadata.mount(&name(to), &name(from), &digest, NOW));
    assert!(!mount("b", "c"));
    assert!(!holds(metadata, "b", &digest));
    assert!(mount("b", "a"));
    assert!(holds(metadata, "b", &digest));
    let mut holders = wait(metadata.holders(&digest, 10));
    holders.sort();
    assert_eq!(holders, [name("a"), name("b")]);
    assert_eq!(wait(metadata.holders(&digest, 1)).len(), 1);
}

fn manifests_come_back_as_they_were(metadata: &impl Metadata) {
    let expected = new("{}");
    let manifest = expected.manifest.clone();
    put(metadata, "a", NewManifest { tags: vec![tag("x"), tag("y")], ..expected });
    let find = |repository, selector| wait(metadata.manifest(&name(repository), &selector));
    assert_eq!(find("a", Selector::Tag(tag("x"))), Some(manifest.clone()));
    assert_eq!(find("a", Selector::Tag(tag("y"))), Some(manifest.clone()));
    assert_eq!(find("a", Selector::Digest(manifest.digest.clone())), Some(manifest.clone()));
    assert_eq!(find("a", Selector::Tag(tag("z"))), None);
    assert_eq!(find("b", Selector::Digest(manifest.digest)), None);
}

fn what_waits_is_told_and_waits_anew(metadata: &impl Metadata) {
    let outline = |item: &Item| wait(metadata.outline(&name("a"), item));
    let since = |item: &Item| outline(item).map(|outline| (outline.orphaned_since, outline.untagged_since));
    let renew = |item: &Item, orphaned_since, untagged_since| {
        wait(metadata.renew(&name("a"), item, Renewal { orphaned_since, untagged_since }))
    };
    let blob = Item::Blob(add(metadata, "a", "blob"));
    assert_eq!(outline(&blob).map(|outline| (outline.size, outline.media_type)), Some((4, None)));
    assert_eq!(since(&blob), Some((Some(NOW), None)));
    assert!(renew(&blob, NOW + 9, NOW + 9) && renew(&blob, NOW + 3, NOW + 3));
    assert_eq!(since(&blob), Some((Some(NOW + 9), None)));
    let by_digest = Item::Manifest(Selector::Digest(put(metadata, "a", new("1"))));
    assert_eq!(since(&by_digest), Some((None, Some(NOW))));
    put(metadata, "a", NewManifest { tags: vec![tag("x")], ..new("1") });
    let by_tag = Item::Manifest(Selector::Tag(tag("x")));
    for item in [&by_digest, &by_tag] {
        let found = outline(item).expect("a manifest");
        assert_eq!((found.digest.clone(), found.size), (Digest::of(b"1"), 1));
        assert_eq!(found.media_type.as_deref(), Some("a/b"));
        assert!(renew(item, NOW + 5, NOW + 7));
    }
    assert_eq!(since(&by_digest), Some((None, Some(NOW + 7))));
    // What a parent held waits as an orphan once it is gone.
    let children = vec![Digest::of(b"1")];
    let parent = put(metadata, "a", NewManifest { children, children_required: true, ..new("2") });
    assert!(wait(metadata.delete_manifest(&name("a"), &parent, NOW + 8)));
    assert_eq!(since(&by_tag), Some((Some(NOW + 8), Some(NOW + 7))));
    for absent in [Item::Blob(Digest::of(b"2")), Item::Manifest(Selector::Tag(tag("y")))] {
        assert!(outline(&absent).is_none() && !renew(&absent, NOW, NOW));
        assert!(wait(metadata.outline(&name("b"), &by_tag)).is_none());
    }
}

fn missing_content_is_named(metadata: &impl Metadata) {
    let there = add(metadata, "a", "there");
    let absent = Digest::of(b"absent");
    let push = |new| wait(metadata.put_manifest(&name("a"), new, NOW));
    let blobs = vec![there.clone(), absent.clone()];
    assert_eq!(push(NewManifest { blobs, ..new("1") }), Put::Missing(vec![absent.clone()]));
    let optional_blobs = vec![absent.clone()];
    assert_eq!(push(NewManifest { blobs: vec![there.clone()], optional_blobs, ..new("2") }), STORED);
    let sparse = NewManifest { blobs: vec![there, absent.clone()], blobs_required: false, ..new("5") };
    assert_eq!(push(sparse), Put::Stored { absent: vec![absent.clone()] });
    let index = NewManifest { children: vec![absent.clone()], children_required: true, ..new("3") };
    assert_eq!(push(index.clone()), Put::Missing(vec![absent.clone()]));
    let stored = Put::Stored { absent: vec![absent.clone()] };
    assert_eq!(push(NewManifest { children_required: false, ..index }), stored);
    assert_eq!(push(NewManifest { subject: Some(absent), ..new("4") }), STORED);
}

fn conditions_are_checked_with_the_change(metadata: &impl Metadata) {
    let push = |text: &str, condition| {
        let new = NewManifest { tags: vec![tag("t")], condition, ..new(text) };
        wait(metadata.put_manifest(&name("a"), new, NOW))
    };
    let among = |texts: &[&str]| Condition::Among(texts.iter().map(|t| Digest::of(t.as_bytes())).collect());
    assert_eq!(push("1", among(&["1"])), Put::ConditionFailed);
    assert_eq!(push("1", among(&[])), Put::ConditionFailed);
    assert_eq!(push("1", Condition::Absent), STORED);
    assert_eq!(push("2", Condition::Absent), Put::ConditionFailed);
    assert_eq!(push("2", among(&["3"])), Put::ConditionFailed);
    assert_eq!(push("2", among(&["3", "1"])), STORED);
    assert_eq!(push("3", among(&[])), STORED);
}

fn tags_are_not_moved_where_that_is_refused(metadata: &impl Metadata) {
    let push = |text: &str, names: &[&str]| {
        let tags = names.iter().map(|name| tag(name)).collect();
        let new = NewManifest { tags, tag_moves: TagMoves::Refused, ..new(text) };
        wait(metadata.put_manifest(&name("a"), new, NOW))
    };
    assert_eq!(push("1", &["x"]), STORED);
    assert_eq!(push("1", &["x"]), STORED);
    assert_eq!(push("2", &["y", "x"]), Put::TagExists(tag("x")));
    assert!(!has(metadata, "a", &Digest::of(b"2")));
    assert_eq!(push("2", &["y"]), STORED);
}

fn deleting_a_manifest_takes_its_tags(metadata: &impl Metadata) {
    let first = put(metadata, "a", NewManifest { tags: vec![tag("x"), tag("y")], ..new("1") });
    let second = put(metadata, "a", NewManifest { tags: vec![tag("z")], ..new("2") });
    assert!(wait(metadata.delete_tag(&name("a"), &tag("x"), NOW)));
    assert!(!wait(metadata.delete_tag(&name("a"), &tag("x"), NOW)));
    assert!(has(metadata, "a", &first));
    assert!(wait(metadata.delete_manifest(&name("a"), &first, NOW)));
    assert!(!wait(metadata.delete_manifest(&name("a"), &first, NOW)));
    assert!(has(metadata, "a", &second));
    let page = Page { last: "", limit: 10 };
    assert_eq!(wait(metadata.tags(&name("a"), page)), Some(vec!["z".to_owned()]));
}

fn lists_are_sorted_and_paged(metadata: &impl Metadata) {
    let tags = ["a", "B", "10", "9", "a.b", "a-b"];
    put(metadata, "r", NewManifest { tags: tags.map(tag).to_vec(), ..new("1") });
    let list = |last, limit| wait(metadata.tags(&name("r"), Page { last, limit })).expect("is there");
    assert_eq!(list("", 10), ["10", "9", "B", "a", "a-b", "a.b"]);
    assert_eq!(list("9", 2), ["B", "a"]);
    assert_eq!(list("C", 1), ["a"]);
    assert_eq!(list("", 0), Vec::<String>::new());
    assert_eq!(wait(metadata.tags(&name("none"), Page { last: "", limit: 1 })), None);
    for repository in ["b/c", "b", "q"] {
        put(metadata, repository, new("1"));
    }
    add(metadata, "blobs/only", "x");
    let list = |last, limit| wait(metadata.repositories(Page { last, limit }));
    assert_eq!(list("", 10), ["b", "b/c", "q", "r"].map(name));
    assert_eq!(list("b", 2), ["b/c", "q"].map(name));
}

fn referrers_are_filtered_and_paged(metadata: &impl Metadata) {
    let subject = Digest::of(b"subject");
    for (text, kind) in [("1", "k/a"), ("2", "k/b"), ("3", "k/a")] {
        let about = NewManifest { subject: Some(subject.clone()), ..new(text) };
        put(metadata, "r", NewManifest { artifact_type: Some(kind.to_owned()), ..about });
    }
    put(metadata, "other", NewManifest { subject: Some(subject.clone()), ..new("4") });
    let list = |kind, after, limit| {
        let found = wait(metadata.referrers(&name("r"), &subject, kind, after, limit));
        found.into_iter().map(|r| (r.digest, r.position)).unzip::<_, _, Vec<_>, Vec<_>>()
    };
    let all = ["1", "2", "3"].map(|text| Digest::of(text.as_bytes()));
    let (digests, positions) = list(None, 0, 10);
    assert_eq!(digests, all);
    assert_eq!(list(None, positions[0], 1).0, [all[1].clone()]);
    assert_eq!(list(Some("k/a"), 0, 10).0, [all[0].clone(), all[2].clone()]);
    assert!(list(Some("k/c"), 0, 10).0.is_empty());
    assert!(wait(metadata.referrers(&name("none"), &subject, None, 0, 10)).is_empty());
}

fn search_takes_text_literally(metadata: &impl Metadata) {
    for repository in ["library/alpine", "a/alpine_x", "a/alpinezx", "b/tool"] {
        put(metadata, repository, new("1"));
    }
    let facts = Facts { description: "100% alpine".to_owned(), stars: 7, official: false, automated: true };
    wait(metadata.describe(&name("b/tool"), facts.clone(), NOW));
    wait(metadata.describe(&name("b/nothing"), facts.clone(), NOW));
    let search = |text: &str, skip, limit| {
        let found = wait(metadata.search(text, skip, limit));
        found.into_iter().map(|found| found.name.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(search("alpine", 0, 10), ["library/alpine", "b/tool", "a/alpine_x", "a/alpinezx"]);
    assert_eq!(search("alpine", 1, 2), ["b/tool", "a/alpine_x"]);
    assert_eq!(search("alpine_x", 0, 10), ["a/alpine_x"]);
    assert_eq!(search("0%", 0, 10), ["b/tool"]);
    assert_eq!(search("\\", 0, 10), Vec::<String>::new());
    assert_eq!(wait(metadata.facts(&name("b/tool"))), Some(facts));
    assert_eq!(wait(metadata.facts(&name("x"))), None);
    assert!(wait(metadata.search("library/alpine", 0, 1))[0].facts.official);
}

fn usage_counts_what_is_shared_once(metadata: &impl Metadata) {
    assert_eq!(wait(metadata.total()), Usage::default());
    let shared = add(metadata, "a", "shared");
    add(metadata, "a", "own");
    assert!(wait(metadata.mount(&name("b"), &name("a"), &shared, NOW)));
    let first = put(metadata, "a", NewManifest { tags: vec![tag("x"), tag("y")], ..new("12") });
    put(metadata, "a", NewManifest { tags: vec![tag("y")], ..new("345") });
    put(metadata, "c", new("12"));
    let usage = |repository| wait(metadata.usage(&name(repository)));
    let a = Usage { manifests: 2, tags: 2, blobs: 2, bytes: 14, own_bytes: 8 };
    assert_eq!(usage("a"), Some(a));
    assert_eq!(usage("b"), Some(Usage { blobs: 1, bytes: 6, ..Usage::default() }));
    assert_eq!(usage("c"), Some(Usage { manifests: 1, bytes: 2, own_bytes: 2, ..Usage::default() }));
    assert_eq!(usage("none"), None);
    let total = Usage { manifests: 3, tags: 2, blobs: 2, bytes: 16, own_bytes: 16 };
    assert_eq!(wait(metadata.total()), total);
    assert!(wait(metadata.delete_manifest(&name("a"), &first, NOW)));
    assert!(wait(metadata.delete_blob(&name("a"), &shared, NOW)));
    let total = Usage { manifests: 2, tags: 1, blobs: 2, bytes: 14, own_bytes: 14 };
    assert_eq!(wait(metadata.total()), total);
    assert!(wait(metadata.delete_blob(&name("b"), &shared, NOW)));
    assert_eq!(wait(metadata.total()), Usage { blobs: 1, bytes: 8, own_bytes: 8, ..total });
    assert_eq!(wait(metadata.contradictions(10)), Vec::<String>::new());
}

fn upload(id: u8, offset: u64) -> Upload {
    Upload {
        id: key(id).to_string(),
        repository: name("r"),
        subject: "me".to_owned(),
        algorithm: Algorithm::Sha512,
        offset,
        digester: Digester::new(Algorithm::Sha512).save(),
        place: Place::Inline(Bytes::from_static(b"x")),
        kept: vec![1, 2],
    }
}

fn uploads_advance_by_comparing(metadata: &impl Metadata) {
    assert_eq!(wait(metadata.begin(&upload(1, 0), 2, NOW)), Begun::Yes);
    assert_eq!(wait(metadata.begin(&upload(2, 0), 2, NOW)), Begun::Yes);
    assert_eq!(wait(metadata.begin(&upload(3, 0), 2, NOW)), Begun::TooMany);
    let id = upload(1, 0).id;
    assert_eq!(wait(metadata.upload(&id)), Some(upload(1, 0)));
    let further = Upload { place: Place::Stored(key(1)), ..upload(1, 5) };
    assert!(!wait(metadata.advance(&further, 4, NOW)));
    assert!(wait(metadata.advance(&further, 0, NOW)));
    assert!(!wait(metadata.advance(&further, 0, NOW)));
    assert_eq!(wait(metadata.upload(&id)), Some(further));
}

fn uploads_end(metadata: &impl Metadata) {
    for n in 1..=4 {
        wait(metadata.begin(&upload(n, 0), 10, i64::from(n)));
    }
    assert!(wait(metadata.cancel(&upload(1, 0).id, NOW)));
    assert!(!wait(metadata.cancel(&upload(1, 0).id, NOW)));
    assert_eq!(wait(metadata.upload(&upload(1, 0).id)), None);
    assert_eq!(wait(metadata.expire(3, 1, NOW)), 1);
    assert_eq!(wait(metadata.expire(3, 10, NOW)), 1);
    assert!(wait(metadata.upload(&upload(4, 0).id)).is_some());
    let blob = Blob { digest: Digest::of(b"x"), size: 1, place: Place::Stored(key(4)) };
    let new = NewBlob { blob, upload: Some(upload(4, 0).id) };
    wait(metadata.add_blob(&name("r"), new, NOW));
    assert_eq!(wait(metadata.upload(&upload(4, 0).id)), None);
    assert_eq!(wait(metadata.trash(10)), [key(1), key(2), key(3)]);
}

fn the_collection_takes_what_nothing_refers_to(metadata: &impl Metadata) {
    let shared = add(metadata, "a", "shared");
    let alone = add(metadata, "a", "alone");
    let never = add(metadata, "a", "never referred to");
    assert!(wait(metadata.mount(&name("b"), &name("a"), &shared, NOW)));
    let first = put(metadata, "a", NewManifest { blobs: vec![shared.clone(), alone.clone()], ..new("1") });
    put(metadata, "b", NewManifest { blobs: vec![shared.clone()], ..new("2") });
    assert_eq!(collect(metadata, NO_GRACE, NOW).blobs, 1);
    assert!(!holds(metadata, "a", &never) && holds(metadata, "a", &shared) && holds(metadata, "a", &alone));
    assert!(wait(metadata.delete_manifest(&name("a"), &first, NOW)));
    let collected = collect(metadata, NO_GRACE, NOW);
    assert_eq!((collected.unlinked, collected.blobs, collected.bytes), (2, 1, 5));
    assert!(!holds(metadata, "a", &shared) && holds(metadata, "b", &shared));
    // What was looked at is not looked at again.
    assert_eq!(collect(metadata, NO_GRACE, NOW).examined, 0);
    assert_eq!(wait(metadata.usage(&name("a"))), None);
}

fn the_collection_waits_for_manifests_on_their_way(metadata: &impl Metadata) {
    let digest = add(metadata, "a", "one");
    let grace = Grace { orphaned_before: NOW - 50, untagged_before: None };
    assert_eq!(collect(metadata, grace, NOW).blobs, 0);
    assert!(holds(metadata, "a", &digest));
    assert_eq!(collect(metadata, Grace { orphaned_before: NOW - 1, ..grace }, NOW + 49).examined, 0);
    assert_eq!(collect(metadata, Grace { orphaned_before: NOW, ..grace }, NOW + 50).blobs, 1);
}

/// Somebody may have been told that it is here just before, and be pushing what refers to it again.
fn what_lost_its_last_holder_waits_as_well(metadata: &impl Metadata) {
    let blob = add(metadata, "a", "old");
    let child = put(metadata, "a", NewManifest { blobs: vec![blob.clone()], ..new("child") });
    let holder = |text| NewManifest { children: vec![child.clone()], children_required: true, ..new(text) };
    let index = put(metadata, "a", holder("index"));
    let grace = |now| Grace { orphaned_before: now - 50, untagged_before: None };
    let later = NOW + 1_000;
    collect(metadata, grace(later), later);
    assert!(wait(metadata.delete_manifest(&name("a"), &index, later)));
    collect(metadata, grace(later + 49), later + 49);
    assert!(has(metadata, "a", &child));
    let again = put(metadata, "a", holder("another index"));
    collect(metadata, grace(later + 50), later + 50);
    assert!(has(metadata, "a", &child) && holds(metadata, "a", &blob));
    // Without a holder it goes when the grace is over, and then its blobs wait in turn.
    assert!(wait(metadata.delete_manifest(&name("a"), &again, later + 60)));
    assert_eq!(collect(metadata, grace(later + 110), later + 110).manifests, 1);
    assert!(!has(metadata, "a", &child) && holds(metadata, "a", &blob));
    assert_eq!(collect(metadata, grace(later + 159), later + 159).examined, 0);
    assert_eq!(collect(metadata, grace(later + 160), later + 160).blobs, 1);
}

fn children_and_referrers_go_with_what_held_them(metadata: &impl Metadata) {
    let layer = add(metadata, "a", "layer");
    let child = put(metadata, "a", NewManifest { blobs: vec![layer.clone()], ..new("child") });
    let named = put(metadata, "a", NewManifest { tags: vec![tag("t")], ..new("named child") });
    let twice = put(metadata, "a", new("child of two"));
    let children = vec![child.clone(), named.clone(), twice.clone()];
    let index = put(metadata, "a", NewManifest { children, tags: vec![tag("i")], ..new("index") });
    put(metadata, "a", NewManifest { children: vec![twice.clone()], ..new("another index") });
    let about_child = NewManifest { subject: Some(child.clone()), ..new("about the child") };
    let about_child = put(metadata, "a", about_child);
    let about_index = NewManifest { subject: Some(index.clone()), ..new("about the index") };
    let about_index = put(metadata, "a", about_index);
    collect(metadata, NO_GRACE, NOW);
    let left = |digests: &[&Digest]| digests.iter().map(|d| has(metadata, "a", d)).collect::<Vec<_>>();
    assert_eq!(left(&[&child, &named, &twice, &about_child, &about_index]), [true; 5]);
    assert!(wait(metadata.delete_manifest(&name("a"), &index, NOW)));
    assert_eq!(collect(metadata, NO_GRACE, NOW).manifests, 3);
    let expected = [false, true, true, false, false];
    assert_eq!(left(&[&child, &named, &twice, &about_child, &about_index]), expected);
    assert!(!holds(metadata, "a", &layer));
}

fn what_is_pushed_again_stays(metadata: &impl Metadata) {
    let child = put(metadata, "a", new("child"));
    let index = put(metadata, "a", NewManifest { children: vec![child.clone()], ..new("index") });
    assert!(wait(metadata.delete_manifest(&name("a"), &index, NOW)));
    put(metadata, "a", new("child"));
    collect(metadata, NO_GRACE, NOW);
    assert!(has(metadata, "a", &child));
}

fn untagged_manifests_are_a_matter_of_policy(metadata: &impl Metadata) {
    let kept = put(metadata, "a", NewManifest { tags: vec![tag("t")], ..new("1") });
    assert!(wait(metadata.delete_tag(&name("a"), &tag("t"), NOW)));
    collect(metadata, NO_GRACE, NOW);
    assert!(has(metadata, "a", &kept));
    let moved = put(metadata, "a", NewManifest { tags: vec![tag("t")], ..new("2") });
    put(metadata, "a", NewManifest { tags: vec![tag("t")], ..new("3") });
    collect(metadata, Grace { untagged_before: Some(NOW - 1), ..NO_GRACE }, NOW);
    assert!(has(metadata, "a", &moved));
    collect(metadata, Grace { untagged_before: Some(NOW), ..NO_GRACE }, NOW);
    assert!(!has(metadata, "a", &moved));
}

fn strangers_are_told_from_friends(metadata: &impl Metadata) {
    stored(metadata, "a", &Digest::of(b"1"), &key(1));
    stored(metadata, "a", &Digest::of(b"1"), &key(2));
    wait(metadata.begin(&upload(3, 0), 10, NOW));
    let keys = (1..=4).map(key).collect();
    assert_eq!(wait(metadata.strangers(keys)), [key(4)]);
    let listed = wait(metadata.blobs(Page { last: "", limit: 10 }));
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].place, Place::Stored(key(1)));
}

fn another_boot_ends_uploads(metadata: &impl Metadata) {
    assert!(!wait(metadata.begin_boot("one")));
    wait(metadata.begin(&upload(1, 0), 10, NOW));
    assert!(!wait(metadata.begin_boot("one")));
    assert!(wait(metadata.upload(&upload(1, 0).id)).is_some());
    assert!(wait(metadata.begin_boot("two")));
    assert!(wait(metadata.upload(&upload(1, 0).id)).is_none());
    assert_eq!(wait(metadata.trash(10)), [key(1)]);
    assert!(!wait(metadata.begin_boot("two")));
}
