//! Whether a client is who it says.

use std::fmt;
use std::time::Duration;

use super::sas::{InvalidToken, Token};
use super::{ClientId, Identities, Identity, InvalidUsername, Key, Username};
use crate::clock::Timestamp;

/// The rules by which tokens are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The host names of this hub, beside the name of the hub in the cloud. A token may be for any of them.
    pub gateway_hosts: Vec<String>,
    /// How long a token is accepted after it has expired, for clients whose clocks differ. For development.
    pub skew: Duration,
    /// Whether a module may sign a token for itself with a key of its device.
    pub device_keys: bool,
}

impl Default for Policy {
    /// Tokens are for the hub in the cloud only, are accepted for 5 minutes after they have expired, and a module signs
    /// with its own keys.
    fn default() -> Self {
        Self { gateway_hosts: Vec::new(), skew: Duration::from_secs(300), device_keys: false }
    }
}

/// A client that is who it says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authenticated {
    /// The client.
    pub client: ClientId,
    /// The key that signed its token.
    pub key: Key,
    /// When the connection has to end, if ever.
    pub expires: Option<Timestamp>,
    /// The SDK's description of itself.
    pub agent: Option<String>,
}

impl Identities {
    /// Checks the CONNECT packet of a client: first that the user name and the client id name the same client, then that
    /// the hub knows it and it is enabled, then the token. Does not touch the disk.
    pub fn authenticate(
        &self,
        user_name: Option<&str>,
        client_id: &str,
        password: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<Authenticated, Refusal> {
        let name = Username::parse(user_name.unwrap_or_default()).map_err(Kind::UserName)?;
        let client = name.client;
        if client.to_string() != client_id {
            return Err(Kind::ClientId(client).into());
        }
        let identity = self.enabled(&client)?;
        if name.auth_chain.is_some() {
            return Err(Kind::Nested.into());
        }
        let password = password.ok_or(Kind::NoToken)?;
        let token = std::str::from_utf8(password).map_err(|_| Kind::NotText)?;
        let (key, expires) = self.check_token(&client, &identity, token, now)?;
        Ok(Authenticated { client, key, expires: Some(expires), agent: name.agent })
    }

    /// Checks a token that a client uses for a request, such as the header `Authorization` of HTTP. Returns when it
    /// expires. Does not touch the disk.
    pub fn verify(&self, client: &ClientId, token: &str, now: Timestamp) -> Result<Timestamp, Refusal> {
        let identity = self.enabled(client)?;
        self.check_token(client, &identity, token, now).map(|(_, expires)| expires)
    }

    /// Whether a client that signed its token with a key may still be connected.
    pub fn accepts(&self, client: &ClientId, key: &Key) -> bool {
        let has = |identity: &Identity| identity.primary_key == *key || identity.secondary_key == *key;
        let device = client.module_id().and_then(|_| self.get(&client.to_device())).filter(|device| device.enabled);
        self.enabled(client).is_ok_and(|identity| has(&identity) || device.is_some_and(|device| has(&device)))
    }

    fn enabled(&self, client: &ClientId) -> Result<Identity, Refusal> {
        let identity = self.get(client).ok_or(Kind::Unknown)?;
        if identity.enabled { Ok(identity) } else { Err(Kind::Disabled.into()) }
    }

    fn check_token(
        &self,
        client: &ClientId,
        identity: &Identity,
        token: &str,
        now: Timestamp,
    ) -> Result<(Key, Timestamp), Refusal> {
        let policy = self.policy();
        let token = Token::parse(token).map_err(Kind::Token)?;
        let audience = token.audience().ok_or(Kind::NoAudience)?;
        let mut hosts = policy.gateway_hosts.iter().map(String::as_str).chain([self.hub_host()]);
        if !hosts.any(|host| host.eq_ignore_ascii_case(&audience.host)) {
            return Err(Kind::Host { found: shown(&audience.host), expected: self.hub_host().to_owned() }.into());
        }
        let is_own = audience.client.eq_ignore_case(client);
        let is_of_device = client.module_id().is_some() && audience.client.eq_ignore_case(&client.to_device());
        if !is_own && !is_of_device {
            return Err(Kind::Audience(shown(&audience.client.to_string())).into());
        }
        // A token for a device is good for its modules, whoever of the two signed it.
        let device = if is_of_device || (policy.device_keys && client.module_id().is_some()) {
            self.get(&client.to_device()).filter(|device| device.enabled)
        } else {
            None
        };
        let keys = [Some(identity), device.as_ref()].into_iter().flatten();
        let keys = keys.flat_map(|identity| [&identity.primary_key, &identity.secondary_key]);
        let key = token.signer(keys).ok_or(Kind::Signature)?.clone();
        let skew = u64::try_from(policy.skew.as_millis()).unwrap_or(u64::MAX);
        let expires = token.expires().plus_millis(skew);
        if expires <= now {
            return Err(Kind::Expired { at: token.expires(), now }.into());
        }
        Ok((key, expires))
    }
}

/// Shortens what a client sent, for a message.
fn shown(text: &str) -> String {
    text.chars().take(200).flat_map(char::escape_debug).collect()
}

/// Why a client is not accepted. Displays the reason without keys, tokens or signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    UserName(InvalidUsername),
    ClientId(ClientId),
    Unknown,
    Disabled,
    Nested,
    NoToken,
    NotText,
    Token(InvalidToken),
    NoAudience,
    Host { found: String, expected: String },
    Audience(String),
    Signature,
    Expired { at: Timestamp, now: Timestamp },
    Unavailable,
}

impl Refusal {
    /// The hub does not know the client.
    pub const UNKNOWN: Self = Self { kind: Kind::Unknown };

    /// The hub cannot check the client now, so the client should try again.
    pub const UNAVAILABLE: Self = Self { kind: Kind::Unavailable };

    /// Whether trying again with the same credentials is useless. Then CONNACK has code 5, on which the SDK for Python
    /// gives up for good, else 3.
    pub const fn is_certain(&self) -> bool {
        !matches!(self.kind, Kind::Unavailable)
    }

    /// Returns the label that metrics count the refusal under.
    pub const fn label(&self) -> &'static str {
        match &self.kind {
            Kind::UserName(_) => "user_name",
            Kind::ClientId(_) => "client_id",
            Kind::Unknown => "unknown_identity",
            Kind::Disabled => "disabled",
            Kind::Nested => "nested",
            Kind::NoToken => "no_token",
            Kind::NotText | Kind::Token(_) => "malformed_token",
            Kind::NoAudience | Kind::Host { .. } | Kind::Audience(_) => "audience",
            Kind::Signature => "signature",
            Kind::Expired { .. } => "expired",
            Kind::Unavailable => "unavailable",
        }
    }
}

impl From<Kind> for Refusal {
    fn from(kind: Kind) -> Self {
        Self { kind }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::UserName(error) => write!(f, "{error}"),
            Kind::ClientId(client) => write!(f, "the client id is not `{client}`, which the user name names"),
            Kind::Unknown => f.write_str("the hub has no such identity"),
            Kind::Disabled => f.write_str("the identity is disabled"),
            Kind::Nested => f.write_str("the client connects through another edge device, which is not supported"),
            Kind::NoToken => f.write_str("there is no token; certificates of clients are not supported"),
            Kind::NotText => f.write_str("malformed token: it is not UTF-8"),
            Kind::Token(error) => write!(f, "{error}"),
            Kind::NoAudience => f.write_str("the token is not for a device or module"),
            Kind::Host { found, expected } => {
                write!(f, "the token is for the hub `{found}`; this one is `{expected}`")
            }
            Kind::Audience(found) => write!(f, "the token is for `{found}`"),
            Kind::Signature => f.write_str("the token is not signed with a key of the identity"),
            Kind::Expired { at, now } => {
                write!(f, "the token expired at {}, and it is {}", at.to_rfc3339(), now.to_rfc3339())
            }
            Kind::Unavailable => f.write_str("the identities cannot be read now"),
        }
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests;
