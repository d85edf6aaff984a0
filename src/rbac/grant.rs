//! The answer: all grants of a request, and what we do not know. RBAC only ever adds, so the grants are the answer.

use std::fmt;

use crate::model::evidence::{Gap, Outcome};
use crate::model::id::ObjectId;
use crate::model::items::Items;
use crate::model::name::Name;
use crate::model::place::Place;
use crate::model::role::{Binding, RoleRef, RoleRule, SharedBinding, SharedRole, Subject, SubjectKind};

use super::aggregation::AggregatedFrom;
use super::identity::{Identity, Membership};
use super::matching::Match;
use super::request::Request;

/// One reason why a request is allowed: a subject of a binding, its role, and one rule there.
#[derive(Clone, PartialEq, Debug)]
pub struct Grant {
    pub binding: SharedBinding,
    /// Which subject of the binding speaks of the asker.
    pub subject: usize,
    pub role: SharedRole,
    /// The rules that decide for the role: its own, or computed from its members (rule 44).
    pub rules: Items<RoleRule>,
    /// Which of `rules`.
    pub rule: usize,
    pub matched: Match,
    /// The ClusterRole that gave the rule to an aggregated one.
    pub member: Option<AggregatedFrom>,
}

impl Grant {
    /// The subject as the binding writes it.
    pub fn subject(&self) -> &Subject {
        &self.binding.subjects[self.subject]
    }

    /// The subject with its namespace, a service account's default included (rule 36).
    pub fn named_subject(&self) -> Subject {
        named(self.subject(), &self.binding)
    }

    /// The rule.
    pub fn rule(&self) -> &RoleRule {
        &self.rules[self.rule]
    }

    /// Where it holds; empty: the whole cluster.
    pub fn scope(&self) -> &Name {
        &self.binding.meta.namespace
    }

    /// `subjects[i]` of the binding.
    pub fn subject_place(&self) -> Place {
        Place::new("subjects").item(self.subject)
    }

    /// `rules[i]` of the role.
    pub fn rule_place(&self) -> Place {
        Place::new("rules").item(self.rule)
    }

    /// The order in which grants are shown: cluster-wide first, then by namespace, binding, rule, subject.
    pub fn order(&self) -> (&Name, &Name, usize, usize) {
        (&self.binding.meta.namespace, &self.binding.meta.name, self.rule, self.subject)
    }
}

/// A binding's subject with its namespace: a RoleBinding's own is a service account's default (rule 36).
pub fn named(subject: &Subject, binding: &Binding) -> Subject {
    let is_homeless = subject.kind() == SubjectKind::ServiceAccount && subject.namespace().is_empty();
    match is_homeless {
        true => Subject::new(subject.kind(), binding.meta.namespace.clone(), subject.name().clone()),
        false => subject.clone(),
    }
}

/// `rolebinding/shop/dev subjects[0] → clusterrole/edit rules[3]`.
impl fmt::Display for Grant {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (binding, role) = (self.binding.id(), self.role.id());
        write!(out, "{binding} {} → {role} {}", self.subject_place(), self.rule_place())?;
        match &self.member {
            Some(member) => write!(out, " (from clusterrole/{} rules[{}])", member.role, member.rule),
            None => Ok(()),
        }
    }
}

/// A binding of the asker whose role grants nothing because it is not there (rules 3 and 35).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Dangling {
    pub binding: ObjectId,
    pub role: RoleRef,
}

/// Whether somebody may do something, and why.
#[derive(Clone, PartialEq, Debug)]
pub struct Access {
    pub identity: Identity,
    pub request: Request,
    /// How the asker is in `system:masters`, which is always allowed and never reaches RBAC (rule 5).
    pub masters: Option<Membership>,
    /// All of them: those that name the asker, then those of groups, last of groups that come by themselves; each in
    /// [`Grant::order`].
    pub grants: Vec<Grant>,
    /// What could have granted and is not known; only counts where nothing granted.
    pub gaps: Vec<Gap>,
    /// Bindings of the asker that grant nothing for want of their role.
    pub dangling: Vec<Dangling>,
    /// The server's own word, where it was asked for what the objects leave unknown.
    pub word: Option<ServerVerdict>,
}

/// What the server says of one request.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ServerVerdict {
    /// The kind of the review.
    pub review: &'static str,
    /// Unknown where the server itself could not ask all of its authorizers.
    pub outcome: Outcome,
    /// The server's own words; may be empty.
    pub reason: Name,
    pub error: Name,
}

impl Access {
    /// Allowed if anything grants; else what the server says, where it was asked; else unknown if something unknown
    /// could grant; else denied.
    pub fn outcome(&self) -> Outcome {
        if self.masters.is_some() || !self.grants.is_empty() {
            Outcome::Allow
        } else if let Some(word) = &self.word {
            word.outcome
        } else if self.gaps.is_empty() {
            Outcome::Deny
        } else {
            Outcome::Unknown
        }
    }
}
