//! What a Service is: how it is exposed, what stands behind its ports, and the policies on that.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{count, linked};
use crate::ask::backends::{self, Backend, port_text};
use crate::ask::directory::Directory;
use crate::ask::end::PortAsk;
use crate::ask::scope::CellContext;
use crate::model::facts::{Service, ServiceType, TargetPort};
use crate::model::id::ObjectId;
use crate::text::evidence::Evidence;
use crate::text::{Mark, Page, words};

/// How it is exposed, what it selects, each port with its backends, and the policies that select those.
pub fn facts(page: &mut Page, view: CellContext<'_>, id: &ObjectId) {
    let cluster = &view.world.cluster;
    let Some(service) = cluster.services.get(&id.namespace, &id.name).cloned().map(Arc::new) else {
        return page.say(0, Mark::Note, format!("service/{}/{} is not there any more", id.namespace, id.name));
    };
    page.push(linked(0, Mark::Title, format!("service {}/{}", id.namespace, id.name), id));
    page.say(0, Mark::Plain, exposure(&service));
    let labels: Vec<String> = service.selector.iter().map(|(key, value)| format!("{key}={value}")).collect();
    match labels.is_empty() {
        true => page.say(0, Mark::Plain, "no selector: its endpoints are written by somebody else"),
        false => page.say(0, Mark::Plain, format!("selects pods with {}", words::listed(&labels))),
    }
    let directory = Directory::of(cluster);
    let routes = match backends::routes(cluster, || &directory, &service, &PortAsk::NONE) {
        Ok(routes) => routes,
        Err(fault) => return page.say(0, Mark::Unknown, fault.whole()),
    };
    for route in &routes.routes {
        let waiting = if route.not_ready > 0 { format!(", {} not ready", route.not_ready) } else { String::new() };
        let target = match &route.port.target {
            TargetPort::Number(number) => number.to_string(),
            TargetPort::Named(name) => name.to_string(),
        };
        let ready = count(route.backends.len(), "ready backend");
        page.say(0, Mark::Title, format!("port {} to {target}: {ready}{waiting}", port_text(&route.port)));
        route.backends.iter().for_each(|it| backend(page, it));
    }
    routes.notes.iter().for_each(|it| page.push(it.line(0)));
    routes.gaps.iter().for_each(|it| page.push(Evidence::gap(it).line(0)));
    let all = routes.routes.iter().flat_map(|it| &it.backends);
    policies(page, view, all);
}

/// `ClusterIP 10.96.0.10`, `headless`, `ExternalName db.corp.example`.
fn exposure(service: &Service) -> String {
    let kind = match &service.service_type {
        ServiceType::ClusterIp if service.headless => return "headless: its name resolves to the backends".to_owned(),
        ServiceType::ClusterIp => "ClusterIP",
        ServiceType::NodePort => "NodePort",
        ServiceType::LoadBalancer => "LoadBalancer",
        ServiceType::ExternalName(name) => return format!("ExternalName {name}"),
    };
    let addresses: Vec<String> = service.addresses().map(|it| it.to_string()).collect();
    format!("{kind} {}", addresses.join(", ")).trim_end().to_owned()
}

fn backend(page: &mut Page, backend: &Backend) {
    let port = backend.port.map_or_else(|| "every port".to_owned(), |it| format!("port {it}"));
    match backend.member.pod() {
        Some(pod) => page.push(linked(1, Mark::Plain, format!("pod {} {port}", pod.pod_id()), &pod.pod_id().object())),
        None => page.say(1, Mark::Plain, format!("{} {port}", backend.member)),
    }
}

/// The policies that select its backends: a Service itself is selected by none.
fn policies<'a>(page: &mut Page, view: CellContext<'_>, backends: impl Iterator<Item = &'a Backend>) {
    let pods = backends.filter_map(|it| it.member.pod());
    let all: BTreeSet<ObjectId> = pods.flat_map(|it| view.world.policies_on(it)).map(|it| it.id()).collect();
    if !all.is_empty() {
        page.say(0, Mark::Title, "policies that select its backends");
    }
    all.iter().for_each(|it| page.push(linked(1, Mark::Plain, it.to_string(), it)));
}
