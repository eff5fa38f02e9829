use super::*;
use crate::testing::may_mount;

/// Directories `0`, `1`, …, each with a file of its name; the topmost first.
fn lower_directories(root: &Path, count: usize) -> Vec<PathBuf> {
    let directory = |n: usize| {
        let directory = root.join(n.to_string());
        std::fs::create_dir_all(&directory).unwrap();
        std::fs::write(directory.join(n.to_string()), b"").unwrap();
        directory
    };
    (0..count).rev().map(directory).collect()
}

fn overlay(lower: Vec<PathBuf>) -> Mount {
    Mount {
        kind: "overlay",
        source: "overlay".into(),
        options: lower.into_iter().map(|path| MountOption::Path("lowerdir+", path)).collect(),
        read_only: true,
        target: PathBuf::new(),
    }
}

#[test]
fn stacks_as_many_directories_as_an_image_may_have_layers() {
    if !may_mount() {
        return;
    }
    // A long path too, with bytes that option parsers split at.
    let long = format!("{},:\\ =", "x".repeat(200));
    for name in ["plain", &long] {
        let temporary = tempfile::tempdir().unwrap();
        let root = temporary.path().join(name).join(name);
        let mount = overlay(lower_directories(&root, 481));
        let at = temporary.path().join("at");
        std::fs::create_dir(&at).unwrap();
        mount_all(std::slice::from_ref(&mount), &at).unwrap();
        assert_eq!(std::fs::read_dir(&at).unwrap().count(), 481);
        let error = std::fs::write(at.join("new"), b"").unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
        umount_all(std::slice::from_ref(&mount), &at).unwrap();
        assert_eq!(std::fs::read_dir(&at).unwrap().count(), 0);
        umount_all(std::slice::from_ref(&mount), &at).unwrap();
    }
}

#[test]
fn older_kernels_stack_as_many() {
    if !may_mount() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let mount = overlay(lower_directories(&temporary.path().join("a,b:c"), 481));
    let at = temporary.path().join("at");
    std::fs::create_dir(&at).unwrap();
    let target = std::fs::File::open(&at).unwrap().into();
    legacy::mount(&mount, &target).unwrap();
    drop(target);
    assert_eq!(std::fs::read_dir(&at).unwrap().count(), 481);
    umount_all(std::slice::from_ref(&mount), &at).unwrap();
}

#[test]
fn a_failing_mount_undoes_those_before_it() {
    if !may_mount() {
        return;
    }
    let temporary = tempfile::tempdir().unwrap();
    let (source, at) = (temporary.path().join("source"), temporary.path().join("at"));
    std::fs::create_dir_all(source.join("inner")).unwrap();
    std::os::unix::fs::symlink("inner", source.join("link")).unwrap();
    std::fs::create_dir(&at).unwrap();
    let good = Mount::bind(source.clone(), true);
    let inner = Mount { target: "inner".into(), ..good.clone() };
    mount_all(&[good.clone(), inner.clone()], &at).unwrap();
    assert!(at.join("inner/inner").is_dir());
    let error = std::fs::write(at.join("new"), b"").unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ReadOnlyFilesystem);
    umount_all(&[good.clone(), inner], &at).unwrap();

    let through_link = Mount { target: "link".into(), ..good.clone() };
    mount_all(&[good, through_link], &at).unwrap_err();
    assert_eq!(std::fs::read_dir(&at).unwrap().count(), 0);
}
