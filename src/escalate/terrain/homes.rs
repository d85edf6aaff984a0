//! In which namespaces an object of some name is there.

use std::cell::RefCell;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::super::Ground;
use super::super::moves::is_there;
use crate::model::name::Name;

/// A name of objects of a resource.
type NameOf = (&'static str, Name);

/// What was asked for already.
#[derive(Clone, Default, Debug)]
pub(super) struct Homes(RefCell<KnownHomes>);

#[derive(Clone, Debug, Default)]
struct KnownHomes {
    /// The namespaces that were looked at.
    of: Arc<[Name]>,
    by_name: FxHashMap<NameOf, Arc<[Name]>>,
}

impl Homes {
    /// An object of one of these resources and of this name has come, changed or gone.
    pub fn forget(&mut self, is_of: impl Fn(&str) -> bool, name: &str) {
        self.0.get_mut().by_name.retain(|it, _| it.1 != *name || !is_of(it.0));
    }
}

impl Ground<'_> {
    /// The namespaces in which an object of this name is there.
    pub fn homes(&self, resource: &'static str, name: &Name) -> Arc<[Name]> {
        let (key, namespaces) = ((resource, name.clone()), self.all_namespaces());
        let kept = &self.terrain.homes.0;
        if !Arc::ptr_eq(&kept.borrow().of, &namespaces) {
            kept.replace(KnownHomes { of: namespaces.clone(), ..KnownHomes::default() });
        }
        if let Some(found) = kept.borrow().by_name.get(&key) {
            return found.clone();
        }
        let has = |it: &&Name| is_there(self, resource, it, name);
        let homes: Arc<[Name]> = namespaces.iter().filter(has).cloned().collect();
        kept.borrow_mut().by_name.insert(key, homes.clone());
        homes
    }
}
