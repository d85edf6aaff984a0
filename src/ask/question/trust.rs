//! `trust POLICY`: what each rule of a policy trusts, and everybody who can write that.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::access::{rbac_needs, with_marks};
use super::{Here, Reads, Words, about};
use crate::ask::item::Item;
use crate::ask::needs::{self, Needs};
use crate::ask::topic::Topic;
use crate::ask::trust::{self, TrustAnswer as Answer};
use crate::ask::{Fault, World};
use crate::model::id::{Kind, ObjectId};
use crate::model::name::Name;

/// What each rule of POLICY trusts, and everybody who can write that.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Trust {
    /// networkpolicy/NS/NAME, or networkpolicy/NAME in the namespace of -n
    #[arg(value_name = "POLICY")]
    pub policy: String,
}

impl Trust {
    fn id(&self, here: &Here) -> Result<ObjectId, Fault> {
        match about::item(&self.policy, here)? {
            Item::Policy(it) => Ok(it),
            other => Err(Fault::new(format!("{} is no policy", other.typed()), "such as networkpolicy/shop/db")),
        }
    }

    /// The answer; `None`: the policy cannot be read.
    ///
    /// # Errors
    /// It is no policy, of a kind that is not evaluated, or proven not to be there.
    pub fn answer(&self, here: &Here, world: &World) -> Result<(ObjectId, Option<Answer>), Fault> {
        let id = match about::found(Item::Policy(self.id(here)?), world)? {
            Item::Policy(it) => it,
            _ => self.id(here)?,
        };
        let found = trust::trust(world, &id)?;
        Ok((id, found))
    }

    pub(super) fn words(&self) -> Words {
        Words::of([Some(&self.policy)])
    }
}

impl Reads for Trust {
    fn needs(&self, here: &Here, _: &World) -> Result<Needs, Fault> {
        self.id(here)?;
        let mut needs = with_marks(rbac_needs(None));
        needs.0.extend(needs::everything().0);
        needs.0.extend(Needs::all_of([Kind::SERVICE_ACCOUNT]).0);
        Ok(needs)
    }

    fn namespaces(&self, here: &Here) -> Vec<Name> {
        self.id(here).map(|it| vec![it.namespace]).unwrap_or_default()
    }

    fn topic(&self) -> Topic {
        Topic::Any
    }
}
