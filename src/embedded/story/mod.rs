//! The demo's story: a small company's cluster in which things happen.
//!
//! The cluster is plain YAML (`assets/demo/*.yaml`), and what happens is a list of steps with their seconds
//! (`assets/demo/story.yaml`). There are no controllers; the stage plays those that the steps need: replica sets and pods
//! of workloads, slices of services, rules of aggregated roles, a rollout pod by pod.
//!
//! ```text
//! story.yaml → queue of actions → step() → stage → world.put / world.delete → watches
//! ```
//!
//! Time is virtual: `step` does the next thing at once and says when it was due. Only `play` waits.

mod assets;
mod backends;
mod fields;
mod pods;
mod stage;
mod timeline;
mod workloads;

pub use self::assets::PEOPLE;
pub use self::stage::merge;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::world::ServedCluster;
use stage::ToldWorld;
use timeline::{DueAction, Script};

/// A cluster and what is still to happen in it.
#[derive(Debug)]
pub struct Story {
    stage: ToldWorld,
    began: Timestamp,
    script: Script,
    /// What is due, by milliseconds after the beginning and then by the order in which it was queued.
    queue: BTreeMap<(u64, u64), DueAction>,
    queued: u64,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryEvent {
    /// When it was due, counted from the beginning.
    pub after: Duration,
    /// What it was, in a sentence; nothing for what merely follows (a pod that becomes ready).
    pub say: Option<String>,
}

impl Story {
    /// The cluster as it stands at the beginning.
    pub fn new(began: Timestamp) -> Story {
        let began = whole_seconds(began);
        let mut stage = ToldWorld::new(ServedCluster::told("story"), began);
        stage.set_up(assets::cluster());
        let mut story = Story { stage, began, script: assets::script(), queue: BTreeMap::new(), queued: 0 };
        story.queue_script(0);
        story
    }

    /// The world in which it happens.
    pub fn world(&self) -> &Arc<ServedCluster> {
        &self.stage.world
    }

    /// Puts one more object into the world.
    pub fn add(&mut self, object: Value) {
        self.stage.keep(object, None);
    }

    /// Does the next thing, without waiting for its time.
    pub fn step(&mut self) -> Option<StoryEvent> {
        let ((due, _), action) = self.queue.pop_first()?;
        self.stage.now = whole_seconds(self.began + SignedDuration::from_millis(due as i64));
        let say = match &action {
            DueAction::Step(step) => step.say.clone(),
            _ => None,
        };
        if let DueAction::Again = action {
            self.queue_script(due);
        }
        for (later, action) in self.stage.act(action) {
            self.queue(due + later.as_millis() as u64, action);
        }
        Some(StoryEvent { after: Duration::from_millis(due), say })
    }

    /// When the next thing is due, counted from the beginning.
    pub fn due(&self) -> Option<Duration> {
        self.queue.keys().next().map(|(due, _)| Duration::from_millis(*due))
    }

    /// Lets it happen at its times, for ever.
    pub async fn play(mut self) {
        let began = tokio::time::Instant::now();
        while let Some(due) = self.due() {
            tokio::time::sleep_until(began + due).await;
            self.step();
        }
    }

    fn queue_script(&mut self, from: u64) {
        for step in self.script.steps.clone() {
            self.queue(from + step.at * 1_000, DueAction::Step(Box::new(step)));
        }
        self.queue(from + self.script.again * 1_000, DueAction::Again);
    }

    fn queue(&mut self, due: u64, action: DueAction) {
        self.queued += 1;
        self.queue.insert((due, self.queued), action);
    }
}

/// A time without the fractions of its second, which Kubernetes does not write.
fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}
