//! What an unread part of a policy bends, in the Snapshot object's words.

use crate::model::policy::{Bends, Direction};

/// What an unread part bends, as the Snapshot object writes it.
pub(super) const fn bends(it: Bends) -> &'static str {
    match it {
        Bends::Target => "target",
        Bends::Opens(Direction::Ingress) => "opens ingress",
        Bends::Opens(Direction::Egress) => "opens egress",
        Bends::Anything => "anything",
        Bends::Unevaluated => "unevaluated",
        Bends::ClosesIngress => "closes ingress",
        Bends::ClosesOutside => "closes egress to outside",
        Bends::DecidesOutside => "decides egress to outside",
    }
}

/// The same read back; what we do not know may bend anything.
pub(super) fn parse_bends(text: &str) -> Bends {
    const ALL: [Bends; 7] = [
        Bends::Target,
        Bends::Opens(Direction::Ingress),
        Bends::Opens(Direction::Egress),
        Bends::Unevaluated,
        Bends::ClosesIngress,
        Bends::ClosesOutside,
        Bends::DecidesOutside,
    ];
    ALL.into_iter().find(|it| bends(*it) == text).unwrap_or(Bends::Anything)
}
