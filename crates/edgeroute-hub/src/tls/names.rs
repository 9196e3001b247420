use std::fmt;

use rustls::pki_types::ServerName;

use super::TlsError;

/// The names and addresses that a certificate is for, in order, without repetition. Displayed with commas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names(Vec<String>);

impl Names {
    /// Takes host names and IP addresses. Names become lower case, and lose a dot at their end.
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Result<Self, TlsError> {
        let mut list = Vec::new();
        for name in names {
            let name = name.as_ref();
            let plain = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            match ServerName::try_from(plain.as_str()) {
                Ok(ServerName::IpAddress(address)) => push(&mut list, std::net::IpAddr::from(address).to_string()),
                Ok(ServerName::DnsName(_)) => push(&mut list, plain),
                _ => return Err(TlsError::new(format!("`{}` is not a host name or IP address", name.escape_debug()))),
            }
        }
        Ok(Self(list))
    }

    /// Adds the names under which clients on this computer reach the hub: `localhost`, the computer's own name, and the
    /// addresses of the loopback interface.
    #[must_use]
    pub fn with_local(mut self) -> Self {
        push(&mut self.0, "localhost".to_owned());
        if let Some(name) = host_name() {
            push(&mut self.0, name);
        }
        push(&mut self.0, "127.0.0.1".to_owned());
        push(&mut self.0, "::1".to_owned());
        self
    }

    /// Lists names as a certificate has them, also wildcards.
    pub(crate) fn unchecked(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Returns the names in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl fmt::Display for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { f.write_str("no name") } else { f.write_str(&self.0.join(", ")) }
    }
}

fn push(list: &mut Vec<String>, name: String) {
    if !list.contains(&name) {
        list.push(name);
    }
}

/// Returns the name of this computer in lower case, if a certificate can have it.
pub fn host_name() -> Option<String> {
    let system = rustix::system::uname();
    let name = system.nodename().to_str().ok()?.to_ascii_lowercase();
    matches!(ServerName::try_from(name.as_str()), Ok(ServerName::DnsName(_))).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_normalised() {
        let names = Names::new(["Edge-Hub.Local.", "edge-hub.local", "0:0:0:0:0:0:0:1", "10.0.0.1"]).expect("valid");
        assert_eq!(names.to_string(), "edge-hub.local, ::1, 10.0.0.1");
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for name in ["", "a b", "https://x", "a..b", "*.x", "-", "x:8883", &"x".repeat(64)] {
            assert!(Names::new([name]).is_err(), "{name}");
        }
    }

    #[test]
    fn local_names_are_added_once() {
        let names = Names::new(["localhost"]).expect("valid").with_local().with_local();
        assert_eq!(names.iter().filter(|name| *name == "localhost").count(), 1);
        assert!(names.iter().any(|name| name == "::1"));
    }
}
