//! What an unread part of a policy bends, in the Snapshot object's words.

use crate::model::policy::{Direction, GapEffect};

/// What an unread part bends, as the Snapshot object writes it.
pub(super) const fn bends(it: GapEffect) -> &'static str {
    match it {
        GapEffect::Target => "target",
        GapEffect::Opens(Direction::Ingress) => "opens ingress",
        GapEffect::Opens(Direction::Egress) => "opens egress",
        GapEffect::Anything => "anything",
        GapEffect::Unevaluated => "unevaluated",
        GapEffect::ClosesIngress => "closes ingress",
        GapEffect::ClosesOutside => "closes egress to outside",
        GapEffect::DecidesOutside => "decides egress to outside",
    }
}

/// The same read back; what we do not know may bend anything.
pub(super) fn parse_bends(text: &str) -> GapEffect {
    const ALL: [GapEffect; 7] = [
        GapEffect::Target,
        GapEffect::Opens(Direction::Ingress),
        GapEffect::Opens(Direction::Egress),
        GapEffect::Unevaluated,
        GapEffect::ClosesIngress,
        GapEffect::ClosesOutside,
        GapEffect::DecidesOutside,
    ];
    ALL.into_iter().find(|it| bends(*it) == text).unwrap_or(GapEffect::Anything)
}
