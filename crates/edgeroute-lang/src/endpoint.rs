//! Endpoints of routes: the cloud, or an input of a module.

use std::fmt;
use std::str::FromStr;

use crate::diagnostic::{Code, Diagnostic, closest, quoted, quoted_up_to};
use crate::syntax::address::meant_address;
use crate::syntax::ast::{Sink, SinkKind};
use crate::text::eq_ignore_case;

/// An endpoint: the cloud or a module's input. Equal endpoints are the same, case included
/// (SEMANTICS#endpoint-identity).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Endpoint {
    /// `$upstream`: the cloud, or the hub's parent.
    Upstream,
    /// `BrokeredEndpoint("/modules/MODULE/inputs/INPUT")`.
    Module {
        /// The module's id, as written. It may be blank, as in the reference.
        module: Box<str>,
        /// The input's name, as written, never blank. The message is delivered with it as `inputName`.
        input: Box<str>,
    },
}

impl Endpoint {
    /// Returns the endpoint that a sink names (SEMANTICS#sinks).
    ///
    /// # Errors
    /// Fails if a hub has no such endpoint, or if the address does not have the form `/modules/NAME/inputs/INPUT`.
    #[doc(hidden)]
    pub fn from_sink(sink: &Sink<'_>) -> Result<Self, Box<Diagnostic>> {
        match sink.kind {
            SinkKind::System(name) if eq_ignore_case(name, "$upstream") => Ok(Self::Upstream),
            SinkKind::System(name) => {
                let message = format!("expected $upstream or BrokeredEndpoint(\"...\"), found `{}`", quoted(name));
                let error = Diagnostic::new(Code::InvalidSink, sink.span, message).with_label("no such endpoint");
                let is_cloud = ["$cloud", "$iothub", "$hub", "$parent"].iter().any(|it| it.eq_ignore_ascii_case(name));
                Err(Box::new(if is_cloud {
                    error.with_help("write $upstream for the cloud or the parent hub").with_fix(sink.span, "$upstream")
                } else if closest(name, ["$upstream"]).is_some() {
                    error.with_help("did you mean $upstream?").with_fix(sink.span, "$upstream")
                } else {
                    error.with_help("endpoints are $upstream and BrokeredEndpoint(\"/modules/NAME/inputs/INPUT\")")
                }))
            }
            SinkKind::Function { name, name_span, .. } if !eq_ignore_case(name, "BrokeredEndpoint") => {
                let message = format!("expected BrokeredEndpoint, found `{}`", quoted(name));
                let error = Diagnostic::new(Code::UnknownEndpoint, name_span, message).with_label("no such endpoint");
                Err(Box::new(if closest(name, ["BrokeredEndpoint"]).is_some() {
                    error.with_help("did you mean BrokeredEndpoint?").with_fix(name_span, "BrokeredEndpoint")
                } else {
                    error.with_help("endpoints are $upstream and BrokeredEndpoint(\"/modules/NAME/inputs/INPUT\")")
                }))
            }
            SinkKind::Function { address, address_span, .. } => Self::from_address(address).map_err(|problem| {
                let error = Diagnostic::new(Code::InvalidEndpointAddress, address_span, problem);
                Box::new(match meant_address(address) {
                    Some(meant) => {
                        error.with_help(format!("write {}", quoted_up_to(&meant, 160))).with_fix(address_span, meant)
                    }
                    None => error.with_help("write an address as /modules/NAME/inputs/INPUT"),
                })
            }),
        }
    }

    /// Returns the module endpoint of an address (SEMANTICS#endpoint-address).
    fn from_address(address: &str) -> Result<Self, String> {
        let trimmed = address.trim();
        if trimmed.is_empty() {
            return Err("the endpoint's address is blank".to_owned());
        }
        let path = trimmed.strip_prefix('/').unwrap_or(trimmed);
        let path = path.strip_suffix('/').unwrap_or(path);
        let mut segments = path.split('/');
        match (segments.next(), segments.next(), segments.next(), segments.next(), segments.next()) {
            (Some(_), Some(module), Some(_), Some(input), None) => {
                if input.trim().is_empty() {
                    return Err("the endpoint's input is blank".to_owned());
                }
                Ok(Self::Module { module: module.into(), input: input.into() })
            }
            (Some(_), Some(_), Some(_), None, None) if trimmed.ends_with('/') => {
                Err("the endpoint's input is blank".to_owned())
            }
            _ => Err(format!("expected four segments, found {}", path.split('/').count())),
        }
    }
}

/// Prints the cloud as `$upstream`, a module's input as `/modules/MODULE/inputs/INPUT`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream => f.write_str("$upstream"),
            Self::Module { module, input } => write!(f, "/modules/{module}/inputs/{input}"),
        }
    }
}

/// Reads the forms that `Display` prints: `$upstream`, in any case, and `/modules/MODULE/inputs/INPUT`, exactly. Other
/// addresses that a route accepts, such as `modules/m/inputs/i`, are errors. Allocates the names.
///
/// ```
/// use edgeroute::Endpoint;
///
/// let endpoint: Endpoint = "/modules/log/inputs/in".parse()?;
/// assert_eq!(endpoint, Endpoint::Module { module: "log".into(), input: "in".into() });
/// assert_eq!(endpoint.to_string().parse(), Ok(endpoint));
/// assert_eq!("$upstream".parse(), Ok(Endpoint::Upstream));
/// # Ok::<(), edgeroute_lang::endpoint::InvalidEndpoint>(())
/// ```
impl FromStr for Endpoint {
    type Err = InvalidEndpoint;

    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        if eq_ignore_case(text, "$upstream") {
            return Ok(Self::Upstream);
        }
        let mut segments = text.split('/');
        match [(); 6].map(|()| segments.next()) {
            [Some(""), Some("modules"), Some(module), Some("inputs"), Some(input), None]
                if !input.trim().is_empty() =>
            {
                Ok(Self::Module { module: module.into(), input: input.into() })
            }
            _ => Err(InvalidEndpoint { found: text.into() }),
        }
    }
}

/// The error of a string that is not an [`Endpoint`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InvalidEndpoint {
    found: Box<str>,
}

impl fmt::Display for InvalidEndpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected `$upstream` or `/modules/MODULE/inputs/INPUT`, found `{}`", quoted(&self.found))
    }
}

impl std::error::Error for InvalidEndpoint {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::Limits;
    use crate::syntax::parse_route;

    fn endpoint(sink: &str) -> Result<String, String> {
        let text = format!("FROM /* INTO {sink}");
        let parsed = parse_route(&text, &Limits::default());
        assert_eq!(parsed.errors, []);
        let found = Endpoint::from_sink(&parsed.tree.sink.unwrap());
        found.map(|endpoint| endpoint.to_string()).map_err(|error| error.message)
    }

    #[test]
    fn names_of_endpoints_ignore_case() {
        assert_eq!(endpoint("$UPSTREAM").unwrap(), "$upstream");
        assert_eq!(endpoint("brokeredendpoint('/modules/m/inputs/i')").unwrap(), "/modules/m/inputs/i");
        assert!(endpoint("$upstreams").unwrap_err().contains("found `$upstreams`"));
        assert!(endpoint("Endpoint('/modules/m/inputs/i')").is_err());
    }

    #[test]
    fn addresses_have_four_segments_of_which_two_count() {
        for (address, shown) in [
            ("modules/m/inputs/i", "/modules/m/inputs/i"),
            (" /a/M/b/I/ ", "/modules/M/inputs/I"),
            ("/modules/ m /inputs/ i", "/modules/ m /inputs/ i"),
            ("/modules//inputs/i", "/modules//inputs/i"),
        ] {
            assert_eq!(endpoint(&format!("BrokeredEndpoint('{address}')")).unwrap(), shown);
        }
        for address in [
            "",
            " ",
            "/modules/m",
            "/modules/m/inputs/",
            "/modules/m/inputs/i/x",
            "/modules/m/inputs/ /",
            "//modules/m/inputs/i",
        ] {
            assert!(endpoint(&format!("BrokeredEndpoint('{address}')")).is_err(), "{address:?}");
        }
    }

    #[test]
    fn a_printed_endpoint_is_read_back() {
        for sink in [
            "$upstream",
            "$UpStream",
            "BrokeredEndpoint('/modules/m/inputs/i')",
            "BrokeredEndpoint('/a/ M /b/ I ')",
            "BrokeredEndpoint('/modules//inputs/i /')",
            "BrokeredEndpoint('/modules/é\\'/inputs/😀')",
        ] {
            let text = format!("FROM /* INTO {sink}");
            let endpoint = Endpoint::from_sink(&parse_route(&text, &Limits::default()).tree.sink.unwrap()).unwrap();
            assert_eq!(endpoint.to_string().parse(), Ok(endpoint), "{sink}");
        }
    }

    #[test]
    fn other_strings_are_not_endpoints() {
        for text in [
            "",
            "upstream",
            " $upstream",
            "modules/m/inputs/i",
            "/modules/m/inputs/i/",
            "/Modules/m/inputs/i",
            "/modules/m/inputs/ ",
            "/modules/m",
            "BrokeredEndpoint(\"/modules/m/inputs/i\")",
        ] {
            let error = text.parse::<Endpoint>().unwrap_err();
            let expected = format!("expected `$upstream` or `/modules/MODULE/inputs/INPUT`, found `{text}`");
            assert_eq!(error.to_string(), expected);
        }
    }
}
