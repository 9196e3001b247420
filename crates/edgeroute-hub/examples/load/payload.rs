//! What a message of the load looks like: its sender and number are in the properties and in the body.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Deserialize;

/// The sender and the number of a message. Numbers of a sender start at 0 and have no gaps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) sender: u32,
    pub(crate) number: u64,
}

/// A received message: its mark, the time at which it was sent, and the input that it came to.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) mark: Mark,
    /// Microseconds since 1970.
    pub(crate) sent: u64,
    pub(crate) input: String,
}

#[derive(Deserialize)]
struct Body {
    sender: u32,
    seq: u64,
    t: u64,
    pad: String,
}

/// Returns the time in microseconds since 1970.
pub(crate) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(u64::MAX))
}

/// Writes the property bag of a message that goes to `output`, as an SDK writes it.
pub(crate) fn bag(topic: &mut String, mark: Mark, output: &str) {
    let Mark { sender, number } = mark;
    let separator = if output.is_empty() { "" } else { "&" };
    if !output.is_empty() {
        let _ = write!(topic, "%24.on={output}");
    }
    let _ = write!(
        topic,
        "{separator}%24.mid={sender}-{number}&%24.ct=application%2Fjson&%24.ce=utf-8&sender={sender}&seq={number}"
    );
}

/// Writes the body of a message, padded to `bytes`.
pub(crate) fn body(body: &mut Vec<u8>, mark: Mark, sent: u64, bytes: usize) {
    use std::io::Write as _;
    body.clear();
    let Mark { sender, number } = mark;
    let _ = write!(body, r#"{{"sender":{sender},"seq":{number},"t":{sent},"pad":""#);
    let length = bytes.saturating_sub(2).max(body.len());
    body.resize(length, b'x');
    body.extend_from_slice(b"\"}");
}

/// Reads a message. Where the topic is that of an input, its properties must have the same mark as the body, and exactly
/// once.
pub(crate) fn read(topic: &str, payload: &[u8]) -> Result<Received, String> {
    let body: Body = serde_json::from_slice(payload).map_err(|error| format!("body: {error}"))?;
    if body.pad.bytes().any(|byte| byte != b'x') {
        return Err("body: the padding is not all `x`".into());
    }
    let mark = Mark { sender: body.sender, number: body.seq };
    let Some((_, path)) = topic.split_once("/inputs/") else {
        return Ok(Received { mark, sent: body.t, input: String::new() });
    };
    let (input, bag) = path.split_once('/').ok_or("topic: no slash after the input")?;
    let value = |name: &str| {
        let mut values = bag.split('&').filter_map(|pair| pair.split_once('=')).filter(|(key, _)| *key == name);
        let value = values.next().map(|(_, value)| value);
        if values.next().is_some() { None } else { value }
    };
    let sender = value("sender").and_then(|text| text.parse().ok()).ok_or("topic: no property `sender`")?;
    let number = value("seq").and_then(|text| text.parse().ok()).ok_or("topic: no property `seq`")?;
    if (Mark { sender, number }) != mark {
        return Err(format!("properties of {sender}-{number} with the body of {}-{}", mark.sender, mark.number));
    }
    if value("%24.mid") != Some(format!("{sender}-{number}").as_str()) {
        return Err(format!("topic: the message id is not {sender}-{number}"));
    }
    Ok(Received { mark, sent: body.t, input: input.to_owned() })
}
