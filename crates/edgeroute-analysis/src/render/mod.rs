//! Writes tables, findings, explanations and comparisons as pictures, text and JSON.

mod annotate;
mod coverage;
mod difference;
mod difference_json;
mod explanation;
mod explanation_json;
mod paint;
mod picture;
mod report;
mod topology_text;

pub use coverage::{coverage_json, coverage_text};
pub use difference::{diff_text, message_difference_text};
pub use difference_json::{diff_json, message_difference_json};
pub use explanation::{SourceDetail, TextStyle, explanation_text, expression_text, route_explanation_text};
pub use explanation_json::{ExplanationJson, route_explanation_json};
pub use paint::Color;
pub use picture::Picture;
#[cfg(feature = "svg")]
pub use picture::TooLarge;
pub use report::{FileReport, FindingIdentity, Report, Unreadable};
pub use topology_text::topology_text;
