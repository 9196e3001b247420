//! Holds the place of what follows.
#![expect(clippy::unused_self, clippy::unnecessary_wraps, reason = "the real one follows")]
#[derive(Copy, Clone, Debug, Default)]
pub(crate) enum Scalar<'m> {
    #[default]
    Unreadable,
    Missing,
    Null,
    Bool(bool),
    Number(f64),
    Text(BodyText<'m>),
    NullText,
    Undefined,
}
impl<'m> Scalar<'m> {
    pub(crate) const fn text(text: &'m str) -> Self {
        Self::Text(BodyText(text))
    }
    pub(crate) const fn is_there(self) -> Option<bool> {
        None
    }
}
#[derive(Copy, Clone, Debug)]
pub(crate) struct BodyText<'m>(&'m str);
impl<'m> BodyText<'m> {
    pub(crate) fn as_str(self) -> Option<&'m str> {
        Some(self.0)
    }
    pub(crate) fn as_number(self) -> Option<f64> {
        None
    }
    pub(crate) fn compare_utf16(self, other: &str) -> std::cmp::Ordering {
        self.0.cmp(other)
    }
    pub(crate) fn to_utf8_in<'b>(self, _: &'b mut [u8]) -> Option<&'b str>
    where
        'm: 'b,
    {
        None
    }
}
