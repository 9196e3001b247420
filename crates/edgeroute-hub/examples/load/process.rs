//! What a process takes of the machine, from `/proc`.

use std::convert::Infallible;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::Result;

/// Ticks a second in `/proc/PID/stat`. Linux has this on all machines that matter here.
const TICKS: f64 = 100.0;

/// A process that is looked at once a second.
pub(crate) struct Process {
    directory: String,
    cpu: f64,
    rss_kib: u64,
    descriptors: usize,
}

impl Process {
    /// Begins to look at a process.
    pub(crate) fn new(id: u32) -> Result<Self> {
        let directory = format!("/proc/{id}");
        let cpu = cpu_seconds(&directory)?;
        Ok(Self { directory, cpu, rss_kib: 0, descriptors: 0 })
    }

    /// Looks at the process until the future is dropped.
    pub(crate) async fn watch(&mut self) -> Infallible {
        while self.sample().is_ok() {
            sleep(Duration::from_secs(1)).await;
        }
        std::future::pending().await
    }

    fn sample(&mut self) -> Result<()> {
        let status = std::fs::read_to_string(format!("{}/status", self.directory))?;
        let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.split_whitespace().next()?.parse().ok());
        self.rss_kib = self.rss_kib.max(rss.unwrap_or(0));
        self.descriptors = self.descriptors.max(std::fs::read_dir(format!("{}/fd", self.directory))?.count());
        Ok(())
    }

    /// Returns the largest values, and the processor time since the beginning.
    pub(crate) fn figures(&mut self) -> Result<Value> {
        self.sample()?;
        let cpu = cpu_seconds(&self.directory)? - self.cpu;
        Ok(json!({"cpu_seconds": cpu, "rss_kib_max": self.rss_kib, "descriptors_max": self.descriptors}))
    }
}

/// Returns the processor time of a process, user and system.
fn cpu_seconds(directory: &str) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("{directory}/stat"))?;
    // The name, in parentheses, may hold spaces.
    let (_, fields) = stat.rsplit_once(')').ok_or("stat without a name")?;
    let ticks = |field: usize| fields.split_whitespace().nth(field).and_then(|text| text.parse::<u32>().ok());
    // The fields 14 and 15 of the line, of which the first two are gone.
    let (user, system) = ticks(11).zip(ticks(12)).ok_or("stat without times")?;
    Ok((f64::from(user) + f64::from(system)) / TICKS)
}
