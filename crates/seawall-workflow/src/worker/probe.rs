//! Tries what a worker must not be able to do.

use std::fs::File;
use std::hint::black_box;
use std::net::TcpListener;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

/// What a worker could still do when it tried. For `seawall doctor` and the tests: the
/// limits are believed because they were run into, not because they were set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeReport {
    /// It opened a file.
    pub opens_files: bool,
    /// It opened a network socket.
    pub opens_sockets: bool,
    /// It started another process.
    pub starts_processes: bool,
    /// It took more address space than its limit.
    pub exceeds_memory: bool,
    /// It saw its parent's environment, where secrets may stand.
    pub sees_environment: bool,
}

impl ProbeReport {
    /// Whether everything it tried was denied.
    #[must_use]
    pub fn is_confined(&self) -> bool {
        let Self {
            opens_files,
            opens_sockets,
            starts_processes,
            exceeds_memory,
            sees_environment,
        } = *self;
        let any = opens_files || opens_sockets || starts_processes || exceeds_memory;
        !(any || sees_environment)
    }
}

/// Tries each of them, harmlessly: nothing is written, sent or left running.
pub(super) fn probe(address_space_bytes_max: u64) -> ProbeReport {
    ProbeReport {
        opens_files: File::open("/").is_ok(),
        opens_sockets: TcpListener::bind("127.0.0.1:0").is_ok(),
        starts_processes: starts_a_process(),
        exceeds_memory: takes_memory(address_space_bytes_max),
        sees_environment: std::env::vars_os().next().is_some(),
    }
}

fn starts_a_process() -> bool {
    let mut command = Command::new("/bin/true");
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    // A program that is missing was searched for by a process that did start.
    match command.status() {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    }
}

fn takes_memory(bytes: u64) -> bool {
    let mut block = Vec::<u8>::new();
    let taken = usize::try_from(bytes).is_ok_and(|bytes| block.try_reserve_exact(bytes).is_ok());
    // Without this the compiler may leave the allocation out and call it a success.
    black_box(&block);
    taken
}
