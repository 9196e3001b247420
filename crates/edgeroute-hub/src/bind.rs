//! Binding ports, with errors that say what to do.

use std::fmt;
use std::fs;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

/// The use of the port for administration, which has a flag of its own.
pub const ADMINISTRATION: &str = "administration";

/// A port cannot be bound. Displays on one line what takes it, or what to do.
#[derive(Debug)]
pub struct BindError {
    address: SocketAddr,
    what: &'static str,
    error: io::Error,
}

impl BindError {
    /// Whether something else listens on the port.
    pub fn is_taken(&self) -> bool {
        self.error.kind() == ErrorKind::AddrInUse
    }

    /// Returns what is wrong.
    pub fn problem(&self) -> String {
        let Self { address, what, error } = self;
        let (port, address) = (address.port(), address.ip());
        match error.kind() {
            ErrorKind::PermissionDenied => format!("port {port} ({what}) needs a privilege"),
            ErrorKind::AddrInUse => match listener_of(port) {
                Some(process) => format!("port {port} of {address} ({what}) is taken by {process}"),
                None => format!("port {port} of {address} ({what}) is taken by another process"),
            },
            ErrorKind::AddrNotAvailable => format!("this computer does not have the address {address} ({what})"),
            _ => format!("cannot listen on {address}, port {port} ({what}): {error}"),
        }
    }

    /// Returns what to do about it.
    pub fn remedy(&self) -> Option<String> {
        let port = self.address.port();
        match self.error.kind() {
            ErrorKind::PermissionDenied => {
                let program = std::env::current_exe().unwrap_or_else(|_| "edgeroute".into());
                Some(format!(
                    "run `sudo setcap cap_net_bind_service=+ep {}` or `sudo sysctl net.ipv4.ip_unprivileged_port_start={port}`",
                    quote(&program.display().to_string())
                ))
            }
            ErrorKind::AddrInUse if self.what == ADMINISTRATION => {
                Some("stop it, or give another port with --admin, such as --admin 127.0.0.1:9601".to_owned())
            }
            ErrorKind::AddrNotAvailable if self.what == ADMINISTRATION => {
                Some("give one that it has with --admin".to_owned())
            }
            ErrorKind::AddrInUse => Some(
                "stop it, or give the hub an address of its own, such as --listen 127.0.0.2, and a name for it that is in \
                 /etc/hosts, with --hostname"
                    .to_owned(),
            ),
            ErrorKind::AddrNotAvailable => Some("give one that it has with --listen".to_owned()),
            _ => None,
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem())?;
        match self.remedy() {
            Some(remedy) => write!(f, ": {remedy}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for BindError {}

/// Binds a port. `what` names its use in errors.
pub async fn bind(address: SocketAddr, what: &'static str) -> Result<TcpListener, BindError> {
    TcpListener::bind(address).await.map_err(|error| BindError { address, what, error })
}

/// Quotes a text for a shell, if it needs it.
pub(crate) fn quote(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_./:=@%+,-".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

/// Finds the process that listens on a port, where Linux says it: for processes of the same user.
fn listener_of(port: u16) -> Option<String> {
    let sockets: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| inodes(&table, port))
        .map(|inode| format!("socket:[{inode}]"))
        .collect();
    if sockets.is_empty() {
        return None;
    }
    let mut processes: Vec<u32> =
        fs::read_dir("/proc").ok()?.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect();
    processes.sort_unstable();
    processes.into_iter().find_map(|process| {
        let directory = Path::new("/proc").join(process.to_string());
        let holds = fs::read_dir(directory.join("fd")).ok()?.flatten().any(|entry| {
            fs::read_link(entry.path()).is_ok_and(|target| sockets.iter().any(|socket| target == Path::new(socket)))
        });
        let name = fs::read_to_string(directory.join("comm")).unwrap_or_default();
        holds.then(|| format!("`{}` (process {process})", name.trim_end().escape_debug()))
    })
}

/// Returns the inodes of sockets that listen on a port, from a table of `/proc/net`.
fn inodes(table: &str, port: u16) -> Vec<u64> {
    const LISTENING: &str = "0A";
    let inode = |line: &str| {
        let fields: Vec<_> = line.split_ascii_whitespace().collect();
        let (local, state, inode) = (fields.get(1)?, fields.get(3)?, fields.get(9)?);
        let local = u16::from_str_radix(local.rsplit_once(':')?.1, 16).ok()?;
        (local == port && *state == LISTENING).then(|| inode.parse().ok())?
    };
    table.lines().skip(1).filter_map(inode).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_says_what_to_do() {
        let first = bind("127.0.0.1:0".parse().expect("an address"), "MQTT").await.expect("bound");
        let address = first.local_addr().expect("an address");
        let error = bind(address, "MQTT").await.expect_err("taken");
        assert!(error.is_taken());
        let text = error.to_string();
        let expected = format!("port {} of 127.0.0.1 (MQTT) is taken by `", address.port());
        assert!(text.starts_with(&expected), "{text}");
        assert!(text.contains(&format!("(process {})", std::process::id())), "{text}");
        assert!(text.contains("--listen 127.0.0.2") && !text.contains('\n'), "{text}");
        let text = bind(address, ADMINISTRATION).await.expect_err("taken").to_string();
        assert!(text.contains("--admin 127.0.0.1:9601") && !text.contains("--listen"), "{text}");
    }

    #[tokio::test]
    async fn an_address_of_another_computer_is_reported() {
        let error = bind("192.0.2.1:0".parse().expect("an address"), "MQTT").await.expect_err("not here");
        assert!(error.to_string().contains("does not have the address 192.0.2.1 (MQTT): give one"), "{error}");
    }

    #[test]
    fn a_missing_privilege_has_a_remedy() {
        let error = BindError {
            address: "127.0.0.1:443".parse().expect("an address"),
            what: "HTTPS",
            error: ErrorKind::PermissionDenied.into(),
        };
        let text = error.to_string();
        assert!(
            text.starts_with("port 443 (HTTPS) needs a privilege: run `sudo setcap cap_net_bind_service=+ep /"),
            "{text}"
        );
        assert!(text.contains("ip_unprivileged_port_start=443`"), "{text}");
    }

    #[test]
    fn texts_are_quoted_for_shells() {
        assert_eq!(quote("/a/b-c"), "/a/b-c");
        assert_eq!(quote("a b"), "'a b'");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
