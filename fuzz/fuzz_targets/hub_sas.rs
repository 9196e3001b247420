//! Checks that any text can be read as a token, as a user name and as a password without a panic, that nothing unsigned
//! is accepted, and that what is signed is verified.
#![no_main]

use std::sync::LazyLock;

use edgeroute_hub::clock::Timestamp;
use edgeroute_hub::identity::sas::{Token, sign};
use edgeroute_hub::identity::{ClientId, Identities, IdentityOptions, Username};
use libfuzzer_sys::fuzz_target;

const NOW: Timestamp = Timestamp(1_796_006_000_000);

static IDENTITIES: LazyLock<Identities> = LazyLock::new(|| {
    let identities = Identities::open(&IdentityOptions::default()).expect("it is in memory only");
    identities.ensure_module("sensor").expect("it is in memory only");
    identities
});

fuzz_target!(|text: &str| {
    let sensor = ClientId::module("edge-1", "sensor");
    let key = IDENTITIES.get(&sensor).expect("it was added").primary_key;
    for token in [text, &format!("SharedAccessSignature {text}")] {
        if let Ok(token) = Token::parse(token) {
            token.audience();
            assert!(token.signer([&key]).is_none());
        }
        assert!(IDENTITIES.verify(&sensor, token, NOW).is_err());
        let user = "edgeroute.local/edge-1/sensor/?api-version=2021-04-12";
        let refusal = IDENTITIES.authenticate(Some(user), "edge-1/sensor", Some(token.as_bytes()), NOW);
        assert!(!refusal.expect_err("nobody signed it").to_string().is_empty());
    }

    let signed = sign("edgeroute.local", &sensor, &key, NOW.plus_millis(1_000));
    if let Ok(name) = Username::parse(text) {
        assert_eq!(name.client.to_string().parse(), Ok(name.client.clone()));
        let id = name.client.to_string();
        let accepted = IDENTITIES.authenticate(Some(text), &id, Some(signed.as_bytes()), NOW);
        assert_eq!(accepted.is_ok(), name.client == sensor && name.auth_chain.is_none());
    }

    // Any host and any id that a client may have.
    let (host, id) = text.split_once(' ').unwrap_or((text, "leaf-1"));
    if let Ok(client) = id.parse::<ClientId>()
        && !host.contains('/')
        && host.len() < 1_000
    {
        let text = sign(host, &client, &key, NOW);
        let token = Token::parse(&text).expect("it was just made");
        assert!(token.signer([&key]).is_some());
        let audience = token.audience().expect("it is for a client");
        assert_eq!((audience.host.as_str(), &audience.client), (host, &client));
        assert_eq!(token.expires(), NOW);
    }
});
