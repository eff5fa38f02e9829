//! Docker's own profile: what is there for everybody, and what comes with a capability, an architecture or certain
//! arguments. Everything else says that it is not permitted.

use super::profile::{Architecture, Argument, Condition, Profile, Rule};

/// There for everybody.
const ALWAYS: &str = "\
    _llseek _newselect accept accept4 access adjtimex alarm bind brk cachestat capget capset chdir chmod \
    chown chown32 clock_adjtime clock_adjtime64 clock_getres clock_getres_time64 clock_gettime \
    clock_gettime64 clock_nanosleep clock_nanosleep_time64 close close_range connect copy_file_range creat \
    dup dup2 dup3 epoll_create epoll_create1 epoll_ctl epoll_ctl_old epoll_pwait epoll_pwait2 epoll_wait \
    epoll_wait_old eventfd eventfd2 execve execveat exit exit_group faccessat faccessat2 fadvise64 \
    fadvise64_64 fallocate fanotify_mark fchdir fchmod fchmodat fchmodat2 fchown fchown32 fchownat fcntl \
    fcntl64 fdatasync fgetxattr flistxattr flock fork fremovexattr fsetxattr fstat fstat64 fstatat64 fstatfs \
    fstatfs64 fsync ftruncate ftruncate64 futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake \
    futimesat get_robust_list get_thread_area getcpu getcwd getdents getdents64 getegid getegid32 geteuid \
    geteuid32 getgid getgid32 getgroups getgroups32 getitimer getpeername getpgid getpgrp getpid getppid \
    getpriority getrandom getresgid getresgid32 getresuid getresuid32 getrlimit getrusage getsid getsockname \
    getsockopt gettid gettimeofday getuid getuid32 getxattr getxattrat inotify_add_watch inotify_init \
    inotify_init1 inotify_rm_watch io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 \
    io_setup io_submit ioctl ioprio_get ioprio_set ipc kill landlock_add_rule landlock_create_ruleset \
    landlock_restrict_self lchown lchown32 lgetxattr link linkat listen listmount listxattr listxattrat \
    llistxattr lremovexattr lseek lsetxattr lstat lstat64 madvise map_shadow_stack membarrier memfd_create \
    memfd_secret mincore mkdir mkdirat mknod mknodat mlock mlock2 mlockall mmap mmap2 mprotect mq_getsetattr \
    mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend mq_timedsend_time64 mq_unlink \
    mremap mseal msgctl msgget msgrcv msgsnd msync munlock munlockall munmap name_to_handle_at nanosleep \
    newfstatat open openat openat2 pause pidfd_open pidfd_send_signal pipe pipe2 pkey_alloc pkey_free \
    pkey_mprotect poll ppoll ppoll_time64 prctl pread64 preadv preadv2 prlimit64 process_mrelease pselect6 \
    pselect6_time64 pwrite64 pwritev pwritev2 read readahead readlink readlinkat readv recv recvfrom \
    recvmmsg recvmmsg_time64 recvmsg remap_file_pages removexattr removexattrat rename renameat renameat2 \
    restart_syscall riscv_hwprobe rmdir rseq rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo \
    rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo \
    sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getattr sched_getparam \
    sched_getscheduler sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr \
    sched_setparam sched_setscheduler sched_yield seccomp select semctl semget semop semtimedop \
    semtimedop_time64 send sendfile sendfile64 sendmmsg sendmsg sendto set_robust_list set_thread_area \
    set_tid_address setfsgid setfsgid32 setfsuid setfsuid32 setgid setgid32 setgroups setgroups32 setitimer \
    setpgid setpriority setregid setregid32 setresgid setresgid32 setresuid setresuid32 setreuid setreuid32 \
    setrlimit setsid setsockopt setuid setuid32 setxattr setxattrat shmat shmctl shmdt shmget shutdown \
    sigaltstack signalfd signalfd4 sigprocmask sigreturn socketcall socketpair splice stat stat64 statfs \
    statfs64 statmount statx symlink symlinkat sync sync_file_range syncfs sysinfo tee tgkill time \
    timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime timer_settime64 \
    timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64 times tkill truncate \
    truncate64 ugetrlimit umask uname unlink unlinkat uretprobe utime utimensat utimensat_time64 utimes \
    vfork vmsplice wait4 waitid waitpid write writev";

/// There with CAP_SYS_ADMIN.
const WITH_SYS_ADMIN: &str = "\
    bpf clone clone3 fanotify_init fsconfig fsmount fsopen fspick lookup_dcookie lsm_get_self_attr \
    lsm_list_modules lsm_set_self_attr mount mount_setattr move_mount open_tree perf_event_open quotactl \
    quotactl_fd setdomainname sethostname setns syslog umount umount2 unshare";

/// What else comes with a capability.
const WITH_CAPABILITY: [(&str, &str); 13] = [
    ("CAP_DAC_READ_SEARCH", "open_by_handle_at"),
    ("CAP_SYS_BOOT", "reboot"),
    ("CAP_SYS_CHROOT", "chroot"),
    ("CAP_SYS_MODULE", "delete_module init_module finit_module"),
    ("CAP_SYS_PACCT", "acct"),
    ("CAP_SYS_PTRACE", "kcmp pidfd_getfd process_madvise process_vm_readv process_vm_writev ptrace"),
    ("CAP_SYS_RAWIO", "iopl ioperm"),
    ("CAP_SYS_TIME", "settimeofday stime clock_settime clock_settime64"),
    ("CAP_SYS_TTY_CONFIG", "vhangup"),
    ("CAP_SYS_NICE", "get_mempolicy mbind set_mempolicy set_mempolicy_home_node"),
    ("CAP_SYSLOG", "syslog"),
    ("CAP_BPF", "bpf"),
    ("CAP_PERFMON", "perf_event_open"),
];

/// What there is on some architectures only.
const ON_ARCHITECTURE: [(&str, &str); 6] = [
    ("ppc64le", "sync_file_range2 swapcontext"),
    ("arm arm64", "arm_fadvise64_64 arm_sync_file_range sync_file_range2 breakpoint cacheflush set_tls"),
    ("amd64 x32", "arch_prctl"),
    ("amd64 x32 x86", "modify_ldt"),
    ("s390 s390x", "s390_pci_mmio_read s390_pci_mmio_write s390_runtime_instr"),
    ("riscv64", "riscv_flush_icache"),
];

/// What else runs on an architecture.
const ARCHITECTURES: [(&str, &str); 9] = [
    ("X86_64", "X86 X32"),
    ("AARCH64", "ARM"),
    ("MIPS64", "MIPS MIPS64N32"),
    ("MIPS64N32", "MIPS MIPS64"),
    ("MIPSEL64", "MIPSEL MIPSEL64N32"),
    ("MIPSEL64N32", "MIPSEL MIPSEL64"),
    ("S390X", "S390"),
    ("RISCV64", ""),
    ("LOONGARCH64", ""),
];

/// Families of sockets: all but 38 (the kernel's cryptography) and 40 (other virtual machines), both of which have
/// let programs out.
const SOCKETS: [(u64, &str); 3] = [(38, "SCMP_CMP_LT"), (39, "SCMP_CMP_EQ"), (40, "SCMP_CMP_GT")];
/// Linux, without address randomisation for 32-bit programs, as seen by 32-bit programs, both, and the question.
const PERSONALITIES: [u64; 5] = [0, 0x8, 0x2_0000, 0x2_0008, 0xffff_ffff];
/// Every flag of `clone` that makes a namespace.
const NAMESPACE_FLAGS: u64 = 0x7e02_0000;
/// "Function not implemented": libraries then go back to `clone`, whose flags can be seen.
const ENOSYS: u32 = 38;
/// "Operation not permitted".
const EPERM: u32 = 1;
/// From here on the kernel checks again after a tracer has changed a call.
const KERNEL_WITH_SAFE_PTRACE: &str = "4.8";

/// The profile.
pub(super) fn profile() -> Profile {
    Profile {
        default_action: "SCMP_ACT_ERRNO".to_owned(),
        default_errno_ret: Some(EPERM),
        arch_map: Some(ARCHITECTURES.iter().map(|(name, others)| architecture(name, others)).collect()),
        syscalls: Some(rules()),
        ..Profile::default()
    }
}

fn rules() -> Vec<Rule> {
    let mut rules = vec![
        allow(ALWAYS),
        Rule {
            includes: Some(Condition {
                min_kernel: Some(KERNEL_WITH_SAFE_PTRACE.to_owned()),
                ..Condition::default()
            }),
            ..allow("process_vm_readv process_vm_writev ptrace")
        },
    ];
    rules.extend(SOCKETS.iter().map(|(family, op)| with_argument("socket", 0, *family, op)));
    rules.extend(PERSONALITIES.iter().map(|value| with_argument("personality", 0, *value, "SCMP_CMP_EQ")));
    rules.extend(ON_ARCHITECTURE.iter().map(|(arches, names)| Rule { includes: on(arches), ..allow(names) }));
    rules.push(Rule { includes: with("CAP_SYS_ADMIN"), ..allow(WITH_SYS_ADMIN) });
    rules.extend(clones());
    rules.extend(WITH_CAPABILITY.iter().map(|(name, names)| Rule { includes: with(name), ..allow(names) }));
    rules
}

/// Processes and threads without new namespaces.
fn clones() -> [Rule; 3] {
    let plain = |index| with_argument("clone", index, NAMESPACE_FLAGS, "SCMP_CMP_MASKED_EQ");
    let admin = with("CAP_SYS_ADMIN");
    let s390 = on("s390 s390x");
    let elsewhere = Condition {
        caps: admin.as_ref().and_then(|admin| admin.caps.clone()),
        arches: s390.as_ref().and_then(|s390| s390.arches.clone()),
        min_kernel: None,
    };
    [
        Rule { excludes: Some(elsewhere), ..plain(0) },
        // There the flags come second.
        Rule { includes: s390, excludes: admin.clone(), ..plain(1) },
        Rule {
            action: "SCMP_ACT_ERRNO".to_owned(),
            errno_ret: Some(ENOSYS),
            excludes: admin,
            ..allow("clone3")
        },
    ]
}

fn allow(names: &str) -> Rule {
    Rule { names: words(names), action: "SCMP_ACT_ALLOW".to_owned(), ..Rule::default() }
}

fn with_argument(name: &str, index: u32, value: u64, op: &str) -> Rule {
    let argument = Argument { index, value, value_two: 0, op: op.to_owned() };
    Rule { args: Some(vec![argument]), ..allow(name) }
}

fn with(capability: &str) -> Option<Condition> {
    Some(Condition { caps: Some(words(capability)), ..Condition::default() })
}

fn on(architectures: &str) -> Option<Condition> {
    Some(Condition { arches: Some(words(architectures)), ..Condition::default() })
}

fn architecture(name: &str, others: &str) -> Architecture {
    let in_filters = |name: &str| format!("SCMP_ARCH_{name}");
    let others = others.split_ascii_whitespace().map(in_filters).collect();
    Architecture { architecture: in_filters(name), sub_architectures: Some(others) }
}

fn words(text: &str) -> Vec<String> {
    text.split_ascii_whitespace().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;

    use serde_json::Value;

    use super::super::profile::Machine;
    use super::*;

    /// What is newer than profiles in use, and what they leave out by themselves.
    const NOT_PODMANS: &str = "cachestat fchmodat2 futex_requeue futex_wait futex_waitv futex_wake getxattrat \
        io_pgetevents io_pgetevents_time64 listmount listxattrat lsm_get_self_attr lsm_list_modules lsm_set_self_attr \
        map_shadow_stack mseal quotactl_fd removexattrat riscv_hwprobe setxattrat statmount uretprobe vmsplice";

    /// What a filter says about each call: its rules, and whether there is one without conditions on arguments.
    fn calls(filter: &Value) -> BTreeMap<String, BTreeSet<String>> {
        let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for rule in filter["syscalls"].as_array().unwrap() {
            let said = format!("{} {} {}", rule["action"], rule["errnoRet"], rule["args"]);
            for name in rule["names"].as_array().unwrap() {
                calls.entry(name.as_str().unwrap().to_owned()).or_default().insert(said.clone());
            }
        }
        calls
    }

    fn machine<'m>(arch: &'m str, capabilities: &'m [&'m str]) -> Machine<'m> {
        let scmp_arch = if arch == "amd64" { "SCMP_ARCH_X86_64" } else { "SCMP_ARCH_S390X" };
        Machine { arch, scmp_arch, kernel: (6, 1), capabilities }
    }

    #[test]
    fn run_5_calls_come_with_what_is_allowed() {
        let check = |arch: &str, capabilities: &[&str], name: &str, expect: &str| {
            let filter = profile().filter(&machine(arch, capabilities)).unwrap().unwrap();
            let said =
                calls(&filter).remove(name).map(|rules| rules.into_iter().collect::<Vec<_>>().join("; "));
            assert_eq!(said.unwrap_or_default(), expect, "{arch} {capabilities:?} {name}");
        };
        let allow = "\"SCMP_ACT_ALLOW\" null null";
        check("amd64", &[], "read", allow);
        check("amd64", &[], "mount", "");
        check("amd64", &["CAP_SYS_ADMIN"], "mount", allow);
        check("amd64", &[], "keyctl", "");
        check("amd64", &[], "chroot", "");
        check("amd64", &["CAP_SYS_CHROOT"], "chroot", allow);
        check("amd64", &[], "arch_prctl", allow);
        check("s390x", &[], "arch_prctl", "");
        check("amd64", &[], "ptrace", allow);
        check("amd64", &[], "clone3", "\"SCMP_ACT_ERRNO\" 38 null");
        check("amd64", &["CAP_SYS_ADMIN"], "clone3", allow);
        let clone = |index: u32| {
            format!(
                "\"SCMP_ACT_ALLOW\" null [{{\"index\":{index},\"value\":2114060288,\"op\":\"SCMP_CMP_MASKED_EQ\"}}]"
            )
        };
        check("amd64", &[], "clone", &clone(0));
        check("s390x", &[], "clone", &clone(1));
        check("amd64", &["CAP_SYS_ADMIN"], "clone", allow);
        let filter = profile().filter(&machine("amd64", &[])).unwrap().unwrap();
        assert_eq!(calls(&filter)["socket"].len(), 3);
        assert_eq!(calls(&filter)["personality"].len(), 5);
        assert_eq!(
            filter["architectures"],
            serde_json::json!(["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"])
        );
        let old = Machine { kernel: (4, 7), ..machine("amd64", &[]) };
        assert!(!calls(&profile().filter(&old).unwrap().unwrap()).contains_key("ptrace"));
    }

    #[test]
    fn what_podman_forbids_is_known() {
        let path = Path::new("/usr/share/containers/seccomp.json");
        let Ok(text) = std::fs::read_to_string(path) else {
            eprintln!("skipped: there is no {} (package containers-common)", path.display());
            return;
        };
        let theirs = super::super::profile::Profile::parse(&text).unwrap();
        for capabilities in
            [&[][..], &["CAP_SYS_ADMIN"], &["CAP_SYS_PTRACE"], &["CAP_SYS_TIME"], &["CAP_SYS_CHROOT"]]
        {
            let of =
                |profile: &Profile| calls(&profile.filter(&machine("amd64", capabilities)).unwrap().unwrap());
            let (ours, theirs) = (of(&profile()), of(&theirs));
            let allowed = |rules: Option<&BTreeSet<String>>| {
                rules.is_some_and(|rules| rules.iter().any(|rule| rule == "\"SCMP_ACT_ALLOW\" null null"))
            };
            let more: Vec<&String> =
                ours.keys().filter(|name| allowed(ours.get(*name)) && !allowed(theirs.get(*name))).collect();
            let unknown: Vec<&&String> =
                more.iter().filter(|name| !words(NOT_PODMANS).contains(name)).collect();
            assert!(unknown.is_empty(), "{capabilities:?}: {unknown:?}");
        }
    }
}
