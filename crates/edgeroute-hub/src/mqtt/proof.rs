use std::time::Duration;

use tokio::time::Instant;

/// How long after the last byte was handed to the system a client has to be heard. TCP tries several times meanwhile, so
/// what comes later comes over a connection that works.
const PROOF: Duration = Duration::from_secs(30);

/// The desired properties that a client was sent, until it has certainly received them.
#[derive(Debug, Default)]
pub(super) struct Proof {
    version: Option<u64>,
    /// When the client was first heard after everything had been written.
    written: Option<Instant>,
}

impl Proof {
    /// Records that a version is written to the client next.
    pub(super) const fn sent(&mut self, version: u64) {
        *self = Self { version: Some(version), written: None };
    }

    /// Records that the client was heard. Returns the version that it has received, once.
    pub(super) fn heard(&mut self, now: Instant, is_all_written: bool) -> Option<u64> {
        self.version?;
        match self.written {
            Some(written) if now.duration_since(written) >= PROOF => self.version.take(),
            None if is_all_written => {
                self.written = Some(now);
                None
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_is_heard_later_has_received_what_was_written() {
        let start = Instant::now();
        let mut proof = Proof::default();
        assert_eq!(proof.heard(start, true), None);
        proof.sent(7);
        assert_eq!(proof.heard(start, false), None);
        // Nothing counts before everything is written.
        let written = start + 2 * PROOF;
        assert_eq!(proof.heard(written, true), None);
        assert_eq!(proof.heard(written + PROOF / 2, true), None);
        // A newer version starts anew.
        proof.sent(8);
        assert_eq!(proof.heard(written + PROOF, true), None);
        assert_eq!(proof.heard(written + 2 * PROOF, false), Some(8));
        assert_eq!(proof.heard(written + 3 * PROOF, true), None);
    }
}
