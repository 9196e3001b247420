//! Compares the deliveries of given messages.

use super::{Declared, Delivered, is_same};
use edgeroute::{CompileError, RouteTable, Scratch};
use edgeroute_lang::hir::Shadowing;
use edgeroute_lang::limits::Limits;
use edgeroute_lang::message::{Message, Properties};

/// Delivers messages with both sets, one message after the other, in memory that does not grow with their number.
///
/// ```
/// use edgeroute::{Message, Origin, Route};
/// use edgeroute_analysis::diff::{Declared, MessageComparer};
///
/// let old = Declared::new([Route::new("all", "FROM /* INTO $upstream")]);
/// let new = Declared::new([Route::new("modules", "FROM /messages/modules/* INTO $upstream")]);
/// let mut comparer = MessageComparer::new(&old, &new)?;
/// let difference = comparer.compare(&Message::new(Origin::device("leaf-7"))).expect("it is lost");
/// assert_eq!((difference.old.len(), difference.new.len()), (1, 0));
/// assert!(comparer.compare(&Message::new(Origin::module("edge-1", "sensor"))).is_none());
/// # Ok::<(), edgeroute::CompileError>(())
/// ```
#[derive(Debug)]
pub struct MessageComparer {
    old: (RouteTable, Scratch),
    new: (RouteTable, Scratch),
    compared: usize,
    different: usize,
}

/// The deliveries of a message that the two sets deliver differently.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MessageDifference {
    /// The deliveries by the old set.
    pub old: Vec<Delivered>,
    /// The deliveries by the new set.
    pub new: Vec<Delivered>,
}

impl MessageComparer {
    /// Compiles both sets with the default settings.
    ///
    /// # Errors
    /// Returns the problems of the first set that does not compile.
    pub fn new(old: &Declared, new: &Declared) -> Result<Self, CompileError> {
        Self::with(old, new, Shadowing::default(), &Limits::default())
    }

    /// Compiles both sets; `shadowing` and `limits` are those of the hub's table.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn with(old: &Declared, new: &Declared, shadowing: Shadowing, limits: &Limits) -> Result<Self, CompileError> {
        let table = |declared: &Declared| {
            let builder = RouteTable::builder().shadowing(shadowing).limits(limits.clone());
            let builder = builder.routes(declared.routes());
            let builder = match declared.fallback() {
                Some(fallback) => builder.fallback(fallback),
                None => builder,
            };
            let table = builder.build()?;
            let scratch = table.create_scratch();
            Ok((table, scratch))
        };
        Ok(Self { old: table(old)?, new: table(new)?, compared: 0, different: 0 })
    }

    /// Delivers a message with both sets; `None` if the deliveries are the same.
    pub fn compare(
        &mut self,
        message: &Message<'_, impl Properties + ?Sized, impl Properties + ?Sized>,
    ) -> Option<MessageDifference> {
        let deliveries = |(table, scratch): &mut (RouteTable, Scratch)| -> Vec<Delivered> {
            let deliveries = table.route_with(scratch, message).map(|delivery| Delivered {
                endpoint: delivery.endpoint().clone(),
                priority: delivery.priority(),
                time_to_live: delivery.time_to_live(),
                route: delivery.route().to_owned(),
            });
            deliveries.collect()
        };
        let (old, new) = (deliveries(&mut self.old), deliveries(&mut self.new));
        self.compared += 1;
        let is_different = !is_same(&old, &new);
        self.different += usize::from(is_different);
        is_different.then_some(MessageDifference { old, new })
    }

    /// The number of messages so far.
    #[must_use]
    pub const fn compared(&self) -> usize {
        self.compared
    }

    /// The number of messages so far that are delivered differently.
    #[must_use]
    pub const fn different(&self) -> usize {
        self.different
    }
}
