use tempfile::TempDir;

use super::*;

fn options(directory: &TempDir) -> IdentityOptions {
    IdentityOptions { directory: Some(directory.path().join("data")), ..IdentityOptions::default() }
}

fn open(directory: &TempDir) -> Identities {
    Identities::open(&options(directory)).unwrap_or_else(|error| panic!("{error}"))
}

fn directory() -> TempDir {
    TempDir::new().expect("there is a directory for temporary files")
}

fn sensor() -> ClientId {
    ClientId::module("edge-1", "sensor")
}

fn leaf() -> ClientId {
    ClientId::device("leaf-1")
}

#[test]
fn identities_outlive_the_process() {
    let directory = directory();
    let first = open(&directory);
    assert_eq!((first.hub_host(), first.hub_device()), ("edgeroute.local", "edge-1"));
    assert!(first.add(&leaf()).expect("it is added"));
    assert!(!first.add(&leaf()).expect("it is there"));
    assert!(first.ensure_module("sensor").expect("it is added"));
    assert!(!first.ensure_module("sensor").expect("it is there"));
    first.ensure_modules(["sensor"]).expect("it is there");
    let second = open(&directory);
    assert_eq!(second.all(), first.all());
    let ids: Vec<_> = second.all().into_iter().map(|(client, _)| client.to_string()).collect();
    assert_eq!(ids, ["edge-1", "edge-1/sensor", "leaf-1"]);
}

#[test]
fn modules_are_added_in_one_step_or_not_at_all() {
    let directory = directory();
    let identities = open(&directory);
    identities.ensure_modules(["b", "a"]).expect("they are added");
    let before = identities.all();
    let ids: Vec<_> = before.iter().map(|(client, _)| client.to_string()).collect();
    assert_eq!(ids, ["edge-1", "edge-1/a", "edge-1/b"]);
    identities.ensure_modules(["c", "no id"]).expect_err("refused");
    identities.ensure_modules(["a", "b"]).expect("they are there");
    assert_eq!(identities.all(), before);
    assert_eq!(open(&directory).all(), before);
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_keys() {
    use std::os::unix::fs::PermissionsExt;
    let directory = directory();
    let identities = open(&directory);
    identities.add(&leaf()).expect("it is added");
    let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let data = directory.path().join("data");
    assert_eq!((mode(&data), mode(&data.join(FILE))), (0o700, 0o600));
    let mut names: Vec<_> = std::fs::read_dir(&data)
        .expect("it can be listed")
        .map(|entry| entry.expect("it is there").file_name().into_string().expect("a plain name"))
        .collect();
    names.sort();
    assert_eq!(names, ["identities.json", "identities.lock"]);
}

#[test]
fn connection_strings_are_those_the_sdks_read() {
    let identities = Identities::open(&IdentityOptions {
        hub_host: Some("my-hub.azure-devices.net".to_owned()),
        ..IdentityOptions::default()
    })
    .expect("it is opened");
    identities.add(&sensor()).expect("it is added");
    identities.add(&leaf()).expect("it is added");
    let key = |client: &ClientId| identities.get(client).expect("it is there").primary_key.to_base64();
    assert_eq!(
        identities.connection_string(&sensor(), "edge-hub.local").expect("it is there"),
        format!(
            "HostName=my-hub.azure-devices.net;GatewayHostName=edge-hub.local;DeviceId=edge-1;ModuleId=sensor;SharedAccessKey={}",
            key(&sensor())
        )
    );
    assert_eq!(
        identities.connection_string(&leaf(), "localhost").expect("it is there"),
        format!(
            "HostName=my-hub.azure-devices.net;GatewayHostName=localhost;DeviceId=leaf-1;SharedAccessKey={}",
            key(&leaf())
        )
    );
    assert_eq!(identities.connection_string(&ClientId::device("none"), "localhost"), None);
}

#[test]
fn changes_of_another_process_are_read_and_kept() {
    let directory = directory();
    let (one, other) = (open(&directory), open(&directory));
    one.reload().expect("it is read");
    other.add(&leaf()).expect("it is added");
    assert!(!one.contains(&leaf()));
    // A change keeps what the other process wrote.
    one.ensure_module("sensor").expect("it is added");
    assert!(one.contains(&leaf()));
    other.reload().expect("it is read");
    assert_eq!(one.all(), other.all());
}

#[test]
fn a_reload_shows_which_keys_are_still_accepted() {
    let directory = directory();
    let (one, other) = (open(&directory), open(&directory));
    let clients = ["a", "b", "c", "d", "e"].map(ClientId::device);
    for client in &clients {
        assert!(one.add(client).expect("it is added"));
    }
    other.reload().expect("it is read");
    let keys: Vec<_> = clients.iter().map(|client| other.get(client).expect("it is there").primary_key).collect();
    let accepted = || -> Vec<_> { clients.iter().zip(&keys).map(|(client, key)| other.accepts(client, key)).collect() };
    let [removed, disabled, rotated, replaced, _] = &clients;
    one.remove(removed).expect("it is removed");
    one.disable(disabled).expect("it is disabled");
    one.rotate(rotated).expect("it is rotated");
    one.remove(replaced).expect("it is removed");
    one.add(replaced).expect("it is added");
    assert_eq!(accepted(), [true; 5]);
    other.reload().expect("it is read");
    assert_eq!(accepted(), [false, false, true, false, true]);
    // The first rotation kept the key as the secondary one. Both are read on their own.
    one.rotate(rotated).expect("it is rotated");
    other.reload().expect("it is read");
    one.enable(disabled).expect("it is enabled");
    other.reload().expect("it is read");
    assert_eq!(accepted(), [false, true, false, false, true]);
}

#[test]
fn a_module_may_use_a_key_of_its_device_as_long_as_both_are_enabled() {
    let directory = directory();
    let identities = open(&directory);
    identities.ensure_module("sensor").expect("it is added");
    let (device, module) = (ClientId::device("edge-1"), ClientId::module("edge-1", "sensor"));
    let key = identities.get(&device).expect("it is there").primary_key;
    let own = identities.get(&module).expect("it is there").primary_key;
    assert!(identities.accepts(&module, &key) && identities.accepts(&module, &own));
    assert!(!identities.accepts(&device, &own), "a module's key is not its device's");
    identities.disable(&device).expect("it is disabled");
    assert!(!identities.accepts(&module, &key) && identities.accepts(&module, &own));
}

#[test]
fn a_rotation_keeps_the_previous_key() {
    let identities = Identities::open(&IdentityOptions::default()).expect("it is opened");
    identities.add(&leaf()).expect("it is added");
    let before = identities.get(&leaf()).expect("it is there");
    identities.rotate(&leaf()).expect("it is rotated");
    let after = identities.get(&leaf()).expect("it is there");
    assert_eq!(after.secondary_key, before.primary_key);
    assert_ne!(after.primary_key, before.primary_key);
    assert_ne!(after.primary_key, before.secondary_key);
    assert_eq!(after.generation, before.generation);
}

#[test]
fn a_device_takes_its_modules_along() {
    let identities = Identities::open(&IdentityOptions::default()).expect("it is opened");
    identities.add(&leaf()).expect("it is added");
    let module = ClientId::module("leaf-1", "m");
    identities.add(&module).expect("it is added");
    assert_eq!(identities.remove(&leaf()).expect("it is removed"), [leaf(), module]);
    assert_eq!(identities.all().len(), 1);
}

#[test]
fn what_cannot_be_changed_is_refused() {
    let identities = Identities::open(&IdentityOptions::default()).expect("it is opened");
    let refused =
        |result: Result<_, IdentityError>| result.map(|_: Vec<ClientId>| ()).expect_err("refused").to_string();
    assert_eq!(refused(identities.remove(&leaf())), "there is no identity `leaf-1`");
    assert_eq!(
        refused(identities.remove(&ClientId::device("edge-1"))),
        "the device of the hub itself cannot be removed"
    );
    let orphan = ClientId::module("leaf-1", "m");
    assert_eq!(identities.add(&orphan).expect_err("refused").to_string(), "there is no identity `leaf-1`");
    let invalid = identities.ensure_module("a b").expect_err("refused").to_string();
    assert!(invalid.starts_with("`edge-1/a b` is not a device id"), "{invalid}");
    assert!(identities.rotate(&leaf()).is_err());
    assert!(identities.disable(&leaf()).is_err());
}

#[test]
fn a_file_of_another_hub_is_refused() {
    let directory = directory();
    open(&directory);
    let other = IdentityOptions { hub_device: Some("edge-2".to_owned()), ..options(&directory) };
    let error = Identities::open(&other).expect_err("refused").to_string();
    assert!(error.ends_with("belongs to the device `edge-1`, not `edge-2`; use another data directory"), "{error}");
    let same = IdentityOptions { hub_device: Some("edge-1".to_owned()), ..options(&directory) };
    assert!(Identities::open(&same).is_ok());
}

#[test]
fn a_malformed_file_is_refused_without_showing_keys() {
    let directory = directory();
    let identities = open(&directory);
    let path = directory.path().join("data").join(FILE);
    let good = std::fs::read_to_string(&path).expect("it can be read");
    for (from, to, expected) in [
        ("{", "{{", "not JSON"),
        ("\"enabled\": true", "\"enabled\": \"c2VjcmV0\"", "not what the hub writes"),
        ("\"primaryKey\": \"", "\"primaryKey\": \"c2VjcmV0*", "not what the hub writes"),
        ("\"hubDevice\": \"edge-1\"", "\"hubDevice\": \"a/b\"", "`hubDevice` is not the id of a device"),
        ("\"hubDevice\": \"edge-1\"", "\"hubDevice\": \"edge-2\"", ""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        std::fs::write(&path, bad).expect("it can be written");
        for error in [identities.reload().err(), identities.add(&leaf()).err()] {
            let error = error.expect("it is refused").to_string();
            assert!(error.contains(expected) && !error.contains("c2VjcmV0"), "{error}");
        }
        if !expected.is_empty() {
            assert!(Identities::open(&options(&directory)).is_err());
        }
    }
    assert!(identities.contains(&ClientId::device("edge-1")));
    std::fs::remove_file(&path).expect("it can be removed");
    assert!(identities.reload().is_err());
    assert!(identities.contains(&ClientId::device("edge-1")));
}
