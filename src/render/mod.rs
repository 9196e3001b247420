//! What was compiled, what was found, and what became of messages, as pictures, text and JSON.

mod annotate;
mod coverage;
mod explanation;
mod explanation_json;
mod paint;
mod report;
mod tree;

pub use coverage::{coverage_json, coverage_text};
pub use explanation::{SourceDetail, TextStyle, explanation_text, route_explanation_text};
pub use explanation_json::{ExplanationJson, route_explanation_json};
pub use paint::Color;
pub use report::{FileReport, Report, Unreadable};
pub use tree::tree_dot;
