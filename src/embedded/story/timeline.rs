//! What happens and when: the steps of the script, and what follows from them.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::stage::ToldWorld;

/// The file `assets/demo/story.yaml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// After how many seconds it begins anew.
    pub again: u64,
    pub steps: Vec<StoryStep>,
}

/// One step of the script; exactly one of the things that can happen is given.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoryStep {
    /// In seconds after the beginning.
    pub at: u64,
    pub say: Option<String>,
    /// Who is seen to have written it (a field manager).
    pub by: Option<String>,
    pub apply: Option<Value>,
    pub patch: Option<Value>,
    pub delete: Option<String>,
    pub rollout: Option<String>,
    pub restart: Option<String>,
}

/// Something that is due.
#[derive(Clone, Debug)]
pub enum DueAction {
    Step(Box<StoryStep>),
    /// The script begins anew.
    Again,
    /// A pod of a namespace starts to run.
    Run(String, String),
    /// A pod is told to stop.
    Stop(String, String),
    /// A pod that is terminating is gone.
    Gone(String, String),
    /// The next pod of a deployment's rollout is made.
    RollOut(String, String),
    /// A stateful set's pod comes back.
    Return(Box<Value>),
}

/// What follows, and after what time.
pub type DueActions = Vec<(Duration, DueAction)>;

/// How long a pod takes to start, and to stop.
pub const STARTS: Duration = Duration::from_millis(2_500);
pub const STOPS: Duration = Duration::from_millis(2_000);

impl ToldWorld {
    /// Does what is due.
    pub fn act(&mut self, action: DueAction) -> DueActions {
        match action {
            DueAction::Step(step) => self.take(*step),
            DueAction::Again => Vec::new(),
            DueAction::Run(namespace, name) => self.run(&namespace, &name),
            DueAction::Stop(namespace, name) => self.stop(&namespace, &name),
            DueAction::Gone(namespace, name) => self.gone(&namespace, &name),
            DueAction::RollOut(namespace, name) => self.roll_on(&namespace, &name),
            DueAction::Return(pod) => self.admit(*pod),
        }
    }

    fn take(&mut self, step: StoryStep) -> DueActions {
        let by = step.by.as_deref();
        if let Some(object) = step.apply {
            return if object["kind"] == "Pod" { self.make_pod(object) } else { self.keep(object, by) };
        }
        if let Some(patch) = step.patch {
            return self.patch(&patch, by);
        }
        if let Some((namespace, name)) = step.rollout.as_deref().and_then(|path| path.split_once('/')) {
            return self.roll_out(namespace, name);
        }
        if let Some((namespace, name)) = step.restart.as_deref().and_then(|path| path.split_once('/')) {
            return self.restart(namespace, name);
        }
        let path: Vec<&str> = step.delete.as_deref().unwrap_or_default().split('/').collect();
        match path[..] {
            ["Pod", namespace, name] => self.stop(namespace, name),
            [kind, namespace, name] => self.remove(kind, namespace, name),
            _ => Vec::new(),
        }
    }
}
