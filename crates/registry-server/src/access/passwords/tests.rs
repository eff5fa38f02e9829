use super::*;

/// Cheap, so that tests are.
fn hash(password: &str) -> String {
    bcrypt::hash(password, 4).unwrap()
}

fn check(passwords: &Passwords, user: &str, password: &str) -> Answered<bool> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(passwords.check(user, password.to_owned(), IpAddr::from([127, 0, 0, 1])))
}

#[test]
fn srv_14_passwords_are_checked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    let long = "x".repeat(72);
    std::fs::write(&path, format!("# users\nann:{}\n\nbob:{}\n", hash("s3cret"), hash(&long))).unwrap();
    let passwords = Passwords::open(&path).unwrap();
    let right = |user: &str, password: &str| check(&passwords, user, password).unwrap();
    assert!(right("ann", "s3cret"));
    assert!(right("ann", "s3cret"));
    assert!(!right("ann", "s3cre"));
    assert!(!right("ann", ""));
    assert!(!right("eve", "s3cret"));
    assert!(right("bob", &long));
    // bcrypt would ignore what comes after: a longer password is another one.
    assert!(!right("bob", &format!("{long}y")));
    assert!(!right("ann", "s3cret\0x"));
}

#[test]
fn srv_14_a_changed_file_counts() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    std::fs::write(&path, format!("ann:{}", hash("old"))).unwrap();
    let passwords = Passwords::open(&path).unwrap();
    let before = passwords.fingerprint("ann").unwrap();
    assert!(check(&passwords, "ann", "old").unwrap());
    std::fs::write(&path, format!("ann:{}", hash("new"))).unwrap();
    passwords.state.lock().unwrap().looked = None;
    assert!(!check(&passwords, "ann", "old").unwrap());
    assert!(check(&passwords, "ann", "new").unwrap());
    assert_ne!(passwords.fingerprint("ann").unwrap(), before);
    std::fs::write(&path, "half a li").unwrap();
    passwords.state.lock().unwrap().looked = None;
    assert!(check(&passwords, "ann", "new").unwrap());
}

#[test]
fn srv_14_attempts_are_limited() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("htpasswd");
    std::fs::write(&path, format!("ann:{}", hash("right"))).unwrap();
    let passwords = Passwords::open(&path).unwrap();
    for _ in 0..PASSWORD_FAILURES_MAX {
        assert!(!check(&passwords, "ann", "wrong").unwrap());
    }
    let refusal = check(&passwords, "ann", "wrong").unwrap_err();
    assert_eq!((refusal.code, refusal.status), (Code::TooManyRequests, 429));
}

#[test]
fn srv_14_other_hashes_are_refused_with_their_line() {
    let check = |content: &str, expect: &str| {
        let error = parse(Path::new("f"), content.as_bytes()).unwrap_err().to_string();
        assert!(error.contains(expect), "{error}");
    };
    check("ann:$apr1$x$y", "f line 1: the hash is not one of bcrypt");
    check("\nann:{SHA}abc", "line 2");
    check("ann", "is not user:hash");
    check(&format!("ann:{}", hash("x").replace("$04$", "$15$")), "more than BCRYPT_COST_MAX (14)");
    check(&format!("a:{0}\na:{0}", hash("x")), "line 2: the user has no name, or stands there twice");
    assert!(parse(Path::new("f"), b"").unwrap().is_empty());
    assert!(bcrypt::verify("x", NOBODY).is_ok(), "an unknown user takes as long");
}
