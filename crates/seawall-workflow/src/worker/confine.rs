//! What a worker gives up before it reads the first foreign byte.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that was taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measure {
    /// A limit on address space.
    AddressSpace,
    /// A limit on processor time.
    CpuTime,
    /// No further file, socket or pipe.
    OpenFiles,
    /// No byte written to any file.
    FileSize,
    /// No memory image when it crashes: it would hold the picture.
    CoreDump,
    /// No further process.
    Processes,
    /// No program with more rights than this one.
    NoNewPrivileges,
    /// No other process of the same user may look into its memory.
    NotDumpable,
    /// Only the few system calls that decoding needs.
    SyscallFilter,
}

impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AddressSpace => "limit on address space",
            Self::CpuTime => "limit on processor time",
            Self::OpenFiles => "no open files",
            Self::FileSize => "no writing to files",
            Self::CoreDump => "no core dump",
            Self::Processes => "no new processes",
            Self::NoNewPrivileges => "no new privileges",
            Self::NotDumpable => "memory closed to other processes",
            Self::SyscallFilter => "filter on system calls",
        })
    }
}

/// How far a worker is confined. What could not be done is said, never passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confinement {
    /// The measures that this system did not allow.
    pub missing: Vec<Measure>,
}

impl Confinement {
    /// Whether every measure is in force.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.missing.is_empty()
    }
}

impl fmt::Display for Confinement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_complete() {
            return f.write_str("complete");
        }
        let missing: Vec<String> = self.missing.iter().map(Measure::to_string).collect();
        write!(f, "missing: {}", missing.join(", "))
    }
}

/// How much a worker may use, as numbers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pub(super) address_space_bytes_max: u64,
    pub(super) cpu_seconds_max: u64,
}

/// Confines this process for good. The system calls go last: the others need some.
pub(super) fn confine(allowance: Allowance) -> Confinement {
    system::go_first();
    let mut missing = Vec::new();
    let mut note = |measure, done: bool| {
        if !done {
            missing.push(measure);
        }
    };
    for (measure, done) in system::limit(allowance) {
        note(measure, done);
    }
    note(Measure::NotDumpable, system::close_memory());
    note(Measure::NoNewPrivileges, system::forgo_privileges());
    note(Measure::SyscallFilter, filter::install());
    Confinement { missing }
}

#[cfg(target_os = "linux")]
mod system {
    use rustix::process::{
        DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit,
    };

    use super::{Allowance, Measure};

    /// What is open stays open when the number of files falls to 0.
    pub(super) fn limit(allowance: Allowance) -> [(Measure, bool); 6] {
        [
            (
                Measure::AddressSpace,
                Resource::As,
                allowance.address_space_bytes_max,
            ),
            (Measure::CpuTime, Resource::Cpu, allowance.cpu_seconds_max),
            (Measure::OpenFiles, Resource::Nofile, 0),
            (Measure::FileSize, Resource::Fsize, 0),
            (Measure::CoreDump, Resource::Core, 0),
            (Measure::Processes, Resource::Nproc, 0),
        ]
        .map(|(measure, resource, limit)| (measure, lower(resource, limit)))
    }

    /// Lowers both the soft and the hard limit; one that is lower already stays.
    fn lower(resource: Resource, limit: u64) -> bool {
        let limit = getrlimit(resource)
            .maximum
            .map_or(limit, |hard| hard.min(limit));
        let both = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        setrlimit(resource, both).is_ok()
    }

    /// When the machine runs out of memory, the kernel shall end a worker and not the
    /// server; when it runs out of processor time, lookups come before decoding. No measures
    /// of confinement, so a failure does not count.
    pub(super) fn go_first() {
        let _ = rustix::process::nice(5);
        let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    }

    pub(super) fn close_memory() -> bool {
        set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
    }

    pub(super) fn forgo_privileges() -> bool {
        rustix::thread::set_no_new_privs(true).is_ok()
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use super::{Allowance, Measure};

    pub(super) fn limit(_allowance: Allowance) -> [(Measure, bool); 6] {
        [
            (Measure::AddressSpace, false),
            (Measure::CpuTime, false),
            (Measure::OpenFiles, false),
            (Measure::FileSize, false),
            (Measure::CoreDump, false),
            (Measure::Processes, false),
        ]
    }

    pub(super) fn go_first() {}

    pub(super) fn close_memory() -> bool {
        false
    }

    pub(super) fn forgo_privileges() -> bool {
        false
    }
}

/// The filter on system calls.
///
/// What is not listed fails with `EPERM` instead of ending the process. Libraries probe
/// for things they can do without (the allocator counts processors under `/sys`, a panic
/// reads `/proc/self/maps`); killing on those would lose good pictures, while denying
/// them gives an attacker nothing: the call does not happen either way.
#[cfg(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
))]
mod filter {
    use std::collections::BTreeMap;

    use seccompiler::{
        BpfProgram, SeccompAction, SeccompCmpArgLen as Len, SeccompCmpOp as Op, SeccompCondition,
        SeccompFilter, SeccompRule, TargetArch, apply_filter_all_threads,
    };

    /// Whether the filter is in force.
    pub(super) fn install() -> bool {
        program().is_ok_and(|program| apply_filter_all_threads(&program).is_ok())
    }

    fn program() -> Result<BpfProgram, seccompiler::BackendError> {
        let mut rules: BTreeMap<i64, Vec<SeccompRule>> =
            ALLOWED.into_iter().map(|call| (call, Vec::new())).collect();
        // Reading and writing through the two pipes alone, so that a handle the parent
        // let slip is of no use.
        rules.insert(libc::SYS_read, vec![first_argument_is(STDIN)?]);
        rules.insert(libc::SYS_write, vec![first_argument_is(STDOUT)?]);
        // Memory, but neither files in memory nor memory that can be run.
        rules.insert(libc::SYS_mmap, vec![anonymous_and_not_executable()?]);
        rules.insert(
            libc::SYS_mprotect,
            vec![SeccompRule::new(vec![not_executable()?])?],
        );
        SeccompFilter::new(
            rules,
            SeccompAction::Errno(libc::EPERM.cast_unsigned()),
            SeccompAction::Allow,
            TARGET,
        )?
        .try_into()
    }

    fn first_argument_is(value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
        SeccompRule::new(vec![SeccompCondition::new(0, Len::Dword, Op::Eq, value)?])
    }

    fn anonymous_and_not_executable() -> Result<SeccompRule, seccompiler::BackendError> {
        let anonymous = u64::from(libc::MAP_ANONYMOUS.cast_unsigned());
        SeccompRule::new(vec![
            not_executable()?,
            SeccompCondition::new(3, Len::Dword, Op::MaskedEq(anonymous), anonymous)?,
        ])
    }

    fn not_executable() -> Result<SeccompCondition, seccompiler::BackendError> {
        let executable = u64::from(libc::PROT_EXEC.cast_unsigned());
        SeccompCondition::new(2, Len::Dword, Op::MaskedEq(executable), 0)
    }

    const STDIN: u64 = 0;
    const STDOUT: u64 = 1;

    #[cfg(target_arch = "x86_64")]
    const TARGET: TargetArch = TargetArch::x86_64;
    #[cfg(target_arch = "aarch64")]
    const TARGET: TargetArch = TargetArch::aarch64;

    /// Allowed whatever the arguments: memory, locks, time, randomness, the way out.
    const ALLOWED: [i64; 16] = [
        libc::SYS_brk,
        libc::SYS_clock_gettime,
        libc::SYS_close,
        libc::SYS_exit,
        libc::SYS_exit_group,
        libc::SYS_futex,
        libc::SYS_getrandom,
        libc::SYS_madvise,
        libc::SYS_mremap,
        libc::SYS_munmap,
        libc::SYS_restart_syscall,
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sched_yield,
        libc::SYS_sigaltstack,
    ];
}

#[cfg(not(all(
    target_os = "linux",
    any(target_arch = "x86_64", target_arch = "aarch64")
)))]
mod filter {
    pub(super) fn install() -> bool {
        false
    }
}
