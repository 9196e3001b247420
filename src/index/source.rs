//! Finds the groups of routes that accept the source of a message. This is a trie over the segments of paths, in which
//! every prefix of the source is accepted.

use super::hash::{HashSeed, Name, Words};
use super::id::GroupId;
use crate::tuning::PLACES_PER_SEGMENT;
use edgeroute_lang::hash_map::RandomMap;
use edgeroute_lang::id::{define_id, to_u32};
use edgeroute_lang::message::MessageSource;
use edgeroute_lang::source::{SourcePattern, trimmed};
use edgeroute_lang::steps;
use edgeroute_lang::text::eq_ignore_case;

define_id! {
    /// A node of the trie.
    pub(crate) struct SourceId
}

/// The trie. A single hash table over (parent, segment) finds the children.
#[derive(Debug)]
pub(crate) struct Sources {
    nodes: Box<[SourceNode]>,
    /// The number of places is a power of two, and at most half of them are taken.
    places: Box<[Place]>,
    segments: Box<str>,
    /// The nodes of `/messages/` and `/messages/modules/`, with which most paths begin.
    messages: Option<SourceId>,
    modules: Option<SourceId>,
    /// The number of nodes of the longest path.
    longest: usize,
}

/// A node: a path that ends in `/`.
#[derive(Debug, Clone)]
struct SourceNode {
    parent: SourceId,
    /// The last segment, if it is short.
    words: Words,
    is_short: bool,
    /// Whether longer paths continue from this node.
    is_inner: bool,
    /// The start of the last segment, in upper case, in `segments`.
    start: u32,
    end: u32,
    /// The routes from exactly this path, or [none](Self::no_group).
    group: GroupId,
    /// The node of this path followed by `outputs/`. Without such a node, this is the root, which is never a child.
    outputs: SourceId,
}

#[derive(Copy, Clone, Debug)]
struct Place {
    tag: u32,
    node: u32,
}

const FREE: Place = Place { tag: 0, node: u32::MAX };

/// Builds the trie from upper-case paths and their groups.
#[derive(Debug, Default)]
pub(crate) struct SourcesBuilder {
    /// Maps each path, without the slashes at its ends, to its group.
    paths: RandomMap<Box<str>, GroupId>,
    /// A buffer for the current path, so that a known path costs no allocation.
    path: String,
}

impl SourcesBuilder {
    /// Returns the group of the routes from `pattern`; `new` creates the group if it does not exist.
    pub(crate) fn group(&mut self, pattern: &SourcePattern, new: impl FnOnce() -> GroupId) -> GroupId {
        self.path.clear();
        if pattern.as_str().is_ascii() {
            self.path.push_str(pattern.as_str());
            self.path.make_ascii_uppercase();
        } else {
            self.path.extend(pattern.folded());
        }
        let path = self.path.trim_end_matches('/');
        let path = path.split_once('/').map_or("", |(_, path)| path);
        group_of_path(&mut self.paths, path, new)
    }

    /// Returns the paths in the order of their groups.
    #[cfg(feature = "parallel")]
    pub(super) fn into_paths(self) -> Vec<Box<str>> {
        let mut paths: Vec<(GroupId, Box<str>)> = self.paths.into_iter().map(|(path, group)| (group, path)).collect();
        paths.sort_unstable_by_key(|(group, _)| *group);
        paths.into_iter().map(|(_, path)| path).collect()
    }

    /// Returns the group of the routes from a path that [`into_paths`](Self::into_paths) returned.
    #[cfg(feature = "parallel")]
    pub(super) fn group_of_path(&mut self, path: &str, new: impl FnOnce() -> GroupId) -> GroupId {
        group_of_path(&mut self.paths, path, new)
    }

    pub(crate) fn finish(self, key: &HashSeed) -> Sources {
        let mut paths: Vec<(Box<str>, GroupId)> = self.paths.into_iter().collect();
        paths.sort_unstable_by(|(a, _), (b, _)| a.split('/').cmp(b.split('/')));
        let root = SourceId::new(0);
        let mut nodes = vec![SourceNode::new(root, "", 0)];
        let mut segments = String::new();
        let (mut messages, mut modules) = (None, None);
        let mut longest = 1;
        // The segments of the previous path and their nodes. The paths are sorted, so a path can share nodes only with
        // the previous one.
        let mut before: Vec<(&str, SourceId)> = Vec::new();
        for (path, group) in &paths {
            let mut parent = root;
            let path = (!path.is_empty()).then(|| path.split('/'));
            for (depth, segment) in path.into_iter().flatten().enumerate() {
                if let Some(&(_, known)) = before.get(depth).filter(|(known, _)| *known == segment) {
                    parent = known;
                    continue;
                }
                steps::bytes(segment.len());
                let id = SourceId::new(nodes.len());
                nodes.push(SourceNode::new(parent, segment, segments.len()));
                segments.push_str(segment);
                match segment {
                    "MESSAGES" if parent == root => messages = Some(id),
                    "MODULES" if Some(parent) == messages => modules = Some(id),
                    _ => {}
                }
                if let Some(parent) = nodes.get_mut(parent.index()) {
                    parent.is_inner = true;
                    if segment == "OUTPUTS" {
                        parent.outputs = id;
                    }
                }
                before.truncate(depth);
                before.push((segment, id));
                longest = longest.max(before.len() + 1);
                parent = id;
            }
            if let Some(node) = nodes.get_mut(parent.index()) {
                node.group = *group;
            }
        }
        let count = (nodes.len() * PLACES_PER_SEGMENT).next_power_of_two();
        let mut places = vec![FREE; count];
        for (index, node) in nodes.iter().enumerate().skip(1) {
            let segment = segments.get(node.start as usize..node.end as usize).unwrap_or_default();
            let (mut at, tag) = place(key, node.parent, Name::of(segment), count);
            while places.get(at).is_some_and(|place| place.node != FREE.node) {
                steps::step();
                at = (at + 1) & (count - 1);
            }
            if let Some(place) = places.get_mut(at) {
                *place = Place { tag, node: to_u32(index) };
            }
        }
        Sources { nodes: nodes.into(), places: places.into(), segments: segments.into(), messages, modules, longest }
    }
}

fn group_of_path(paths: &mut RandomMap<Box<str>, GroupId>, path: &str, new: impl FnOnce() -> GroupId) -> GroupId {
    if let Some(&group) = paths.get(path) {
        return group;
    }
    let group = new();
    paths.insert(path.into(), group);
    group
}

impl SourceNode {
    /// Creates a node without routes and children. Its segment begins at `start`.
    fn new(parent: SourceId, segment: &str, start: usize) -> Self {
        let words = Name::of(segment).words();
        Self {
            parent,
            words: words.unwrap_or_default(),
            is_short: words.is_some(),
            is_inner: false,
            start: to_u32(start),
            end: to_u32(start + segment.len()),
            group: Self::no_group(),
            outputs: SourceId::new(0),
        }
    }

    /// Returns an id that means no group; no index has this many groups.
    fn no_group() -> GroupId {
        GroupId::new(usize::MAX)
    }

    #[inline]
    fn group(&self) -> Option<GroupId> {
        (self.group != Self::no_group()).then_some(self.group)
    }

    #[inline]
    fn outputs(&self) -> Option<SourceId> {
        (self.outputs.index() != 0).then_some(self.outputs)
    }
}

/// Returns the place of the child of `parent` by `segment`, and its tag.
#[inline]
fn place(key: &HashSeed, parent: SourceId, segment: Name<'_>, count: usize) -> (usize, u32) {
    let hash = key.combine(key.name(segment), parent.index() as u64);
    let at = usize::try_from(hash & (count as u64).wrapping_sub(1)).unwrap_or_default();
    (at, u32::try_from(hash >> 32).unwrap_or_default())
}

impl Sources {
    /// Calls `visit` with the group of every path that is a prefix of the source.
    #[inline]
    pub(crate) fn for_each_group(&self, key: &HashSeed, source: MessageSource<'_>, mut visit: impl FnMut(GroupId)) {
        let root = Some(SourceId::new(0));
        match source {
            MessageSource::Module { module, output } => {
                let (Some(module), Some(output)) =
                    (plain(module), output.map_or(Some(None), |output| plain(output).map(Some)))
                else {
                    return self.for_each_segment(key, source, &mut visit);
                };
                self.accept(root, &mut visit);
                self.accept(self.messages, &mut visit);
                self.accept(self.modules, &mut visit);
                let Some(module) = self.modules.and_then(|modules| self.named_child(key, modules, module)) else {
                    return;
                };
                self.accept(Some(module), &mut visit);
                let Some(output) = output else {
                    return;
                };
                let Some(outputs) = self.node(module).and_then(SourceNode::outputs) else {
                    return;
                };
                self.accept(Some(outputs), &mut visit);
                let output = self.named_child(key, outputs, output);
                self.accept(output, &mut visit);
            }
            MessageSource::Telemetry => {
                self.accept(root, &mut visit);
                self.accept(self.messages, &mut visit);
            }
            MessageSource::TwinChange | MessageSource::Other(_) => self.for_each_segment(key, source, &mut visit),
        }
    }

    /// Handles the general case: a source whose parts contain slashes or end in characters that are trimmed, or a
    /// source that is one of the hub's own.
    fn for_each_segment(&self, key: &HashSeed, source: MessageSource<'_>, visit: &mut impl FnMut(GroupId)) {
        let [head, module, outputs, output] = trimmed(source);
        if !head.is_empty() && !head.starts_with('/') {
            return;
        }
        let root = SourceId::new(0);
        self.accept(Some(root), visit);
        let mut at = Some(root);
        let mut follow = |segments: &str| {
            for segment in segments.split('/') {
                steps::step();
                at = at.and_then(|parent| self.child(key, parent, segment));
                self.accept(at, visit);
            }
        };
        if let Some(head) = head.strip_prefix('/') {
            follow(head.strip_suffix('/').unwrap_or(head));
        }
        if !outputs.is_empty() {
            follow(module);
            follow("outputs");
            if !output.is_empty() {
                follow(output);
            }
        } else if !module.is_empty() {
            follow(module);
        }
    }

    #[inline]
    fn node(&self, id: SourceId) -> Option<&SourceNode> {
        self.nodes.get(id.index())
    }

    #[inline]
    fn accept(&self, id: Option<SourceId>, visit: &mut impl FnMut(GroupId)) {
        if let Some(group) = id.and_then(|id| self.node(id)).and_then(SourceNode::group) {
            visit(group);
        }
    }

    fn child(&self, key: &HashSeed, parent: SourceId, segment: &str) -> Option<SourceId> {
        self.named_child(key, parent, Name::of(segment))
    }

    #[inline]
    fn named_child(&self, key: &HashSeed, parent: SourceId, segment: Name<'_>) -> Option<SourceId> {
        if !self.node(parent)?.is_inner {
            return None;
        }
        let (mut at, tag) = place(key, parent, segment, self.places.len());
        loop {
            steps::step();
            // Half of the places are free, so this terminates.
            let place = self.places.get(at)?;
            let node = self.nodes.get(place.node as usize)?;
            if (place.tag, node.parent) == (tag, parent) && self.is(node, segment) {
                return Some(SourceId::new(place.node as usize));
            }
            at = (at + 1) & (self.places.len() - 1);
        }
    }

    #[inline]
    fn is(&self, node: &SourceNode, segment: Name<'_>) -> bool {
        match segment {
            Name::Short(words) => node.is_short && node.words == words,
            Name::Other(segment) => eq_ignore_case(self.segment(node), segment),
        }
    }

    fn segment(&self, node: &SourceNode) -> &str {
        self.segments.get(node.start as usize..node.end as usize).unwrap_or_default()
    }

    /// Lists every path that has a group, in upper case and sorted.
    pub(crate) fn groups(&self) -> Vec<(String, GroupId)> {
        let mut all: Vec<(String, GroupId)> = self
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(index, node)| node.group().map(|group| (self.path(SourceId::new(index)), group)))
            .collect();
        all.sort();
        all
    }

    fn path(&self, id: SourceId) -> String {
        let mut segments = Vec::new();
        let mut at = id;
        while at.index() != 0 {
            let Some(node) = self.node(at) else { break };
            segments.push(self.segment(node));
            at = node.parent;
        }
        segments.push("");
        segments.reverse();
        segments.join("/") + "/"
    }

    /// Returns the maximum number of groups that a source can have.
    pub(crate) const fn most_groups(&self) -> usize {
        self.longest
    }

    /// Returns the number of bytes on the heap.
    pub(crate) fn heap_bytes(&self) -> usize {
        size_of_val(&*self.nodes) + size_of_val(&*self.places) + self.segments.len()
    }
}

/// Returns a part as a name if it is exactly one segment: not empty, no slash in it, and no white space at its end.
#[inline]
fn plain(piece: &str) -> Option<Name<'_>> {
    let bytes = piece.as_bytes();
    if !bytes.last().is_some_and(u8::is_ascii_graphic) {
        return None;
    }
    match Words::of(bytes) {
        Some(words) => (!words.contains(b'/')).then(|| words.folded().map_or(Name::Other(piece), Name::Short)),
        None => (!bytes.contains(&b'/')).then(|| Name::of(piece)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_trie_accepts_exactly_the_sources_that_the_patterns_accept() {
        let paths = [
            "/*",
            "/messages/*",
            "/messages/modules/*",
            "/messages/modules/m",
            "/messages/modules/M/outputs/*",
            "/messages/modules/m/outputs/O",
            "/messages/modules/m/x",
            "/messages/modules/é/outputs/*",
            "/twinChangeNotifications",
            "/x/y",
            "/messages/modules/*/outputs/o",
            // Segments with these names in positions where the hub does not put them.
            "/messages/x/modules/m/*",
            "/x/messages/modules/m/*",
        ];
        let modules = ["m", "M", "m2", "m/x", "m ", "m /", "//", "É", "é/", "m/outputs/o", "*"];
        let outputs = [None, Some("o"), Some("O "), Some("o/"), Some("//"), Some("p"), Some("o/p")];
        let mut sources = vec![MessageSource::Telemetry, MessageSource::TwinChange];
        sources.extend(
            ["", "/", "x", "/x", "/X/y/", "/x/y/z ", " /x/y", "/messages/modules/m/outputs/o", "//"]
                .map(MessageSource::Other),
        );
        for module in modules {
            sources.extend(outputs.map(|output| MessageSource::Module { module, output }));
        }
        let key = HashSeed::from_seed(3);
        let mut builder = SourcesBuilder::default();
        let mut count = 0;
        let groups: Vec<GroupId> = paths
            .iter()
            .map(|path| {
                builder.group(&SourcePattern::new(path), || {
                    count += 1;
                    GroupId::new(count)
                })
            })
            .collect();
        let trie = builder.finish(&key);
        for source in sources {
            let mut found = Vec::new();
            trie.for_each_group(&key, source, |group| found.push(group));
            found.sort_unstable();
            let mut expected: Vec<GroupId> = (paths.iter().zip(&groups))
                .filter(|(path, _)| SourcePattern::new(path).matches(source))
                .map(|(_, group)| *group)
                .collect();
            expected.sort_unstable();
            assert_eq!(found, expected, "{source:?}");
        }
    }
}
