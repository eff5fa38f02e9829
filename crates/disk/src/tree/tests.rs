use std::os::fd::AsFd;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use super::*;

/// A root with something hidden beside it.
struct Scene {
    folder: tempfile::TempDir,
}

impl Scene {
    fn new() -> Scene {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("root/a/b")).unwrap();
        std::fs::create_dir_all(folder.path().join("outside/dir")).unwrap();
        std::fs::write(folder.path().join("outside/secret"), "untouched").unwrap();
        Scene { folder }
    }

    fn root(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    fn tree(&self) -> Tree {
        Tree::open(&self.root()).unwrap()
    }

    fn top(&self) -> Folder {
        self.tree().folder(b"", Follow::Never).unwrap()
    }

    fn check_outside(&self) {
        assert_eq!(std::fs::read(self.outside().join("secret")).unwrap(), b"untouched");
        assert_eq!(std::fs::read_dir(self.outside()).unwrap().count(), 2);
        assert!(self.outside().join("dir").is_dir());
    }
}

/// Resolves by the kernel and component by component: both must come to the same directory, or to none.
fn resolve(scene: &Scene, path: &[u8], follow: Follow) -> Option<(u64, u64)> {
    let root = std::fs::File::open(scene.root()).unwrap();
    let id = |fd: rustix::io::Result<std::os::fd::OwnedFd>| {
        fd.ok().map(|fd| {
            let stat = rustix::fs::fstat(&fd).unwrap();
            (stat.st_dev, stat.st_ino)
        })
    };
    let by_kernel = id(resolve::open_dir(root.as_fd(), path, follow));
    let by_component = id(resolve::by_component(root.as_fd(), path, follow));
    assert_eq!(by_kernel, by_component, "{}", String::from_utf8_lossy(path));
    by_kernel
}

#[test]
fn tar_6_links_are_followed_inside_the_root_or_not_at_all() {
    let scene = Scene::new();
    let root = scene.root();
    let link = |target: &str, name: &str| symlink(target, root.join(name)).unwrap();
    link("a", "plain");
    link("/a/b", "absolute");
    link("../../../a", "up");
    link("..", "a/b/parent");
    link("loop", "loop");
    link("missing", "dangling");
    link("/", "top");
    link(scene.outside().to_str().unwrap(), "escape");
    link("../outside", "escape-too");
    link("up/b/parent/../plain", "winding");
    link("/proc/self/root", "magic");
    std::fs::write(root.join("file"), "").unwrap();
    let id = |path: &str| {
        let metadata = std::fs::metadata(root.join(path)).unwrap();
        Some((metadata.dev(), metadata.ino()))
    };
    let check = |path: &str, inside: Option<(u64, u64)>, never: Option<(u64, u64)>| {
        assert_eq!(resolve(&scene, path.as_bytes(), Follow::InRoot), inside, "{path}");
        assert_eq!(resolve(&scene, path.as_bytes(), Follow::Never), never, "{path}");
    };
    check("", id(""), id(""));
    check("a/b", id("a/b"), id("a/b"));
    check("plain", id("a"), None);
    check("plain/b", id("a/b"), None);
    check("absolute", id("a/b"), None);
    check("up", id("a"), None);
    check("up/b", id("a/b"), None);
    check("a/b/parent/b", id("a/b"), None);
    check("winding", id("a"), None);
    check("top/a", id("a"), None);
    for path in [
        "loop",
        "loop/a",
        "dangling",
        "escape",
        "escape-too",
        "magic",
        "file",
        "file/a",
        "nothing",
        "nothing/a",
    ] {
        check(path, None, None);
    }
    // Above the root is the root.
    assert_eq!(resolve(&scene, b"../../..", Follow::InRoot), id(""));
    assert_eq!(resolve(&scene, b"../a", Follow::Never), None);
}

#[test]
fn tar_6_long_chains_of_links_end() {
    let scene = Scene::new();
    symlink("a", scene.root().join("l0")).unwrap();
    for i in 1..60 {
        symlink(format!("l{}", i - 1), scene.root().join(format!("l{i}"))).unwrap();
    }
    assert!(resolve(&scene, b"l39", Follow::InRoot).is_some());
    assert!(resolve(&scene, b"l45", Follow::InRoot).is_none());
    // Deep, but without links.
    let deep = vec!["d"; 500].join("/");
    std::fs::create_dir_all(scene.root().join(&deep)).unwrap();
    assert!(resolve(&scene, deep.as_bytes(), Follow::Never).is_some());
    assert!(resolve(&scene, deep.as_bytes(), Follow::InRoot).is_some());
}

#[test]
fn tar_7_names_that_are_taken_are_not_opened() {
    let scene = Scene::new();
    let secret = scene.outside().join("secret");
    symlink(&secret, scene.root().join("link")).unwrap();
    let folder = scene.top();
    let taken = |result: crate::Result<()>| {
        assert_eq!(result.unwrap_err().kind(), std::io::ErrorKind::AlreadyExists);
    };
    taken(folder.create(b"link", 0o600).map(drop));
    taken(folder.make_dir(b"link", 0o700));
    taken(folder.symlink(b"x", b"link"));
    taken(folder.make_node(b"link", NodeKind::Fifo, 0o600));
    folder.create(b"file", 0o600).map(drop).unwrap();
    taken(folder.link(&folder, b"file", b"link"));
    assert!(folder.open_file(b"link").is_err());
    assert!(folder.folder(b"link").is_err());
    assert!(folder.set_mode_of(b"link", 0o777).is_err());
    folder.set_mtime_of(b"link", Time { seconds: 5, nanoseconds: 7 }).unwrap();
    let metadata = std::fs::symlink_metadata(scene.root().join("link")).unwrap();
    assert_eq!((metadata.mtime(), metadata.mtime_nsec()), (5, 7));
    assert_ne!(std::fs::metadata(&secret).unwrap().mtime(), 5);
    scene.check_outside();
}

#[test]
fn what_is_made_has_what_was_asked_for() {
    let scene = Scene::new();
    let folder = scene.top();
    let mut file = folder.create(b"file", 0o600).unwrap();
    file.write_all(b"abc").unwrap();
    file.write_all_at(b"z", 10_000).unwrap();
    file.set_len(20_000).unwrap();
    file.set_mode(0o4711).unwrap();
    file.set_mtime(Time { seconds: -5, nanoseconds: 250_000_000 }).unwrap();
    let stat = folder.stat(b"file").unwrap().unwrap();
    assert_eq!((stat.kind, stat.mode, stat.size, stat.links), (FileKind::File, 0o4711, 20_000, 1));
    assert_eq!(stat.mtime, Time { seconds: -5, nanoseconds: 250_000_000 });
    folder.link(&folder, b"file", b"hard").unwrap();
    assert_eq!(folder.stat(b"hard").unwrap().unwrap().id, folder.stat(b"file").unwrap().unwrap().id);
    folder.make_node(b"fifo", NodeKind::Fifo, 0o600).unwrap();
    folder.set_mode_of(b"fifo", 0o622).unwrap();
    assert_eq!(folder.stat(b"fifo").unwrap().unwrap().mode, 0o622);
    assert!(folder.open_file(b"fifo").is_err(), "does not wait for a writer");
    assert!(folder.stat(b"nothing").unwrap().is_none());
    let names: Vec<Vec<u8>> = folder.names().unwrap();
    assert_eq!(names, [&b"a"[..], b"fifo", b"file", b"hard"]);
}

/// A tree with one of each.
fn fill(root: &Path) {
    std::fs::create_dir_all(root.join("d/e/f")).unwrap();
    std::fs::write(root.join("d/file"), "content").unwrap();
    std::fs::hard_link(root.join("d/file"), root.join("d/e/hard")).unwrap();
    symlink("file", root.join("d/link")).unwrap();
    symlink("/nowhere", root.join("d/dangling")).unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        root.join("d/e/fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RWXU,
        0,
    )
    .unwrap();
    std::os::unix::net::UnixListener::bind(root.join("d/e/socket")).map(drop).unwrap();
}

#[test]
fn disk_8_removal_follows_no_links() {
    let scene = Scene::new();
    fill(&scene.root());
    symlink(scene.outside(), scene.root().join("d/out")).unwrap();
    symlink(scene.outside(), scene.root().join("d/e/f/out")).unwrap();
    std::fs::hard_link(scene.outside().join("secret"), scene.root().join("d/e/f/secret")).unwrap();
    let top = scene.top();
    top.remove(b"d").unwrap();
    top.remove(b"d").unwrap();
    symlink(scene.outside(), scene.root().join("link")).unwrap();
    top.remove(b"link").unwrap();
    assert_eq!(top.names().unwrap(), [b"a"]);
    scene.check_outside();
}

#[test]
fn disk_8_removal_of_deep_and_wide_trees() {
    let scene = Scene::new();
    let top = scene.top();
    // Deeper than a path can be long.
    let mut folder = top.folder(b"a").unwrap();
    for i in 0..3000 {
        folder.make_dir(b"deep", 0o700).unwrap();
        folder.create(format!("f{i}").as_bytes(), 0o600).unwrap();
        folder = folder.folder(b"deep").unwrap();
    }
    for i in 0..300 {
        folder.make_dir(format!("d{i}").as_bytes(), 0o700).unwrap();
        folder.folder(format!("d{i}").as_bytes()).unwrap().create(b"f", 0o600).unwrap();
    }
    let mut walk = Walk::new(&scene.tree()).unwrap();
    let mut steps = 0;
    while walk.next().unwrap().is_some() {
        steps += 1;
    }
    assert_eq!(steps, 2 * (3 + 3000 + 300) + 3000 + 300);
    top.remove(b"a").unwrap();
    assert!(top.names().unwrap().is_empty());
}

#[test]
fn disk_8_removal_crosses_no_mount() {
    let scene = Scene::new();
    let inner = scene.root().join("a/b");
    std::fs::create_dir(inner.join("mounted")).unwrap();
    let mount = |what: &Path, at: &Path| {
        std::process::Command::new("mount")
            .arg("--bind")
            .arg(what)
            .arg(at)
            .status()
            .is_ok_and(|s| s.success())
    };
    if !mount(&scene.outside(), &inner.join("mounted")) {
        testkit::skip::skip("cannot mount");
        return;
    }
    let outcome = scene.top().remove(b"a");
    let top = Walk::new(&scene.tree()).and_then(|mut walk| {
        while walk.next()?.is_some() {}
        Ok(())
    });
    let mounted = find_mounted(&scene.root());
    let status = std::process::Command::new("umount").arg(&mounted).status().unwrap();
    assert!(status.success());
    scene.check_outside();
    assert!(outcome.is_err(), "says that something is mounted");
    assert!(top.is_err(), "neither does a walk");
    scene.top().remove(b"a").unwrap();
}

/// Where the mount is now: removal may have moved directories around it.
fn find_mounted(root: &Path) -> PathBuf {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap();
    let found =
        mounts.lines().filter_map(|line| line.split(' ').nth(4)).find(|at| Path::new(at).starts_with(root));
    PathBuf::from(found.expect("still mounted"))
}

#[test]
fn disk_8_two_may_remove_the_same() {
    let scene = Scene::new();
    for _ in 0..20 {
        for i in 0..20 {
            fill(&scene.root().join(format!("a/{i}")));
        }
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| scene.top().remove(b"a").unwrap());
            }
        });
        assert!(scene.top().names().unwrap().is_empty());
    }
}

#[test]
fn walks_come_by_everything_in_order() {
    let scene = Scene::new();
    fill(&scene.root());
    let mut walk = Walk::new(&scene.tree()).unwrap();
    let mut seen = Vec::new();
    while let Some(step) = walk.next().unwrap() {
        seen.push(match step {
            Step::Enter { path, .. } => format!(">{}", String::from_utf8_lossy(path)),
            Step::Leave { path, .. } => format!("<{}", String::from_utf8_lossy(path)),
            Step::Entry { path, name, .. } => {
                assert!(path.ends_with(name));
                String::from_utf8_lossy(path).into_owned()
            }
        });
    }
    let expect = ">|>a|>a/b|<a/b|<a|>d|d/dangling|>d/e|>d/e/f|<d/e/f|d/e/fifo|d/e/hard|d/e/socket|<d/e|d/file|d/link|<d|<";
    assert_eq!(seen.join("|"), expect);
    assert!(walk.next().unwrap().is_none());
}

#[test]
fn copies_are_the_same() {
    let scene = Scene::new();
    fill(&scene.root());
    let root = scene.root();
    let sparse = std::fs::File::create(root.join("d/e/sparse")).unwrap();
    sparse.set_len(8 << 20).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&sparse, b"middle", 3 << 20).unwrap();
    let file = root.join("d/e/hard");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o4750)).unwrap();
    let has_xattrs = rustix::fs::setxattr(&file, "user.a", b"v", rustix::fs::XattrFlags::empty()).is_ok();
    let long_ago = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::new(77, 5);
    let times = std::fs::FileTimes::new().set_modified(long_ago);
    std::fs::File::open(&file).unwrap().set_times(times).unwrap();
    let from = scene.tree().folder(b"d/e", Follow::Never).unwrap();
    let to = scene.tree().folder(b"a/b", Follow::Never).unwrap();
    symlink("/nowhere", root.join("d/e/dangling")).unwrap();
    let copied = ["hard", "fifo", "dangling", "sparse"];
    for name in copied.into_iter().chain(["socket"]) {
        copy_entry(&from, name.as_bytes(), &to, name.as_bytes()).unwrap();
    }
    let copy = root.join("a/b");
    for name in copied {
        let facts = |at: &Path| {
            let m = std::fs::symlink_metadata(at.join(name)).unwrap();
            (m.mode(), m.uid(), m.gid(), m.size(), m.mtime(), m.mtime_nsec())
        };
        assert_eq!(facts(&copy), facts(&root.join("d/e")), "{name}");
    }
    assert_eq!(std::fs::read(copy.join("hard")).unwrap(), b"content");
    assert_eq!(std::fs::read_link(copy.join("dangling")).unwrap(), Path::new("/nowhere"));
    assert!(std::fs::symlink_metadata(copy.join("fifo")).unwrap().file_type().is_fifo());
    assert!(std::fs::symlink_metadata(copy.join("socket")).is_err());
    assert_eq!(std::fs::read(copy.join("sparse")).unwrap(), std::fs::read(root.join("d/e/sparse")).unwrap());
    assert!(std::fs::metadata(copy.join("sparse")).unwrap().blocks() * 512 < 1 << 20);
    if has_xattrs {
        let mut value = [0; 8];
        assert_eq!(rustix::fs::getxattr(copy.join("hard"), "user.a", &mut value[..]), Ok(1));
    }
    assert!(copy_entry(&scene.top(), b"d", &to, b"d").is_err());
    assert!(copy_entry(&from, b"hard", &to, b"hard").is_err());
}

#[test]
fn metadata_of_directories_are_replaced() {
    let scene = Scene::new();
    let (a, b) = (scene.top().folder(b"a").unwrap(), scene.tree().folder(b"a/b", Follow::Never).unwrap());
    if a.set_xattr(b"user.one", b"1").is_err() || b.set_xattr(b"user.two", b"2").is_err() {
        testkit::skip::skip("the file system has no extended attributes");
        return;
    }
    a.set_mode(0o711).unwrap();
    a.set_mtime(Time { seconds: 9, nanoseconds: 8 }).unwrap();
    copy_metadata(&a, &b).unwrap();
    let stat = b.own_stat().unwrap();
    assert_eq!((stat.mode, stat.mtime), (0o711, Time { seconds: 9, nanoseconds: 8 }));
    assert_eq!(b.xattrs().unwrap(), [(b"user.one".to_vec(), b"1".to_vec())]);
    b.remove_xattr(b"user.one").unwrap();
    b.remove_xattr(b"user.one").unwrap();
    assert!(b.xattr_names().unwrap().is_empty());
}

#[test]
fn the_umask_is_read_without_being_changed() {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    if status.contains("Umask:") {
        assert!(umask().is_some_and(|umask| umask <= 0o777));
    }
}

#[test]
fn usage_is_what_du_says() {
    let temporary = tempfile::tempdir().unwrap();
    let root = temporary.path();
    std::fs::create_dir_all(root.join("a/b")).unwrap();
    std::fs::write(root.join("a/file"), vec![7; 100_000]).unwrap();
    std::fs::hard_link(root.join("a/file"), root.join("a/b/again")).unwrap();
    std::os::unix::fs::symlink("file", root.join("a/link")).unwrap();
    let du = std::process::Command::new("du").args(["-s", "-B1"]).arg(root).output().unwrap();
    let expect: u64 =
        String::from_utf8(du.stdout).unwrap().split_whitespace().next().unwrap().parse().unwrap();
    assert_eq!(disk_usage(&Tree::open(root).unwrap()).unwrap(), expect);
}

/// Folders come and go, and move, under somebody who counts what is in them.
#[test]
fn bytes_are_counted_while_somebody_is_at_work() {
    let tmp = tempfile::tempdir().unwrap();
    let at = tmp.path().join("at");
    std::fs::create_dir_all(at.join("kept")).unwrap();
    std::fs::write(at.join("kept/file"), "12345").unwrap();
    let folder = crate::Dir::open(&at).unwrap();
    let is_over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                let deep = at.join("a/b/c");
                std::fs::create_dir_all(&deep).unwrap();
                std::fs::write(deep.join("file"), "").unwrap();
                std::fs::rename(at.join("a/b"), at.join("moved")).unwrap();
                std::fs::remove_dir_all(at.join("moved")).unwrap();
                std::fs::remove_dir_all(at.join("a")).unwrap();
                std::thread::yield_now();
            }
        });
        let counted: Vec<_> = (0..300).map(|_| file_bytes(&folder, &|_| true)).collect();
        is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        // Moved again and again is an error, but never a wrong number.
        let good = counted.iter().flatten().filter(|bytes| **bytes == 5).count();
        let bad: Vec<_> = counted.iter().flatten().filter(|bytes| **bytes != 5).collect();
        assert!(good > 250 && bad.is_empty(), "{good} good, {bad:?}");
    });
    std::fs::write(at.join("twin"), "123").unwrap();
    std::fs::hard_link(at.join("twin"), at.join("kept/twin")).unwrap();
    assert_eq!(file_bytes(&folder, &|path| path != b"kept/file").unwrap(), 3);
}
