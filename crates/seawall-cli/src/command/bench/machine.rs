//! What this machine is and how much memory it has, as far as Linux tells; elsewhere the
//! figures are absent.

use serde::Serialize;

/// The machine, without anything that names it.
#[derive(Serialize)]
pub(super) struct Machine {
    /// The processor's name, as it gives it.
    processor: String,
    /// Cores that this program may use.
    cores: usize,
    /// What the system runs: `x86_64-linux`.
    target: String,
}

impl Machine {
    /// The one that this runs on.
    pub(super) fn this() -> Self {
        let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with("model name"));
        let name = line.and_then(|line| line.split_once(':'));
        Self {
            processor: name.map_or("unknown", |(_, name)| name.trim()).to_owned(),
            cores: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            target: format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        }
    }
}

/// This process's memory that is resident, in bytes.
pub(super) fn resident_bytes() -> Option<u64> {
    field("/proc/self/status", "VmRSS:")
}

/// The most that was resident at any time, in bytes.
pub(super) fn resident_bytes_max() -> Option<u64> {
    field("/proc/self/status", "VmHWM:")
}

/// What `later` is above `earlier`, in megabytes of a million bytes, to a tenth.
pub(super) fn grown_mb(earlier: Option<u64>, later: Option<u64>) -> Option<f64> {
    Some((later?.saturating_sub(earlier?) as f64 / 1e5).round() / 10.0)
}

/// Memory that can still be taken, in bytes: the system's, or what is left of the limit of
/// the group that this process is in.
fn available_bytes() -> Option<u64> {
    let number = |path: &str| std::fs::read_to_string(path).ok()?.trim().parse().ok();
    let group = number("/sys/fs/cgroup/memory.max").map(|limit: u64| {
        let used: u64 = number("/sys/fs/cgroup/memory.current").unwrap_or(0);
        limit.saturating_sub(used)
    });
    let system = field("/proc/meminfo", "MemAvailable:");
    [group, system].into_iter().flatten().min()
}

/// Refuses work that needs more memory than there is.
///
/// # Errors
/// Says what is needed and what is there.
pub(super) fn require(bytes: u64) -> anyhow::Result<()> {
    match available_bytes() {
        Some(available) if available < bytes => Err(anyhow::anyhow!(
            "this size needs about {} MB of memory and {} MB are available: take a smaller --size",
            bytes.div_ceil(1_000_000),
            available / 1_000_000
        )),
        Some(_) | None => Ok(()),
    }
}

/// A line of a file of `/proc`, in bytes.
fn field(path: &str, name: &str) -> Option<u64> {
    let text = std::fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
