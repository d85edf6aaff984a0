//! What moves ask of the cluster again and again, worked out once and kept: namespaces with their pods and accounts
//! folded, and what subjects hold.
//!
//! ```text
//! shop  →  accounts [default, web: the same rules], [db]    pods [web-0 … web-9: one template], [db-0]
//! ```
//!
//! It is filled as it is asked. Whoever keeps it beside a cluster tells it every change; what it worked out from what
//! changed is then worked out again when it is next asked for.

mod bound;
mod everybody;
mod forget;
mod grants;
mod homes;
mod kept;
mod named;
mod nodes;
mod place;
mod scans;
mod searches;
mod spaces;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

use rustc_hash::FxHashMap;

pub use self::bound::{Bound, Chosen};
use self::everybody::Everybody;
pub use self::grants::{Granted, Grants};
use self::homes::Homes;
use self::kept::Kept;
pub use self::named::Named;
use self::named::named_of;
use self::nodes::OnNodes;
use self::place::place;
pub use self::place::{AccountClass, PodClass, TerrainNamespace};
use self::scans::Scans;
use self::searches::Searches;
use self::spaces::KnownSpaces;
use super::Ground;
use super::held::crowd::{Crowd, Whose};
use super::powers::RolePowers;
use crate::model::facts::SharedPod;
use crate::model::id::PodId;
use crate::model::name::Name;
use crate::model::role::{SharedRole, Subject};
use crate::rbac::version::Version;
use crate::rbac::{Holding, Identity};

/// Whose crowd it is, as a server of a version has it.
type CrowdOf = (Whose, Option<Version>);

/// What is worked out, by what it is of; copied when it is written to and others share it.
type TerrainTable<K, V> = RefCell<Arc<FxHashMap<K, Arc<V>>>>;

/// What is kept; a clone shares it until either learns more.
#[derive(Clone, Default, Debug)]
pub struct Terrain {
    places: TerrainTable<Name, TerrainNamespace>,
    grants: TerrainTable<Subject, Grants>,
    roles: TerrainTable<(Name, Name), RolePowers>,
    /// Those of them that take in the rules of others.
    aggregated: RefCell<BTreeSet<(Name, Name)>>,
    spaces: KnownSpaces,
    on_nodes: OnNodes,
    named: RefCell<Kept<Named, Subject>>,
    homes: Homes,
    absent: RefCell<Kept<Absent, Name>>,
    crowds: RefCell<FxHashMap<CrowdOf, Kept<Crowd, Name>>>,
    searches: Searches,
    scans: Scans,
    everybody: Everybody,
    /// Shared with every copy, whichever works it out.
    bound: Arc<OnceLock<Bound>>,
}

/// The service accounts that bindings name and that are not there, by namespace.
pub type Absent = BTreeMap<Name, Vec<Name>>;

impl Ground<'_> {
    /// A namespace, folded.
    pub fn place(&self, namespace: &Name) -> Arc<TerrainNamespace> {
        if let Some(found) = self.terrain.places.borrow().get(namespace) {
            return found.clone();
        }
        let place = Arc::new(place(self, namespace));
        Arc::make_mut(&mut self.terrain.places.borrow_mut()).insert(namespace.clone(), place.clone());
        place
    }

    /// What a subject holds, in no groups but those that come by themselves.
    pub fn grants(&self, subject: &Subject) -> Arc<Grants> {
        if let Some(found) = self.terrain.grants.borrow().get(subject) {
            return found.clone();
        }
        let grants = Arc::new(self.grants_of(&Identity::new(subject, &[])));
        Arc::make_mut(&mut self.terrain.grants.borrow_mut()).insert(subject.clone(), grants.clone());
        grants
    }

    /// What somebody holds; not kept.
    pub fn grants_of(&self, identity: &Identity) -> Grants {
        let granted = |it: Holding| Granted {
            binding: it.binding,
            role: it.role.map(|(role, effective)| {
                let powers = self.powers_of(&role, || RolePowers::of(&effective.rules));
                (role, powers)
            }),
        };
        Grants { all: self.rbac.permissions(identity).into_iter().map(granted).collect() }
    }

    /// A role as moves see it; `None`: it is not there.
    pub fn role_powers(&self, namespace: &Name, name: &Name) -> Option<Arc<RolePowers>> {
        let (role, effective) = self.rbac.role(namespace, name)?;
        Some(self.powers_of(role, || RolePowers::of(&effective.rules)))
    }

    fn powers_of(&self, role: &SharedRole, read: impl FnOnce() -> RolePowers) -> Arc<RolePowers> {
        let key = (role.meta.namespace.clone(), role.meta.name.clone());
        if let Some(found) = self.terrain.roles.borrow().get(&key) {
            return found.clone();
        }
        if role.aggregates().is_some() {
            self.terrain.aggregated.borrow_mut().insert(key.clone());
        }
        let powers = Arc::new(read());
        Arc::make_mut(&mut self.terrain.roles.borrow_mut()).insert(key, powers.clone());
        powers
    }

    /// Everybody whom bindings name.
    pub fn named(&self) -> Arc<Named> {
        let renew = |named: &mut Named, stale: &BTreeSet<Subject>| {
            stale.iter().for_each(|it| named.put(it, self.rbac.names(it)));
        };
        self.terrain.named.borrow_mut().now(|| named_of(self), renew)
    }

    /// The service accounts that bindings name and that are not there, by namespace.
    pub fn absent_accounts(&self) -> Arc<Absent> {
        let named = self.named();
        let renew = |absent: &mut Absent, stale: &BTreeSet<Name>| {
            for namespace in stale {
                absent.remove(namespace);
                let place = self.place(namespace);
                let names = named.accounts.get(namespace).into_iter().flatten();
                let names: Vec<Name> = names.filter(|it| place.class_of_account(it).is_none()).cloned().collect();
                absent.extend((!names.is_empty()).then(|| (namespace.clone(), names)));
            }
        };
        let whole = || {
            let mut all = Absent::new();
            renew(&mut all, &named.accounts.keys().cloned().collect());
            all
        };
        self.terrain.absent.borrow_mut().now(whole, renew)
    }

    /// Very many accounts together.
    pub fn crowd(&self, whose: Whose) -> Arc<Crowd> {
        let renew = |crowd: &mut Crowd, stale: &BTreeSet<Name>| crowd.renew(self, stale);
        let mut all = self.terrain.crowds.borrow_mut();
        all.entry((whose, self.version)).or_default().now(|| Crowd::of(self, whose), renew)
    }

    /// The pod of this name.
    pub fn pod(&self, id: &PodId) -> Option<&SharedPod> {
        self.cluster.pods.get(&id.namespace, &id.name)
    }
}
