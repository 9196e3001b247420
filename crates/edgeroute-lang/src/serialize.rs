//! `Serialize` for values whose serial form is not that of a struct (the feature `serde`).
//!
//! A hub exports them to logs, metrics and its own interfaces. A value that has a text form is that text. Structs derive
//! `Serialize` where they are defined, with names in camel case, as in manifests.

use serde::ser::{Serialize, Serializer};

use crate::diagnostic::{Code, Severity};
use crate::endpoint::Endpoint;
use crate::manifest::{Fingerprint, ManifestError, Retention};
use crate::priority::{Priority, TimeToLive};

macro_rules! as_text {
    ($($(#[$attribute:meta])* $type:ty;)+) => {
        $(
            $(#[$attribute])*
            impl Serialize for $type {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.collect_str(self)
                }
            }
        )+
    };
}

as_text! {
    /// As `error` or `warning`.
    Severity;
    /// As its stable form, such as `E0101`.
    Code;
    /// As `$upstream` or `/modules/MODULE/inputs/INPUT`.
    Endpoint;
    /// As 32 hexadecimal digits.
    Fingerprint;
}

/// As the list of its problems.
impl Serialize for ManifestError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.problems().serialize(serializer)
    }
}

/// As its number.
impl Serialize for Priority {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.get())
    }
}

/// As its seconds; 0 is the hub's default.
impl Serialize for TimeToLive {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(self.as_secs())
    }
}

/// As seconds, or as `forever`.
impl Serialize for Retention {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::For(duration) => serializer.serialize_u64(duration.as_secs()),
            Self::Forever => serializer.serialize_str("forever"),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;
    use crate::hir::{Shadowing, TypedRoute};
    use crate::limits::Limits;
    use crate::manifest::Manifest;
    use crate::route::Route;

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn values_with_a_text_form_are_that_text() {
        let input = Endpoint::Module { module: "m".into(), input: "i".into() };
        assert_eq!(json(&[Endpoint::Upstream, input]), r#"["$upstream","/modules/m/inputs/i"]"#);
        assert_eq!(json(&(Code::InvalidSource, Severity::Error)), r#"["E0108","error"]"#);
        assert_eq!(json(&Fingerprint::from_bytes([0xab; 16])), format!("\"{}\"", "ab".repeat(16)));
        let retentions = [Retention::For(Duration::from_secs(7)), Retention::Forever];
        assert_eq!(json(&retentions), r#"[7,"forever"]"#);
    }

    #[test]
    fn diagnostics_have_all_their_parts() {
        let errors =
            TypedRoute::compile("FROM /* INTO $upsteam", Shadowing::default(), &Limits::default()).unwrap_err();
        assert_eq!(
            json(&errors),
            concat!(
                r#"[{"code":"E0301","severity":"error","message":"expected $upstream or BrokeredEndpoint(\"...\"), "#,
                r#"found `$upsteam`","primary":{"span":{"start":13,"end":21},"text":"no such endpoint"},"secondary":[],"#,
                r#""help":"did you mean $upstream?","fix":{"span":{"start":13,"end":21},"replacement":"$upstream","applicability":"safe"}}]"#
            )
        );
    }

    #[test]
    fn manifest_problems_name_their_route_and_place() {
        let text = r#"{"schemaVersion": "1.1", "routes": {"up": 5}, "storeAndForwardConfiguration": {}}"#;
        let shown = json(&Manifest::from_json(text).unwrap_err());
        assert!(shown.ends_with(r#""position":{"line":1,"column":43}}]"#), "{shown}");
        assert!(shown.starts_with(r#"[{"route":"up","diagnostic":{"code":"E0403","severity":"error","#));
    }

    #[test]
    fn a_route_has_the_names_of_the_manifest() {
        let route = Route::new("up", "FROM /* INTO $upstream").with_time_to_live(TimeToLive::from_secs(5));
        assert_eq!(
            json(&route),
            r#"{"name":"up","text":"FROM /* INTO $upstream","priority":2000000000,"timeToLiveSecs":5}"#
        );
    }
}
