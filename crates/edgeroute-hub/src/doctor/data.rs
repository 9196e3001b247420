use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::Finding;
use crate::bind::quote;
use crate::clock::{Clock, Timestamp};
use crate::config::Config;

/// 2026-01-01, before which no clock can be right.
const EARLIEST: Timestamp = Timestamp(1_767_225_600_000);
/// The difference that clocks may have, in milliseconds.
const TOLERANCE: u64 = 60_000;

/// Checks manifest, data directory, disk and clock.
pub(super) fn check(config: &Config, clock: &Clock) -> Vec<Finding> {
    let mut findings = Vec::new();
    match &config.manifest {
        None => {}
        Some(manifest) => findings.push(match fs::File::open(manifest) {
            Ok(_) => Finding::ok("manifest", format!("`{}` can be read", manifest.display())),
            Err(error) => Finding::problem(
                "manifest",
                format!("cannot read `{}`: {error}", manifest.display()),
                "give the file of the deployment with --manifest",
            ),
        }),
    }
    findings.push(check_directory(&config.data));
    findings.extend(check_keys(&config.data));
    findings.push(check_disk(config));
    findings.push(check_clock(&config.data, clock));
    findings
}

fn check_directory(data: &Path) -> Finding {
    const CHECK: &str = "data";
    let shown = data.display();
    let metadata = match fs::metadata(data) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Finding::ok(CHECK, format!("`{shown}` does not exist, and will be made at the first start"));
        }
        Err(error) => {
            return Finding::problem(
                CHECK,
                format!("cannot look at `{shown}`: {error}"),
                "give another directory with --data",
            );
        }
    };
    if !metadata.is_dir() {
        return Finding::problem(CHECK, format!("`{shown}` is not a directory"), "give another one with --data");
    }
    if let Err(error) = tempfile_in(data) {
        return Finding::problem(
            CHECK,
            format!("cannot write in `{shown}`: {error}"),
            format!(
                "run `sudo chown -R \"$USER\" {}`, or give another directory with --data",
                quote(&shown.to_string())
            ),
        );
    }
    if is_private(metadata.permissions().mode()) {
        Finding::ok(CHECK, format!("`{shown}` can be written, and is for its owner alone"))
    } else {
        Finding::warning(
            CHECK,
            format!("others may enter `{shown}`, which has keys"),
            format!("run `chmod 700 {}`", quote(&shown.to_string())),
        )
    }
}

/// Whether a mode permits nothing to others than the owner.
fn is_private(mode: u32) -> bool {
    mode.trailing_zeros() >= 6
}

/// Writes and removes a file.
fn tempfile_in(directory: &Path) -> std::io::Result<()> {
    let path = directory.join(format!(".doctor.{}", std::process::id()));
    fs::OpenOptions::new().write(true).create_new(true).open(&path)?;
    fs::remove_file(path)
}

fn check_keys(data: &Path) -> Vec<Finding> {
    let exposed = ["ca-key.pem", "identities.json", "admin.json"].into_iter().filter_map(|name| {
        let path = data.join(name);
        let mode = fs::metadata(&path).ok()?.permissions().mode();
        (!is_private(mode)).then(|| {
            let path = path.display().to_string();
            Finding::warning("keys", format!("others may read `{path}`"), format!("run `chmod 600 {}`", quote(&path)))
        })
    });
    exposed.collect()
}

fn check_disk(config: &Config) -> Finding {
    const CHECK: &str = "disk";
    const MIB: u64 = 1024 * 1024;
    let existing = config.data.ancestors().find(|path| path.exists()).unwrap_or(Path::new("."));
    let figures = match rustix::fs::statvfs(existing) {
        Ok(figures) => figures,
        Err(error) => {
            return Finding::warning(
                CHECK,
                format!("cannot find out how full the disk is: {error}"),
                "check it with `df`",
            );
        }
    };
    let free = figures.f_bavail.saturating_mul(figures.f_frsize);
    let whole = figures.f_blocks.saturating_mul(figures.f_frsize).max(1);
    let percent = free.saturating_mul(100) / whole;
    let found = format!("{} MiB are free ({percent} %)", free / MIB);
    // As the store decides.
    let least = (whole / 20).min(1024 * MIB);
    let remedy = "free space: below 5 %, or 1 GiB if that is less, the hub takes no messages";
    if free < least {
        Finding::problem(CHECK, found, remedy)
    } else if config.max_disk.is_some_and(|most| most > free) {
        Finding::warning(CHECK, format!("{found}, less than --max-disk"), "free space, or lower --max-disk")
    } else if free < 2 * least {
        Finding::warning(CHECK, found, remedy)
    } else {
        Finding::ok(CHECK, found)
    }
}

fn check_clock(data: &Path, clock: &Clock) -> Finding {
    const CHECK: &str = "clock";
    const REMEDY: &str = "set the clock: certificates and tokens are valid by it";
    let now = clock.now();
    if now < EARLIEST {
        return Finding::problem(CHECK, "the clock is before 2026".to_owned(), REMEDY);
    }
    let newest = fs::read_dir(data).into_iter().flatten().flatten().filter_map(|entry| {
        let modified = entry.metadata().ok()?.modified().ok()?;
        let since = modified.duration_since(std::time::UNIX_EPOCH).ok()?;
        u64::try_from(since.as_millis()).ok().map(Timestamp)
    });
    match newest.max() {
        Some(newest) if newest.millis_since(now) > TOLERANCE => Finding::problem(
            CHECK,
            format!(
                "the clock is {} s earlier than the newest file of the data directory",
                newest.millis_since(now) / 1_000
            ),
            REMEDY,
        ),
        _ => Finding::ok(CHECK, "the clock is later than all files of the data directory"),
    }
}
