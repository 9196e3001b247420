//! Compares the ledgers of senders with that of a receiver.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use crate::ledger::{self, Line};
use crate::payload::Mark;
use crate::seen::{Arrivals, Seen};
use crate::{Outcome, Result};

#[derive(Debug, Args)]
#[group(skip)]
pub(crate) struct Options {
    /// A ledger of `send`; several if several processes sent
    #[arg(long, value_name = "FILE", required = true)]
    sent: Vec<PathBuf>,
    /// A ledger of `sink`; several are parts of one, in this order
    #[arg(long, value_name = "FILE", required = true)]
    received: Vec<PathBuf>,
    /// Looks at this input only; without it, at all, where a message may come to one of them
    #[arg(long, value_name = "NAME")]
    input: Option<String>,
    /// Fails if more messages than this came twice
    #[arg(long, value_name = "N")]
    max_duplicates: Option<u64>,
    /// Does not fail if messages of a sender came in another order than they were sent
    #[arg(long)]
    any_order: bool,
    /// Does not fail if acknowledged messages were not received, as where a route takes only some
    #[arg(long)]
    any_lost: bool,
}

pub(crate) fn run(options: &Options) -> Result<Outcome> {
    let mut acknowledged = Seen::default();
    let mut twice = 0_u64;
    let mut senders = Vec::new();
    for path in &options.sent {
        ledger::read(path, |line| {
            match line {
                Line::Header(header) => senders.push(header.first..header.first.saturating_add(header.senders)),
                Line::Message { s, n, .. } => {
                    twice += u64::from(!acknowledged.insert(Mark { sender: s, number: n }));
                }
                Line::Bad { bad } => return Err(format!("not a ledger of `send`: {bad}").into()),
            }
            Ok(())
        })?;
    }
    let mut arrivals = Arrivals::default();
    let mut unexpected = 0_u64;
    let mut unexpected_examples = Vec::new();
    let mut expect_not = |what: String| {
        unexpected += 1;
        if unexpected_examples.len() < 10 {
            unexpected_examples.push(what);
        }
    };
    for path in &options.received {
        ledger::read(path, |line| {
            match line {
                Line::Message { i, .. } if options.input.as_ref().is_some_and(|input| *input != i) => {}
                Line::Message { s, n, .. } if senders.iter().any(|range| range.contains(&s)) => {
                    arrivals.record(Mark { sender: s, number: n });
                }
                Line::Message { s, n, .. } => expect_not(format!("message {n} of sender {s}, who did not send")),
                Line::Bad { bad } => expect_not(bad),
                Line::Header(_) => return Err("a ledger of `send` in place of one of `sink`".into()),
            }
            Ok(())
        })?;
    }
    let mut lost = 0_u64;
    let mut lost_examples = Vec::new();
    acknowledged.for_each(|mark| {
        if !arrivals.seen.contains(mark) {
            lost += 1;
            if lost_examples.len() < 10 {
                lost_examples.push(format!("sender {}: {}", mark.sender, mark.number));
            }
        }
    });
    let passed = unexpected == 0
        && (lost == 0 || options.any_lost)
        && (arrivals.disordered == 0 || options.any_order)
        && options.max_duplicates.is_none_or(|most| arrivals.duplicates <= most);
    let line = json!({
        "event": "compared", "acknowledged": acknowledged.len(), "acknowledged_twice": twice,
        "received": arrivals.seen.len(), "lost": lost, "duplicates": arrivals.duplicates,
        "disordered": arrivals.disordered, "unexpected": unexpected,
        "examples": {"lost": lost_examples, "disordered": arrivals.examples, "unexpected": unexpected_examples},
    });
    Ok(Outcome { line, passed })
}
