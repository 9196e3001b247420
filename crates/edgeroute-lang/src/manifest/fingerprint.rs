//! Fingerprints of manifests: whether two manifests route alike.

use core::fmt;
use core::hash::Hasher as _;
use core::str::FromStr;

use siphasher::sip128::{Hasher128 as _, SipHasher24};

use super::{Manifest, Retention, StoreAndForward};

/// 128 bits that identify everything in a manifest that affects deliveries, to compare manifests of hubs and of releases.
///
/// It covers the routes in order (name, string, priority and time to live) and the time to live of the store-and-forward
/// configuration. The layout of the JSON does not matter, nor do its escapes, the order of its other keys, duplicate
/// keys, the wrapper of a deployment, the schema version, or whether a route with default settings is a string or an
/// object. The strings of routes count verbatim: format them first to ignore their spelling.
///
/// The value is the same in every process, on every platform and in every release: it is `SipHash`-2-4 with a fixed key.
/// Anyone can therefore construct two manifests with the same fingerprint: it is **not a cryptographic digest**, and must
/// not decide whether a manifest can be trusted.
///
/// `Display` prints 32 lower-case hexadecimal digits, which `FromStr` reads. The order is that of the digits.
///
/// ```
/// use edgeroute::Manifest;
/// use edgeroute::manifest::Fingerprint;
///
/// let bare = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {"timeToLiveSecs": 7200},
///     "routes": {"up": "FROM /* INTO $upstream"}}"#;
/// let wrapped = r#"{"modulesContent": {"$edgeHub": {"properties.desired": {"schemaVersion": "1.2",
///     "routes": {"up": {"route": "FROM \/* INTO $upstream"}},
///     "storeAndForwardConfiguration": {"timeToLiveSecs": 7200}}}}}"#;
/// let fingerprint = Manifest::from_json(bare)?.fingerprint();
/// assert_eq!(fingerprint, Manifest::from_json(wrapped)?.fingerprint());
/// assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
/// # Ok::<(), edgeroute_lang::manifest::ManifestError>(())
/// ```
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 16]);

impl Fingerprint {
    /// Returns the 16 bytes, in the order in which they are printed.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 16] {
        self.0
    }

    /// Creates the fingerprint with these bytes: the inverse of [`to_bytes`](Self::to_bytes).
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::LowerHex::fmt(self, f)
    }
}

impl fmt::LowerHex for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// Reads 32 hexadecimal digits of either case.
impl FromStr for Fingerprint {
    type Err = InvalidFingerprint;

    fn from_str(text: &str) -> Result<Self, InvalidFingerprint> {
        // `u128::from_str_radix` also accepts a sign.
        if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            let number = u128::from_str_radix(text, 16).map_err(|_| InvalidFingerprint(()))?;
            Ok(Self(number.to_be_bytes()))
        } else {
            Err(InvalidFingerprint(()))
        }
    }
}

/// The error of a string that is not a [`Fingerprint`].
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub struct InvalidFingerprint(());

impl fmt::Display for InvalidFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint must have 32 hexadecimal digits")
    }
}

impl core::error::Error for InvalidFingerprint {}

impl Manifest {
    /// Computes the [`Fingerprint`] of everything that affects deliveries. The cost is linear in the names and strings
    /// of the routes; nothing is allocated.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        let mut encoder = Encoder(SipHasher24::new_with_key(KEY));
        encoder.length(self.routes.len());
        for route in &self.routes {
            encoder.string(route.name());
            encoder.string(route.text());
            encoder.number(u64::from(route.priority().get()));
            encoder.number(u64::from(route.time_to_live().as_secs()));
        }
        match self.store_and_forward.as_ref().map(StoreAndForward::retention) {
            None => encoder.number(0),
            Some(Retention::Forever) => encoder.number(1),
            Some(Retention::For(time)) => {
                encoder.number(2);
                encoder.number(time.as_secs());
            }
        }
        encoder.finish()
    }
}

/// Fixed for all releases, as is the encoding: every fingerprint that anybody has stored depends on it.
const KEY: &[u8; 16] = b"edgeroute routes";

/// Encodes fields so that different lists of fields never have the same bytes: numbers have 8 bytes, and strings follow
/// their length.
struct Encoder(SipHasher24);

impl Encoder {
    fn number(&mut self, number: u64) {
        self.0.write(&number.to_le_bytes());
    }

    fn length(&mut self, length: usize) {
        self.number(u64::try_from(length).unwrap_or(u64::MAX));
    }

    fn string(&mut self, text: &str) {
        self.length(text.len());
        self.0.write(text.as_bytes());
    }

    fn finish(self) -> Fingerprint {
        let hash = self.0.finish128();
        Fingerprint(((u128::from(hash.h2) << 64) | u128::from(hash.h1)).to_le_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    fn fingerprint(json: &str) -> Fingerprint {
        Manifest::from_json(json).unwrap_or_else(|error| panic!("{json}\n{error}")).fingerprint()
    }

    /// If this fails, fingerprints that hubs have stored no longer compare: restore the encoding.
    #[test]
    fn the_value_is_the_same_in_every_release() {
        let json = r#"{"schemaVersion": "1.1", "storeAndForwardConfiguration": {"timeToLiveSecs": 7200}, "routes": {
            "alerts": {"route": "FROM /messages/* WHERE level = 'é' INTO $upstream", "priority": 0, "timeToLiveSecs": 60},
            "rest": "FROM /messages/* INTO BrokeredEndpoint('/modules/log/inputs/in')"}}"#;
        assert_eq!(fingerprint(json).to_string(), "bcac8a0e08b1962c430245d851e57fc7");
        assert_eq!(Manifest::default().fingerprint().to_string(), "10d1da037383d0e6c71370da7c846882");
    }

    /// Checks the hash against the first vectors of its reference implementation.
    #[test]
    fn the_hash_is_siphash() {
        let key: [u8; 16] = core::array::from_fn(|index| u8::try_from(index).unwrap());
        let mut encoder = Encoder(SipHasher24::new_with_key(&key));
        assert_eq!(Encoder(SipHasher24::new_with_key(&key)).finish().to_string(), "a3817f04ba25a8e66df67214c7550293");
        encoder.0.write(&[0]);
        assert_eq!(encoder.finish().to_string(), "da87c1d86b99af44347659119b22fc45");
    }

    #[test]
    fn text_and_bytes_lead_back_to_the_fingerprint() {
        let one = Manifest::default().fingerprint();
        assert_eq!(Fingerprint::from_bytes(one.to_bytes()), one);
        assert_eq!(format!("{one:x}").to_uppercase().parse(), Ok(one));
        assert_eq!(format!("{one:?}"), format!("Fingerprint({one})"));
        for text in ["", "0", &"0".repeat(31), &"0".repeat(33), &("+".to_owned() + &"0".repeat(31)), &"é".repeat(16)] {
            assert_eq!(text.parse::<Fingerprint>(), Err(InvalidFingerprint(())), "{text}");
        }
    }

    /// Name, text, priority and time to live.
    type RouteParts = (String, String, Option<u32>, u32);

    /// A manifest in parts that can be written in several ways.
    #[derive(Clone, Debug)]
    struct Parts {
        routes: Vec<RouteParts>,
        retention: Option<i32>,
    }

    /// A way to write a manifest. Each bit decides one thing.
    #[derive(Copy, Clone, Debug)]
    struct Layout(u8);

    impl Layout {
        fn is(self, bit: u8) -> bool {
            self.0 & (1 << bit) != 0
        }

        fn string(self, text: &str) -> String {
            if !self.is(0) {
                return serde_json::to_string(text).unwrap();
            }
            let escaped: Vec<String> = text.encode_utf16().map(|unit| format!("\\u{unit:04X}")).collect();
            let escaped = escaped.concat();
            format!("\"{escaped}\"")
        }

        fn object(self, mut members: Vec<(String, String)>, can_turn: bool) -> String {
            if can_turn && self.is(1) {
                members.reverse();
            }
            let space = if self.is(2) { "\n\t " } else { "" };
            let members: Vec<String> = members
                .iter()
                .map(|(key, value)| format!("{space}{}{space}:{space}{value}", self.string(key)))
                .collect();
            format!("{{{}{space}}}", members.join(","))
        }

        fn write(self, parts: &Parts) -> String {
            let member = |key: &str, value: String| (key.to_owned(), value);
            let mut routes: Vec<(String, String)> = Vec::new();
            for (name, text, priority, time_to_live) in &parts.routes {
                let has_defaults = priority.is_none() && *time_to_live == 0;
                let value = if has_defaults && !self.is(3) {
                    self.string(text)
                } else {
                    let mut fields = vec![member("route", self.string(text))];
                    fields.extend(priority.map(|priority| member("priority", priority.to_string())));
                    if *time_to_live != 0 || self.is(4) {
                        fields.push(member("timeToLiveSecs", format!("\"{time_to_live}\"")));
                    }
                    self.object(fields, true)
                };
                if self.is(5) {
                    routes.push(member(name, self.string("overridden")));
                }
                routes.push((name.clone(), value));
            }
            let retention =
                parts.retention.map(|seconds| member("timeToLiveSecs", seconds.to_string())).into_iter().collect();
            let properties = vec![
                member("schemaVersion", self.string(if self.is(6) { "1.1" } else { "1.2" })),
                member("routes", self.object(routes, false)),
                member("storeAndForwardConfiguration", self.object(retention, true)),
            ];
            let properties = self.object(properties, true);
            if !self.is(7) {
                return properties;
            }
            let wrapped = ["properties.desired", "$edgeHub", "modulesContent"];
            wrapped.into_iter().fold(properties, |inner, key| self.object(vec![member(key, inner)], true))
        }
    }

    fn any_parts() -> impl Strategy<Value = Parts> {
        let priority = prop::option::of(0_u32..10);
        let route = ("[ab😀\"]{0,3}", "[xy€\\\\]{0,3}", priority, prop_oneof![Just(0), any::<u32>()]);
        let routes = prop::collection::vec(route, 0..4).prop_map(|routes| {
            let routes = routes.into_iter().enumerate();
            // Different names that are not blank, and texts that are not blank.
            routes
                .map(|(index, (name, text, priority, time))| {
                    (format!("{index}{name}"), format!("x{text}"), priority, time)
                })
                .collect()
        });
        (routes, prop::option::of(-2..10_000_i32)).prop_map(|(routes, retention)| Parts { routes, retention })
    }

    /// Returns manifests that differ from `parts` in one thing.
    fn changed(parts: &Parts) -> Vec<Parts> {
        let mut all = Vec::new();
        for index in 0..parts.routes.len() {
            let mut change = |edit: &dyn Fn(&mut RouteParts)| {
                let mut changed = parts.clone();
                edit(&mut changed.routes[index]);
                all.push(changed);
            };
            change(&|route| route.0.push('n'));
            change(&|route| route.1.push('t'));
            // One character moves from the text to the name.
            change(&|route| route.0.push(route.1.pop().unwrap_or_default()));
            change(&|route| route.2 = route.2.map_or(Some(9), |priority| priority.checked_sub(1)));
            change(&|route| route.3 ^= 1);
            change(&|route| {
                *route = ("another name".to_owned(), route.1.clone(), Some(route.3 % 10), route.2.unwrap_or(11));
            });
            let mut removed = parts.clone();
            removed.routes.remove(index);
            all.push(removed);
            if index > 0 {
                let mut turned = parts.clone();
                turned.routes.swap(0, index);
                all.push(turned);
            }
        }
        let mut retention = parts.clone();
        retention.retention = Some(if parts.retention == Some(-1) || parts.retention == Some(-2) { 5 } else { -1 });
        all.push(retention);
        all.retain(|parts| parts.routes.iter().all(|route| !route.1.is_empty()));
        all
    }

    proptest! {
        #[test]
        fn layout_does_not_matter(parts in any_parts(), one in any::<u8>(), other in any::<u8>()) {
            let (one, other) = (Layout(one).write(&parts), Layout(other).write(&parts));
            prop_assert_eq!(fingerprint(&one), fingerprint(&other), "{}\n{}", one, other);
        }

        #[test]
        fn every_change_of_a_field_changes_the_value(parts in any_parts(), layout in any::<u8>()) {
            let mut seen = HashSet::from([fingerprint(&Layout(0).write(&parts))]);
            for changed in changed(&parts) {
                let json = Layout(layout).write(&changed);
                prop_assert!(seen.insert(fingerprint(&json)), "{:?}\n{}", parts, json);
            }
        }
    }
}
