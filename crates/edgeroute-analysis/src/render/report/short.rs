//! A line for each finding, as editors and terminals link it: `file:line:column: severity[code]: message`.

use core::fmt::Write as _;

use super::Report;
use crate::diagnostic::{bounded, quoted};

impl Report<'_> {
    /// A line for each finding: where it is, its severity and code, what is wrong, and the name of the route. Ends in a
    /// line break, if there is any.
    #[must_use]
    pub fn short(&self) -> String {
        let mut out = String::new();
        for (file, finding) in self.findings() {
            let diagnostic = &finding.diagnostic;
            let position = file.position(diagnostic.primary.span.start());
            let (severity, code) = (diagnostic.severity(), diagnostic.code);
            // A `String` takes every write.
            let _ = write!(out, "{}:{position}: {severity}[{code}]: ", bounded(file.name));
            out.push_str(&bounded(&diagnostic.message));
            if let Some(route) = &finding.route {
                let _ = write!(out, " (in route `{}`)", quoted(route));
            }
            out.push('\n');
        }
        out
    }
}
