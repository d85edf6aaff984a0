//! How the screen is opened, and what is known of it before anything is connected.
//!
//! It does not connect: a context is only looked up, since a wrong one is told before the screen opens.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::apply::Pattern;
use crate::ask::QuestionLine;
use crate::ask::world::SelfCheck;
use crate::change::Saved;
use crate::live::connect::{self, Flags, Selection, Surroundings};
use crate::live::fault::LiveFault;
use crate::live::files::SourceTexts as Documents;
use crate::model::cluster::Cluster;
use crate::model::coverage::Coverage;
use crate::model::name::Name;
use crate::net::Settings;
use crate::people::People;
use crate::rbac::Served;
use crate::terminal::look;
use crate::tui::app::Setup;
use crate::tui::status::Origin;
use crate::tui::theme::Colors;

/// Where the cluster comes from.
pub enum ClusterSource {
    /// A server, by kubectl's flags.
    Live(Box<Flags>),
    /// Files that have been read, where their objects stand, and which resources there are.
    Files { cluster: Box<Cluster>, title: String, documents: Documents, served: Arc<Served>, not_read: Vec<String> },
    /// A world of the embedded server; its name.
    Demo(String),
}

/// How the screen is opened.
pub struct Start {
    pub source: ClusterSource,
    /// Where one starts; empty: all namespaces.
    pub namespaces: Vec<String>,
    /// Only ASCII, whatever the locale says.
    pub ascii: bool,
    /// Whether colors are used; `None`: as the environment says.
    pub colors: Option<Colors>,
    /// `--pod-cidr`.
    pub settings: Settings,
    pub check: SelfCheck,
    /// `--directory`.
    pub people: Option<Arc<People>>,
    /// `--open`: the question that is answered first.
    pub open: Option<QuestionLine>,
    /// `--write`: what is staged may be applied.
    pub writes: bool,
    /// Which contexts are production.
    pub production: Pattern,
    /// `--stage`: changes that are staged at once, and what they come from.
    pub staged: Vec<(String, Vec<Saved>)>,
}

/// What is known before anything is connected, with the context that was looked up: a kubeconfig from a pipe is read once.
pub(super) fn prepare(start: &Start) -> Result<(Setup, Cluster, Option<Box<Selection>>), LiveFault> {
    let namespaces: BTreeSet<Name> = start.namespaces.iter().map(Name::from).collect();
    let theme = look::theme(start.ascii, start.colors);
    let (settings, check, people) = (start.settings.clone(), start.check, start.people.clone());
    let writes = start.writes;
    let setup =
        |title: &str, origin| Setup { title: title.into(), origin, writes, theme, namespaces, settings, check, people };
    Ok(match &start.source {
        ClusterSource::Live(flags) => {
            let selection = connect::select(flags, &Surroundings::of_process())?;
            let writes = selection.writes;
            let setup = Setup { writes, ..setup(&selection.context, Origin::Live) };
            (setup, Cluster::new(Coverage::Loading), Some(Box::new(selection)))
        }
        ClusterSource::Files { cluster, title, .. } => (setup(title, Origin::Files), (**cluster).clone(), None),
        ClusterSource::Demo(world) => {
            (setup(&format!("demo {world}"), Origin::Live), Cluster::new(Coverage::Loading), None)
        }
    })
}
