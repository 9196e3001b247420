use super::*;
use crate::identity::{IdentityOptions, Key, sas};

const NOW: Timestamp = Timestamp(1_796_006_000_000);
const HOUR_LATER: Timestamp = NOW.plus_millis(3_600_000);

const PYTHON_USER: &str = "my-hub.azure-devices.net/edge-1/sensor/?api-version=2019-10-01&DeviceClientType=azure-iot-device-iothub-py%2F2.14.0%28AGENT%29";

fn sensor() -> ClientId {
    ClientId::module("edge-1", "sensor")
}

fn identities(policy: Policy) -> Identities {
    let hub_host = Some("my-hub.azure-devices.net".to_owned());
    let identities =
        Identities::open(&IdentityOptions { hub_host, policy, ..IdentityOptions::default() }).expect("it is opened");
    for client in [sensor(), ClientId::module("edge-1", "filter"), ClientId::device("leaf-1")] {
        identities.add(&client).expect("it is added");
    }
    identities
}

fn primary(identities: &Identities, client: &ClientId) -> Key {
    identities.get(client).expect("it is there").primary_key
}

fn user_name(client: &ClientId) -> String {
    format!("my-hub.azure-devices.net/{client}/?api-version=2021-04-12")
}

fn connect(identities: &Identities, client: &ClientId, token: &str) -> Result<Authenticated, Refusal> {
    identities.authenticate(Some(&user_name(client)), &client.to_string(), Some(token.as_bytes()), NOW)
}

fn label(result: Result<Authenticated, Refusal>) -> &'static str {
    let refusal = result.expect_err("it is refused");
    assert!(refusal.is_certain());
    refusal.label()
}

#[test]
fn a_client_with_its_own_token_is_accepted() {
    let identities = identities(Policy::default());
    for client in [sensor(), ClientId::device("leaf-1")] {
        let identity = identities.get(&client).expect("it is there");
        for key in [&identity.primary_key, &identity.secondary_key] {
            for host in ["my-hub.azure-devices.net", "My-Hub.Azure-Devices.Net"] {
                let token = sas::sign(host, &client, key, HOUR_LATER);
                let accepted = connect(&identities, &client, &token).expect("it is accepted");
                assert_eq!(accepted.client, client);
                assert_eq!(accepted.expires, Some(HOUR_LATER.plus_millis(300_000)));
                assert_eq!(identities.verify(&client, &token, NOW), Ok(HOUR_LATER.plus_millis(300_000)));
            }
        }
    }
    let token = sas::sign("my-hub.azure-devices.net", &sensor(), &primary(&identities, &sensor()), HOUR_LATER);
    let accepted = identities
        .authenticate(Some(PYTHON_USER), "edge-1/sensor", Some(token.as_bytes()), NOW)
        .expect("it is accepted");
    assert_eq!(accepted.agent.as_deref(), Some("azure-iot-device-iothub-py/2.14.0(AGENT)"));
}

#[test]
fn ids_of_the_audience_ignore_case() {
    let identities = identities(Policy::default());
    let key = primary(&identities, &sensor());
    let token = sas::sign("my-hub.azure-devices.net", &ClientId::module("EDGE-1", "Sensor"), &key, HOUR_LATER);
    assert!(connect(&identities, &sensor(), &token).is_ok());
}

#[test]
fn a_token_may_be_for_the_gateway() {
    let token =
        |identities: &Identities| sas::sign("edge-hub.local", &sensor(), &primary(identities, &sensor()), HOUR_LATER);
    let with = identities(Policy { gateway_hosts: vec!["Edge-Hub.local".to_owned()], ..Policy::default() });
    assert!(connect(&with, &sensor(), &token(&with)).is_ok());
    let without = identities(Policy::default());
    let refusal = connect(&without, &sensor(), &token(&without)).expect_err("it is refused");
    assert_eq!(refusal.label(), "audience");
    assert_eq!(
        refusal.to_string(),
        "the token is for the hub `edge-hub.local`; this one is `my-hub.azure-devices.net`"
    );
}

#[test]
fn client_id_and_user_name_name_the_same_client() {
    let identities = identities(Policy::default());
    let token = sas::sign("my-hub.azure-devices.net", &sensor(), &primary(&identities, &sensor()), HOUR_LATER);
    let password = Some(token.as_bytes());
    for client_id in ["edge-1/filter", "edge-1", "edge-1/Sensor", ""] {
        let refused = identities.authenticate(Some(PYTHON_USER), client_id, password, NOW);
        assert_eq!(label(refused), "client_id", "{client_id}");
    }
    for user in [None, Some(""), Some("edge-1/sensor")] {
        assert_eq!(label(identities.authenticate(user, "edge-1/sensor", password, NOW)), "user_name");
    }
}

#[test]
fn unknown_and_disabled_clients_are_refused_whatever_their_token() {
    let identities = identities(Policy::default());
    let token = sas::sign("my-hub.azure-devices.net", &sensor(), &primary(&identities, &sensor()), HOUR_LATER);
    assert_eq!(label(connect(&identities, &ClientId::module("edge-1", "none"), &token)), "unknown_identity");
    identities.disable(&sensor()).expect("it is disabled");
    assert_eq!(label(connect(&identities, &sensor(), &token)), "disabled");
    identities.enable(&sensor()).expect("it is enabled");
    assert!(connect(&identities, &sensor(), &token).is_ok());
}

#[test]
fn tokens_of_others_and_with_wrong_keys_are_refused() {
    let identities = identities(Policy::default());
    let filter = ClientId::module("edge-1", "filter");
    let host = "my-hub.azure-devices.net";
    let of_filter = sas::sign(host, &filter, &primary(&identities, &filter), HOUR_LATER);
    assert_eq!(label(connect(&identities, &sensor(), &of_filter)), "audience");
    let by_filter = sas::sign(host, &sensor(), &primary(&identities, &filter), HOUR_LATER);
    assert_eq!(label(connect(&identities, &sensor(), &by_filter)), "signature");
    let leaf = ClientId::device("leaf-1");
    let of_leaf = sas::sign(host, &leaf, &primary(&identities, &leaf), HOUR_LATER);
    assert_eq!(label(connect(&identities, &sensor(), &of_leaf)), "audience");
    // A module's token is not one of its device.
    let of_sensor = sas::sign(host, &sensor(), &primary(&identities, &sensor()), HOUR_LATER);
    assert_eq!(label(connect(&identities, &ClientId::device("edge-1"), &of_sensor)), "audience");
}

#[test]
fn keys_of_the_device_are_good_for_its_modules_where_that_is_allowed() {
    let host = "my-hub.azure-devices.net";
    let device = ClientId::device("edge-1");
    for device_keys in [false, true] {
        let identities = identities(Policy { device_keys, ..Policy::default() });
        let key = primary(&identities, &device);
        let of_device = sas::sign(host, &device, &key, HOUR_LATER);
        assert!(connect(&identities, &sensor(), &of_device).is_ok());
        let of_module = sas::sign(host, &sensor(), &key, HOUR_LATER);
        let result = connect(&identities, &sensor(), &of_module);
        if device_keys {
            assert!(result.is_ok());
        } else {
            assert_eq!(label(result), "signature");
        }
        identities.disable(&device).expect("it is disabled");
        assert_eq!(label(connect(&identities, &sensor(), &of_device)), "signature");
    }
}

#[test]
fn expired_tokens_are_refused_after_the_skew() {
    let identities = identities(Policy::default());
    let key = primary(&identities, &sensor());
    let expired_for = |seconds: u64| {
        let token = sas::sign("my-hub.azure-devices.net", &sensor(), &key, Timestamp(NOW.0 - seconds * 1_000));
        connect(&identities, &sensor(), &token)
    };
    assert_eq!(expired_for(299).expect("it is accepted").expires, Some(NOW.plus_millis(1_000)));
    let refusal = expired_for(300).expect_err("it is refused");
    assert_eq!(refusal.label(), "expired");
    assert_eq!(refusal.to_string(), "the token expired at 2026-11-30T02:28:20Z, and it is 2026-11-30T02:33:20Z");
}

#[test]
fn clients_without_a_token_are_refused() {
    let identities = identities(Policy::default());
    let name = user_name(&sensor());
    let with = |password| label(identities.authenticate(Some(&name), "edge-1/sensor", password, NOW));
    assert_eq!(with(None), "no_token");
    assert_eq!(with(Some(b"secret")), "malformed_token");
    assert_eq!(with(Some(&[0xff])), "malformed_token");
    assert_eq!(with(Some(b"SharedAccessSignature sr=x&sig=&se=1")), "audience");
    let nested = format!("{name}&auth-chain=edge-2");
    assert_eq!(label(identities.authenticate(Some(&nested), "edge-1/sensor", None, NOW)), "nested");
}

#[test]
fn refusals_do_not_show_what_can_be_used_again() {
    let identities = identities(Policy::default());
    let other = Key::random().expect("there is randomness");
    let token = sas::sign("my-hub.azure-devices.net", &sensor(), &other, HOUR_LATER);
    let signature = token.split_once("sig=").expect("it has a signature").1.get(..20).expect("it is long");
    let refusal = connect(&identities, &sensor(), &token).expect_err("it is refused");
    for shown in [refusal.to_string(), format!("{refusal:?}"), format!("{identities:?}")] {
        assert!(!shown.contains(signature) && !shown.contains(&primary(&identities, &sensor()).to_base64()), "{shown}");
    }
}

#[test]
fn what_may_pass_is_not_certain() {
    assert!(Refusal::UNKNOWN.is_certain());
    assert!(!Refusal::UNAVAILABLE.is_certain());
}
