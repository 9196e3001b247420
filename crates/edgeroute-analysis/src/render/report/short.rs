//! Writes a line for each finding, in the form that editors and terminals link: `file:line:column: severity[code]:
//! message`.

use core::fmt::Write as _;

use super::Report;
use edgeroute_lang::diagnostic::{bounded, quoted};

impl Report<'_> {
    /// Writes a line for each finding: its position, severity and code, the problem, and the name of the route. The
    /// output ends with a line break unless it is empty.
    #[must_use]
    pub fn short(&self) -> String {
        let mut out = String::new();
        for (file, finding) in self.findings() {
            let diagnostic = &finding.diagnostic;
            let position = file.position(diagnostic.primary.span.start());
            let (severity, code) = (diagnostic.severity, diagnostic.code);
            // Writing to a `String` cannot fail.
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
