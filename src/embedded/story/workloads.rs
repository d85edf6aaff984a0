//! Workloads of the story: the pods that their controllers would have made, and rollouts.

use std::time::Duration;

use serde_json::{Value, json};

use super::pods::key;
use super::stage::{ToldWorld, directions, merge, text};
use super::timeline::{DueAction, DueActions, STARTS};

/// How long a rollout waits from one pod to the next.
const PACE: Duration = Duration::from_secs(6);

impl ToldWorld {
    /// Puts a workload of the files into the world, with everything that belongs to it.
    pub fn workload(&mut self, object: Value) {
        match text(&object["kind"]) {
            "Deployment" => self.deployment(object),
            "StatefulSet" => self.stateful_set(object),
            "DaemonSet" => self.daemon_set(object),
            "Job" => self.job(object),
            "CronJob" => {
                let mut object = object;
                object["status"] =
                    json!({"lastScheduleTime": (self.now - jiff::SignedDuration::from_hours(7)).to_string()});
                self.keep(object, None);
            }
            _ => self.settled(object),
        }
    }

    fn deployment(&mut self, mut object: Value) {
        let count = object["spec"]["replicas"].as_u64().unwrap_or(1);
        let defaults = json!({"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}}, "revisionHistoryLimit": 2, "progressDeadlineSeconds": 600});
        merge(&mut object["spec"], &defaults);
        object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!("1");
        object["status"] = deployment_status(count, count, count);
        let (namespace, name) = key(&object);
        self.keep(object, None);
        let Some(set) = self.replica_set(&namespace, &name, count) else { return };
        for _ in 0..count {
            let pod = self.pod_of_set(&set);
            self.settled(pod);
        }
    }

    /// Makes the replica set of a deployment's present template.
    fn replica_set(&mut self, namespace: &str, name: &str, count: u64) -> Option<Value> {
        let deployment = self.find("Deployment", namespace, name)?;
        let hash = self.letters(10);
        let mut template = deployment.value["spec"]["template"].clone();
        template["metadata"]["labels"]["pod-template-hash"] = json!(hash);
        let mut selector = deployment.value["spec"]["selector"].clone();
        selector["matchLabels"]["pod-template-hash"] = json!(hash);
        let set = json!({
            "apiVersion": "apps/v1", "kind": "ReplicaSet",
            "metadata": {
                "name": format!("{name}-{hash}"), "namespace": namespace, "labels": template["metadata"]["labels"],
                "annotations": {"deployment.kubernetes.io/revision": deployment.value["metadata"]["annotations"]["deployment.kubernetes.io/revision"]},
                "ownerReferences": [owner(&deployment.value)],
            },
            "spec": {"replicas": count, "selector": selector, "template": template},
            "status": {"replicas": count, "fullyLabeledReplicas": count, "readyReplicas": count, "availableReplicas": count, "observedGeneration": 1},
        });
        self.keep(set, None);
        self.find("ReplicaSet", namespace, &format!("{name}-{hash}")).map(|set| set.value.clone())
    }

    /// A pod of a replica set, still without what a server gives.
    fn pod_of_set(&mut self, set: &Value) -> Value {
        let suffix = self.letters(5);
        pod_of(set, &format!("{}-{suffix}", text(&set["metadata"]["name"])))
    }

    fn stateful_set(&mut self, mut object: Value) {
        let count = object["spec"]["replicas"].as_u64().unwrap_or(1);
        let revision = format!("{}-{}", text(&object["metadata"]["name"]), self.letters(10));
        merge(
            &mut object["spec"],
            &json!({"podManagementPolicy": "OrderedReady", "updateStrategy": {"type": "RollingUpdate"}}),
        );
        object["status"] = json!({"replicas": count, "readyReplicas": count, "currentReplicas": count, "updatedReplicas": count, "availableReplicas": count, "currentRevision": revision, "updateRevision": revision, "observedGeneration": 1});
        let (namespace, name) = key(&object);
        self.keep(object, None);
        let Some(set) = self.find("StatefulSet", &namespace, &name) else { return };
        for ordinal in 0..count {
            let mut pod = pod_of(&set.value, &format!("{name}-{ordinal}"));
            let labels = json!({"apps.kubernetes.io/pod-index": ordinal.to_string(), "statefulset.kubernetes.io/pod-name": format!("{name}-{ordinal}"), "controller-revision-hash": revision});
            merge(&mut pod["metadata"]["labels"], &labels);
            self.settled(pod);
        }
    }

    fn daemon_set(&mut self, mut object: Value) {
        let anywhere = object["spec"]["template"]["spec"]["tolerations"].as_array().is_some_and(|all| !all.is_empty());
        let nodes: Vec<String> = self
            .all("Node")
            .iter()
            .filter(|node| anywhere || node.value["spec"]["taints"].is_null())
            .map(|node| node.name.clone())
            .collect();
        let count = nodes.len();
        object["status"] = json!({"currentNumberScheduled": count, "desiredNumberScheduled": count, "numberReady": count, "numberAvailable": count, "updatedNumberScheduled": count, "numberMisscheduled": 0, "observedGeneration": 1});
        let (namespace, name) = key(&object);
        self.keep(object, None);
        let Some(set) = self.find("DaemonSet", &namespace, &name) else { return };
        for node in nodes {
            let suffix = self.letters(5);
            let mut pod = pod_of(&set.value, &format!("{name}-{suffix}"));
            pod["spec"]["nodeName"] = json!(node);
            self.settled(pod);
        }
    }

    /// A job of the files, done or going on as its pod is.
    fn job(&mut self, mut object: Value) {
        let directions_of_job = directions(&mut object.clone());
        let (namespace, name) = key(&object);
        if let Some((_, owner_name)) = directions_of_job.get("owner").and_then(|path| path.split_once('/'))
            && let Some(cron) = self.find("CronJob", &namespace, owner_name)
        {
            object["metadata"]["ownerReferences"] = json!([owner(&cron.value)]);
        }
        let age =
            directions_of_job.get("age").map_or_else(jiff::SignedDuration::default, |age| super::stage::age_of(age));
        let (start, end) = (self.now - age, self.now - age + jiff::SignedDuration::from_secs(94));
        object["status"] = json!({"startTime": start.to_string(), "completionTime": end.to_string(), "succeeded": 1, "ready": 0, "conditions": [{"type": "Complete", "status": "True", "lastProbeTime": end.to_string(), "lastTransitionTime": end.to_string()}]});
        self.keep(object, None);
        let Some(job) = self.find("Job", &namespace, &name) else { return };
        let suffix = self.letters(5);
        let mut pod = pod_of(&job.value, &format!("{name}-{suffix}"));
        merge(&mut pod["metadata"]["labels"], &json!({"job-name": name, "batch.kubernetes.io/job-name": name}));
        self.settled(pod);
    }

    /// Begins the rollout of a deployment: its image gets the next patch version.
    pub fn roll_out(&mut self, namespace: &str, name: &str) -> DueActions {
        let Some(before) = self.find("Deployment", namespace, name) else { return DueActions::new() };
        let mut object = before.value.clone();
        let container = &mut object["spec"]["template"]["spec"]["containers"][0];
        container["image"] = json!(next_version(text(&container["image"])));
        let revision: u64 =
            text(&object["metadata"]["annotations"]["deployment.kubernetes.io/revision"]).parse().unwrap_or(1);
        object["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = json!((revision + 1).to_string());
        let count = object["spec"]["replicas"].as_u64().unwrap_or(1);
        self.keep(object.clone(), None);
        let Some(set) = self.replica_set(namespace, name, 0) else { return DueActions::new() };
        self.event(
            &object,
            "ScalingReplicaSet",
            &format!("Scaled up replica set {} from 0 to {count}", text(&set["metadata"]["name"])),
            "deployment-controller",
        );
        (0..count as u32).map(|at| (PACE * at, DueAction::RollOut(namespace.to_owned(), name.to_owned()))).collect()
    }

    /// The next pod of a rollout comes, and one of the old goes once it runs.
    pub fn roll_on(&mut self, namespace: &str, name: &str) -> DueActions {
        let Some(newest) = self.sets_of(namespace, name).pop() else { return DueActions::new() };
        let mut pod = self.pod_of_set(&newest);
        self.complete(&mut pod);
        let mut follow = self.admit(pod);
        let uid = &newest["metadata"]["uid"];
        let prefix = format!("{name}-");
        let old = self.all("Pod").into_iter().find(|pod| {
            let owner = &pod.value["metadata"]["ownerReferences"][0];
            pod.namespace == namespace
                && owner["kind"] == "ReplicaSet"
                && text(&owner["name"]).starts_with(&prefix)
                && owner["uid"] != *uid
                && self.belongs(&pod.value, name)
                && pod.value["metadata"]["deletionTimestamp"].is_null()
        });
        if let Some(old) = old {
            follow.push((STARTS + Duration::from_millis(500), DueAction::Stop(namespace.to_owned(), old.name.clone())));
        }
        follow
    }

    /// Whether a pod belongs to a deployment, through its replica set.
    fn belongs(&self, pod: &Value, deployment: &str) -> bool {
        let owner = &pod["metadata"]["ownerReferences"][0];
        let set = self.find("ReplicaSet", text(&pod["metadata"]["namespace"]), text(&owner["name"]));
        set.is_some_and(|set| set.value["metadata"]["ownerReferences"][0]["name"] == deployment)
    }

    /// The replica sets of a deployment, the newest last.
    fn sets_of(&self, namespace: &str, deployment: &str) -> Vec<Value> {
        let revision = |set: &Value| {
            text(&set["metadata"]["annotations"]["deployment.kubernetes.io/revision"]).parse::<u64>().unwrap_or(0)
        };
        let mut sets: Vec<Value> = self
            .all("ReplicaSet")
            .iter()
            .filter(|set| {
                set.namespace == namespace && set.value["metadata"]["ownerReferences"][0]["name"] == deployment
            })
            .map(|set| set.value.clone())
            .collect();
        sets.sort_by_key(revision);
        sets
    }

    /// Counts the pods of a pod's owner again, and of the owner's deployment.
    pub fn recount(&mut self, pod: &Value) {
        let (namespace, owner) = (text(&pod["metadata"]["namespace"]), &pod["metadata"]["ownerReferences"][0]);
        if owner["kind"] != "ReplicaSet" {
            return;
        }
        let Some(set) = self.find("ReplicaSet", namespace, text(&owner["name"])) else { return };
        let deployment = text(&set.value["metadata"]["ownerReferences"][0]["name"]).to_owned();
        let sets = self.sets_of(namespace, &deployment);
        let newest = sets.last().cloned().unwrap_or_default();
        let (mut all, mut fresh) = (0, 0);
        for (at, mut set) in sets.iter().cloned().enumerate() {
            let count = self
                .all("Pod")
                .iter()
                .filter(|pod| {
                    pod.value["metadata"]["ownerReferences"][0]["uid"] == set["metadata"]["uid"]
                        && pod.value["status"]["phase"] == "Running"
                })
                .count() as u64;
            all += count;
            if set["metadata"]["uid"] == newest["metadata"]["uid"] {
                fresh = count;
            }
            // As many old ones are kept as the deployment's limit says; they are nothing but history.
            if count == 0 && at + 3 < sets.len() {
                self.remove("ReplicaSet", namespace, text(&set["metadata"]["name"]));
            } else if set["status"]["replicas"] != count {
                set["spec"]["replicas"] = json!(count);
                set["status"] = json!({"replicas": count, "fullyLabeledReplicas": count, "readyReplicas": count, "availableReplicas": count, "observedGeneration": 1});
                self.keep(set, None);
            }
        }
        if let Some(deployment) = self.find("Deployment", namespace, &deployment) {
            let mut object = deployment.value.clone();
            object["status"] = deployment_status(all, fresh, all);
            self.keep(object, None);
        }
    }
}

fn deployment_status(replicas: u64, updated: u64, ready: u64) -> Value {
    json!({
        "replicas": replicas, "updatedReplicas": updated, "readyReplicas": ready, "availableReplicas": ready, "observedGeneration": 1,
        "conditions": [{"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable", "message": "Deployment has minimum availability."}],
    })
}

/// A reference to an object that controls others.
fn owner(object: &Value) -> Value {
    json!({"apiVersion": object["apiVersion"], "kind": object["kind"], "name": object["metadata"]["name"], "uid": object["metadata"]["uid"], "controller": true, "blockOwnerDeletion": true})
}

/// A pod as a workload's template has it.
fn pod_of(set: &Value, name: &str) -> Value {
    let template = &set["spec"]["template"];
    let mut metadata = template["metadata"].clone();
    merge(
        &mut metadata,
        &json!({"name": name, "generateName": format!("{}-", text(&set["metadata"]["name"])), "namespace": set["metadata"]["namespace"], "ownerReferences": [owner(set)]}),
    );
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
}

/// `…:2.8.0` becomes `…:2.8.1`.
fn next_version(image: &str) -> String {
    let Some((before, patch)) = image.rsplit_once('.') else { return image.to_owned() };
    patch.parse::<u64>().map_or_else(|_| image.to_owned(), |patch| format!("{before}.{}", patch + 1))
}

#[cfg(test)]
mod tests {
    use super::next_version;

    #[test]
    fn the_last_number_of_an_image_goes_up() {
        assert_eq!(next_version("registry/shop/web:2.8.9"), "registry/shop/web:2.8.10");
        assert_eq!(next_version("registry/shop/web"), "registry/shop/web");
    }
}
