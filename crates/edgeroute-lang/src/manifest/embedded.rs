//! Finds manifests inside other JSON documents: templates of resources and devices, twins, lists of deployments.

use std::fmt::Write as _;

use super::document::{DESIRED, HUB, MODULES, ROUTES, SCHEMA_VERSION, STORE_AND_FORWARD};
use super::json::parse;
use crate::diagnostic::quoted_up_to;
use crate::span::Span;
use crate::steps;

/// The maximum number of containers around a manifest. Deeper ones are not found.
const MAX_DEPTH: usize = 64;
/// The maximum number of manifests that are found in one document.
const MAX_FOUND: usize = 10_000;
/// The maximum number of characters of a key in a path.
const MAX_KEY: usize = 60;

/// A part of a JSON document that is a manifest by itself.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Embedded {
    /// The path from the root to the part, such as `resources[0].properties`. Empty if the whole document is a manifest.
    /// Keys that are not plain words are in brackets and quotes; long keys are shortened.
    pub path: String,
    /// The span of the part: a JSON object that [`Manifest::parse`](super::Manifest::parse) reads.
    pub span: Span,
    /// What the part is.
    pub form: EmbeddedForm,
}

/// The form of a manifest inside another document.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
#[non_exhaustive]
pub enum EmbeddedForm {
    /// An object with `modulesContent`, which has `$edgeHub`: a deployment.
    Deployment,
    /// An object with `$edgeHub` whose key is not `modulesContent`.
    Modules,
    /// The hub's desired properties: in its module twin under `properties` -> `desired`, or alone.
    HubProperties,
}

/// Finds the manifests in a JSON document, at most 10,000, in the order of the text. Looks at names and structure only,
/// so a part that is found may have problems. Empty if the text is not valid JSON. One pass, without recursion.
///
/// ```
/// use edgeroute::Manifest;
/// use edgeroute_lang::manifest::{EmbeddedForm, embedded_manifests};
///
/// let twin = r#"{ "moduleId": "$edgeHub", "properties": { "desired": {
///     "schemaVersion": "1.1", "routes": {}, "storeAndForwardConfiguration": {} }, "reported": {} } }"#;
/// let found = embedded_manifests(twin);
/// assert_eq!((found[0].path.as_str(), found[0].form), ("properties.desired", EmbeddedForm::HubProperties));
/// assert!(Manifest::from_json(found[0].span.slice(twin)).is_ok());
/// ```
#[must_use]
pub fn embedded_manifests(text: &str) -> Vec<Embedded> {
    match parse(text) {
        Ok(root) => Search::new(text).run(root.span().start() as usize),
        Err(_) => Vec::new(),
    }
}

/// An open container.
struct Frame<'t> {
    /// The offset of its opening bracket.
    start: usize,
    /// The key in the parent that leads to it; empty for an element of an array and for the root.
    key: &'t str,
    /// The length of the path to it.
    path: usize,
    /// The number of elements before the current one; `None` for an object.
    index: Option<usize>,
    /// The key of the current member.
    member: &'t str,
    has: Contents,
}

/// What an object contains.
#[derive(Copy, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "they are independent of each other")]
struct Contents {
    schema_version: bool,
    routes: bool,
    store_and_forward: bool,
    /// The key `properties.desired`, or one that starts with it.
    desired: bool,
    /// The key `$edgeHub`, with an object that has `desired`.
    hub: bool,
    /// The key `modulesContent`, with an object that has `hub`.
    modules: bool,
}

impl Contents {
    fn form(self) -> Option<EmbeddedForm> {
        if self.modules {
            Some(EmbeddedForm::Deployment)
        } else if self.hub {
            Some(EmbeddedForm::Modules)
        } else if self.store_and_forward || (self.routes && self.schema_version) {
            Some(EmbeddedForm::HubProperties)
        } else {
            None
        }
    }
}

/// A pass over valid JSON.
struct Search<'t> {
    text: &'t str,
    frames: Vec<Frame<'t>>,
    /// The number of open containers below the last frame.
    too_deep: usize,
    /// The path to the last frame.
    path: String,
    found: Vec<Embedded>,
    is_json_schema: bool,
}

impl<'t> Search<'t> {
    const fn new(text: &'t str) -> Self {
        Self { text, frames: Vec::new(), too_deep: 0, path: String::new(), found: Vec::new(), is_json_schema: false }
    }

    fn run(mut self, start: usize) -> Vec<Embedded> {
        let bytes = self.text.as_bytes();
        steps::steps(bytes.len());
        let mut at = start;
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'"' => {
                    let end = end_of_string(bytes, at);
                    self.string(at, end);
                    at = end;
                    continue;
                }
                b'{' | b'[' => self.open(at, byte == b'['),
                b'}' | b']' => self.close(at + 1),
                b',' if self.too_deep == 0 => {
                    if let Some(index) = self.frames.last_mut().and_then(|frame| frame.index.as_mut()) {
                        *index += 1;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        if self.is_json_schema { Vec::new() } else { self.found }
    }

    /// Notes a string if it is a key.
    fn string(&mut self, start: usize, end: usize) {
        let is_root = self.frames.len() == 1;
        let Some(frame) = self.frames.last_mut().filter(|frame| self.too_deep == 0 && frame.index.is_none()) else {
            return;
        };
        let after = self.text.get(end..).unwrap_or_default();
        let key = self.text.get(start + 1..end.saturating_sub(1)).unwrap_or_default();
        if !after.trim_start_matches([' ', '\t', '\n', '\r']).starts_with(':') {
            // A schema of manifests has their keys, but is not one.
            self.is_json_schema |= is_root && frame.member == "$schema" && key.contains("json-schema.org/");
            return;
        }
        frame.member = key;
        frame.has.schema_version |= key == SCHEMA_VERSION;
        frame.has.desired |= key.strip_prefix(DESIRED).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    }

    fn open(&mut self, at: usize, is_array: bool) {
        if self.too_deep > 0 || self.frames.len() >= MAX_DEPTH {
            self.too_deep += 1;
            return;
        }
        let path = self.path.len();
        let mut key = "";
        if let Some(parent) = self.frames.last_mut() {
            if let Some(index) = parent.index {
                // Writing to a `String` cannot fail.
                let _ = write!(self.path, "[{index}]");
            } else {
                key = parent.member;
                push_key(&mut self.path, key);
                parent.has.routes |= !is_array && key.eq_ignore_ascii_case(ROUTES);
                parent.has.store_and_forward |= !is_array && key.eq_ignore_ascii_case(STORE_AND_FORWARD);
            }
        }
        let index = is_array.then_some(0);
        self.frames.push(Frame { start: at, key, path, index, member: "", has: Contents::default() });
    }

    fn close(&mut self, end: usize) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let Some(frame) = self.frames.pop() else { return };
        if let Some(form) = frame.has.form() {
            // What contains a manifest and is one itself is one manifest.
            let span = Span::from_range(frame.start..end);
            while self.found.pop_if(|found| found.span.start() >= span.start()).is_some() {}
            if self.found.len() < MAX_FOUND {
                self.found.push(Embedded { path: self.path.clone(), span, form });
            }
        }
        if let Some(parent) = self.frames.last_mut() {
            parent.has.hub |= frame.key == HUB && frame.has.desired;
            parent.has.modules |= frame.key == MODULES && frame.has.hub;
        }
        self.path.truncate(frame.path);
    }
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

/// Appends a key to a path.
fn push_key(path: &mut String, key: &str) {
    let is_plain = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-$".contains(&byte));
    let shown = quoted_up_to(key, MAX_KEY);
    if !is_plain {
        let _ = write!(path, "[\"{shown}\"]");
        return;
    }
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(&shown);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    const HUB_PROPERTIES: &str = r#"{"schemaVersion": "1.1", "routes": {}, "storeAndForwardConfiguration": {}}"#;

    fn modules() -> String {
        format!(
            r#"{{"$edgeAgent": {{"properties.desired": {{"schemaVersion": "1.1"}}}},
                "$edgeHub": {{"properties.desired": {HUB_PROPERTIES}}}}}"#
        )
    }

    #[track_caller]
    fn check(text: &str, expected: &[(&str, EmbeddedForm)]) {
        let found = embedded_manifests(text);
        let seen: Vec<(&str, EmbeddedForm)> = found.iter().map(|part| (&*part.path, part.form)).collect();
        assert_eq!(seen, expected, "{text}");
        for part in &found {
            assert!(Manifest::from_json(part.span.slice(text)).is_ok(), "{}", part.span.slice(text));
        }
    }

    #[test]
    fn manifests_are_found_wherever_tools_put_them() {
        use EmbeddedForm::{Deployment, HubProperties, Modules};
        let modules = modules();
        let deployment = format!(r#"{{"modulesContent": {modules}}}"#);
        let resource = format!(r#"{{"resources": [{{"name": "x"}}, {{"properties": {deployment}}}]}}"#);
        check(&resource, &[("resources[1].properties", Deployment)]);
        let device = format!(r#"[{{"@id": "dtmi:a;1", "deploymentManifest": {deployment}}}]"#);
        check(&device, &[("[0].deploymentManifest", Deployment)]);
        let list = format!(r#"[{{"id": "a", "content": {deployment}}}, {{"id": "b", "content": {deployment}}}]"#);
        check(&list, &[("[0].content", Deployment), ("[1].content", Deployment)]);
        let old = format!(r#"{{"content": {{"moduleContent": {modules}}}}}"#);
        check(&old, &[("content.moduleContent", Modules)]);
        let twin = format!(r#"{{"moduleId": "$edgeHub", "properties": {{"desired": {HUB_PROPERTIES}}}}}"#);
        check(&twin, &[("properties.desired", HubProperties)]);
        let export = format!(r#"{{"devices": {{"edge 1": {{"modules": {{"$edgeHub": {twin}}}}}}}}}"#);
        check(&export, &[(r#"devices["edge 1"].modules.$edgeHub.properties.desired"#, HubProperties)]);
        check(&deployment, &[("", Deployment)]);
        let layer = r#"{"a": {"$edgeHub": {"properties.desired.routes.up": "FROM /* INTO $upstream"}}}"#;
        check(layer, &[("a", Modules)]);
    }

    #[test]
    fn other_documents_have_none() {
        for text in [
            "",
            "{",
            "[]",
            "\"modulesContent\"",
            r#"{"modulesContent": {"$edgeAgent": {"properties.desired": {"schemaVersion": "1.1", "modules": {}}}}}"#,
            r#"{"routes": ["a"], "schemaVersion": "1.1"}"#,
            r#"{"routes": {"/": "index"}}"#,
            r#"{"$schema": "http://json-schema.org/draft-07/schema#",
                "definitions": {"routes": {}, "schemaVersion": {}, "storeAndForwardConfiguration": {}}}"#,
            r#"{"a": "\"$edgeHub\": {\"properties.desired\": {}}"}"#,
        ] {
            check(text, &[]);
        }
    }

    #[test]
    fn depth_and_number_are_bounded() {
        let deep = |depth: usize| format!("{}{HUB_PROPERTIES}{}", "[".repeat(depth), "]".repeat(depth));
        assert_eq!(embedded_manifests(&deep(MAX_DEPTH - 2)).len(), 1);
        assert_eq!(embedded_manifests(&deep(MAX_DEPTH)).len(), 0);
        assert_eq!(embedded_manifests(&deep(1_000_000)).len(), 0);
        let many = format!("[{HUB_PROPERTIES}{}]", format!(",{HUB_PROPERTIES}").repeat(MAX_FOUND));
        assert_eq!(embedded_manifests(&many).len(), MAX_FOUND);
        let long = format!(r#"{{"{}": {HUB_PROPERTIES}}}"#, "k".repeat(10_000));
        assert!(embedded_manifests(&long).first().is_some_and(|found| found.path.len() < 100));
    }
}
