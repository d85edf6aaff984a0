//! `fix --isolate ns/X --baseline`: what manifests declare is kept, and what is to be kept besides.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Here, Words};
use crate::ask::Fault;
use crate::ask::baseline::BaselineScope;
use crate::ask::expectation::{Expectation, Expectations, Numbered, Reaching};
use crate::model::name::Name;

/// Where a flow to be kept is said on the command line.
pub const KEEP_FLOW: &str = "--keep-flow";

/// What a namespace keeps when it is isolated.
#[derive(Args, Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Declared {
    /// With --isolate: first the candidate that keeps every flow that manifests declare, as kreach baseline writes it
    #[arg(long, requires = "isolate")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub baseline: bool,
    /// With --baseline: keep this flow too, such as "deploy/shop/web reaches svc/shop/db"; repeatable
    #[arg(long, value_name = "FLOW", requires = "baseline")]
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub keep_flow: Vec<String>,
    /// With --baseline: keep what is allowed between workloads today
    #[arg(long, requires = "baseline")]
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub keep_current: bool,
    /// With --baseline: the cluster's DNS, where it is not kube-system/k8s-app=kube-dns:53
    #[arg(long, value_name = "SERVERS", requires = "baseline")]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<String>,
}

impl Declared {
    pub(super) fn add(&self, words: &mut Words) {
        words.flag("baseline", self.baseline);
        self.keep_flow.iter().for_each(|it| words.option("keep-flow", Some(it)));
        words.flag("keep-current", self.keep_current);
        words.option("dns", self.dns.as_deref());
    }

    /// What the baseline of a namespace is to keep, with what a file lists; nothing where none is asked for.
    ///
    /// # Errors
    /// A flow is none, or DNS is not said as it is to be.
    pub fn wanted(&self, namespace: &Name, listed: &[Numbered], here: &Here) -> Result<Option<BaselineScope>, Fault> {
        if !self.baseline {
            return Ok(None);
        }
        let mut keep = flows(&self.keep_flow, here)?;
        keep.0.extend(listed.iter().cloned());
        let dns = self.dns.as_deref().map(str::parse).transpose();
        let dns = dns.map_err(|what: String| Fault::new(what, "such as --dns kube-system/k8s-app=kube-dns:53"))?;
        Ok(Some(BaselineScope {
            namespaces: vec![namespace.clone()],
            keep,
            keeps_current: self.keep_current,
            dns: dns.unwrap_or_default(),
            ..BaselineScope::default()
        }))
    }

    /// The same question with nothing kept by hand.
    pub fn plain(&self) -> Self {
        Self { keep_flow: Vec::new(), keep_current: false, ..self.clone() }
    }
}

/// Flows to be kept, each as an expectation is written.
///
/// # Errors
/// One is no expectation, or names no flow that is to be allowed.
pub fn flows(lines: &[String], here: &Here) -> Result<Expectations, Fault> {
    let mut keep = Expectations::default();
    keep.add(KEEP_FLOW, &lines.join("\n"), here)?;
    let is_flow =
        |it: &Expectation| matches!(it, Expectation::Connects { how: Reaching::Reaches | Reaching::MustReach, .. });
    match keep.0.iter().find(|it| !is_flow(&it.expectation)) {
        Some(odd) => {
            let what = format!("{KEEP_FLOW}: {} names no flow that is to be allowed", odd.expectation);
            Err(Fault::new(what, "such as \"deploy/shop/web reaches svc/shop/db:5432\""))
        }
        None => Ok(keep),
    }
}
