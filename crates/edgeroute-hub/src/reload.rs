//! The manifest of a running hub: what follows from it, and its replacement while messages flow.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use edgeroute::manifest::StoreAndForward;
use edgeroute::{Limits, Manifest};
use edgeroute_analysis::topology::Topology;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::files;
use crate::hub::Hub;
use crate::identity::ClientId;
use crate::observe::Event;
use crate::routing::{BadManifest, GoodManifest};
use crate::twins;

/// The largest manifest that is read, in bytes.
const LARGEST: u64 = 16 * 1024 * 1024;
/// How often the file is looked at.
pub const INTERVAL: Duration = Duration::from_secs(1);

/// Returns the modules that a manifest lists and those that its routes name as senders or receivers, in the order of
/// their names. Leaves out names that no module can have.
pub fn modules(manifest: &Manifest) -> BTreeSet<String> {
    let topology = Topology::of(manifest, &Limits::default());
    let names = topology.modules().map(|(_, module)| module.name().to_owned());
    names.filter(|module| format!("device/{module}").parse::<ClientId>().is_ok()).collect()
}

/// Returns the desired properties of each module in the text of a whole deployment, `$edgeAgent` and `$edgeHub` left
/// out. Empty for other manifests.
pub fn desired_properties(text: &str) -> BTreeMap<String, &RawValue> {
    let Some(root) = members(text) else { return BTreeMap::new() };
    let content = root.get("content").and_then(|content| members(content.get()));
    let modules = content.unwrap_or(root).remove("modulesContent").and_then(|modules| members(modules.get()));
    let mut desired = BTreeMap::new();
    for (module, content) in modules.unwrap_or_default() {
        if !module.starts_with('$')
            && let Some(mut content) = members(content.get())
            && let Some(properties) = content.remove("properties.desired")
            && properties.get().starts_with('{')
        {
            desired.insert(module, properties);
        }
    }
    desired
}

/// Returns the members of a JSON object.
fn members(text: &str) -> Option<BTreeMap<String, &RawValue>> {
    serde_json::from_str(text).ok()
}

impl Hub {
    /// Puts another manifest in force, if it has no errors: its routes, the limit of the store, identities for its
    /// modules, and their desired properties. Returns the number of routes and, as `edgeroute lint` prints them, the
    /// warnings. A bad manifest changes nothing.
    pub async fn reload(&self, name: &str, text: &str) -> Result<(usize, String), BadManifest> {
        let good = match GoodManifest::check(name, text) {
            Ok(good) => good,
            Err(bad) => {
                tracing::error!("the new manifest is not in force: it has {} errors\n{}", bad.errors, bad.report);
                self.refuse(bad.clone());
                return Err(bad);
            }
        };
        let (routes, warnings) = (good.routes(), good.warnings.clone());
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = None;
        if self.router.replace(good) {
            let version = self.router.current().version();
            self.metrics.table_version(version);
            tracing::info!(version, routes, "the new manifest is in force");
        }
        if !warnings.is_empty() {
            tracing::warn!("the manifest has warnings\n{warnings}");
        }
        self.follow_manifest().await;
        self.observer.event(Event::Reloaded { routes });
        Ok((routes, warnings))
    }

    fn refuse(&self, bad: BadManifest) {
        self.observer.event(Event::ReloadRefused { findings: bad.report.clone() });
        *self.refused.lock().unwrap_or_else(PoisonError::into_inner) = Some((self.clock.now(), bad));
    }

    /// Does what the manifest in force asks for beside its routes.
    pub async fn follow_manifest(&self) {
        let routing = self.router.current();
        let limit = routing
            .manifest()
            .store_and_forward()
            .and_then(StoreAndForward::store_limits)
            .and_then(|limits| u64::try_from(limits.max_size_bytes).ok())
            .filter(|limit| *limit > 0);
        let limit = match (limit, self.max_disk) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        self.store.set_max_bytes(limit);
        if let Err(error) = self.identities.ensure_modules(modules(routing.manifest())) {
            tracing::error!("cannot create identities for the modules of the manifest: {error}");
        }
        for (module, desired) in desired_properties(routing.text()) {
            let client = ClientId::module(self.identities.hub_device(), module.as_str());
            let set = async {
                let desired = twins::read(desired.get().as_bytes())?;
                self.twins.set_desired_of_manifest(&client, desired).await
            };
            if let Err(error) = set.await {
                tracing::error!("cannot set the desired properties of the module {module}: {error}");
            }
        }
    }

    /// Looks at the file of the manifest until the hub stops, and at once when `now` is notified. Puts each new content
    /// in force.
    ///
    /// Compares contents, because bind mounts and editors that replace files defeat notifications of the system.
    pub async fn watch_manifest(self: Arc<Self>, file: PathBuf, now: Arc<tokio::sync::Notify>) {
        let mut seen = Some(digest(self.router.current().text().as_bytes()));
        let mut complained = None;
        loop {
            let is_asked = tokio::select! {
                () = tokio::time::sleep(INTERVAL) => false,
                () = now.notified() => true,
            };
            match read(&file).await {
                Ok(text) => {
                    let digest = digest(text.as_bytes());
                    complained = None;
                    if is_asked || seen != Some(digest) {
                        seen = Some(digest);
                        // The result was reported.
                        let _ = self.reload(&file.display().to_string(), &text).await;
                    }
                }
                Err(problem) if is_asked || complained.as_ref() != Some(&problem) => {
                    seen = None;
                    let report = format!("cannot read the manifest {}: {problem}", file.display());
                    tracing::error!("{report}; the manifest in force stays in force");
                    self.refuse(BadManifest { report, errors: 1 });
                    complained = Some(problem);
                }
                Err(_) => {}
            }
        }
    }
}

/// Reads the text of a manifest. Fails if it is not UTF-8 or longer than 16 MiB.
pub async fn read(file: &Path) -> Result<String, String> {
    use tokio::io::AsyncReadExt as _;
    let file = file.to_owned();
    let opened = tokio::task::spawn_blocking(move || files::open(&file)).await.map_err(|error| error.to_string())?;
    let opened = tokio::fs::File::from_std(opened.map_err(|error| error.to_string())?);
    let mut bytes = Vec::new();
    opened.take(LARGEST + 1).read_to_end(&mut bytes).await.map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LARGEST {
        return Err(format!("it has more than {LARGEST} bytes"));
    }
    String::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))
}

fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}
