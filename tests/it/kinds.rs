//! Reading: what JSON and YAML become, and that no bytes make it panic or lose an object in silence.

use kreach::kinds::{Intern, KINDS, ReadOutcome, WatchStep, read_event, read_list, spec, spec_named, spec_of};
use kreach::model::cluster::{AnyFact, Delta, ReadObject};
use kreach::model::facts::{ContainerRole, Exposure, Phase, Pod, PodNetwork, Service, TargetPort};
use kreach::model::id::Kind;
use kreach::model::labels::{NamespaceMatch, Operator};
use kreach::model::policy::{Direction, GapEffect, PeerMatch, Policy};
use kreach::model::port::PortMatch;
use kreach::model::role::{RoleSource, Subject};

fn yaml(kind: Kind, text: &str) -> ReadOutcome {
    spec(kind).expect("the kind is in the table").read_yaml(text, "default", &mut Intern::new())
}

fn entry(kind: Kind, text: &str) -> ReadObject {
    match yaml(kind, text) {
        ReadOutcome::Read(entry) => entry,
        other => panic!("{other:?}"),
    }
}

fn problems(entry: &ReadObject) -> Vec<String> {
    entry.problems.iter().map(ToString::to_string).collect()
}

fn policy_of(entry: &ReadObject) -> &Policy {
    match &entry.fact {
        AnyFact::Policy(it) => it,
        other => panic!("{other:?}"),
    }
}

/// A NetworkPolicy `shop/p` with this spec, in flow style.
fn policy(spec: &str) -> (Policy, Vec<String>) {
    let entry = entry(Kind::NETWORK_POLICY, &format!("metadata: {{name: p, namespace: shop}}\nspec: {spec}\n"));
    (policy_of(&entry).clone(), problems(&entry))
}

fn pod(text: &str) -> (Pod, Vec<String>) {
    let entry = entry(Kind::POD, text);
    match &entry.fact {
        AnyFact::Pod(it) => (Pod::clone(it), problems(&entry)),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_table_names_each_kind_once() {
    for (at, it) in KINDS.iter().enumerate() {
        assert!(KINDS[..at].iter().all(|other| other.kind != it.kind), "{it:?} twice");
        assert_eq!(spec_of(&it.api_version(), it.word).map(|found| found.kind), Some(it.kind));
        assert_eq!(spec(it.kind).map(|found| found.word), Some(it.word));
    }
    assert_eq!(spec_named("deploy").map(|it| it.kind), Some(Kind::DEPLOYMENT));
    assert_eq!(spec_named("Pods").map(|it| it.kind), Some(Kind::POD));
    assert_eq!(spec_named("networkpolicies").map(|it| it.group), Some("networking.k8s.io"));
    assert_eq!(spec_named("networkpolicies.projectcalico.org").map(|it| it.group), Some("projectcalico.org"));
    assert_eq!(spec_of("extensions/v1beta1", "Deployment").map(|it| it.kind), Some(Kind::DEPLOYMENT));
    assert!(spec_of("v1", "Secret").is_none() && spec_named("secrets").is_none());
}

#[test]
fn whoever_only_follows_reads_nothing_beside_facts() {
    let json = r#"{"metadata": {"name": "shop", "uid": "u-1", "creationTimestamp": "2026-01-02T03:04:05Z"}}"#;
    let spec = spec(Kind::NAMESPACE).expect("namespaces are read");
    let keeps = |mut intern: Intern| match spec.read_json(json, "", &mut intern) {
        ReadOutcome::Read(entry) => entry.kept.is_some(),
        other => panic!("{other:?}"),
    };
    assert_eq!((keeps(Intern::new()), keeps(Intern::of_facts())), (true, false));
}

#[test]
fn a_pod_is_read_down_to_what_answers_rest_on() {
    let entry = entry(
        Kind::POD,
        r#"
apiVersion: v1
kind: Pod
metadata:
  name: web-0
  namespace: shop
  labels: {app: web, tier: "1"}
  uid: 0123abcd-0000-4000-8000-00000000ffff
  resourceVersion: "77"
  creationTimestamp: "2026-01-02T03:04:05Z"
  ownerReferences: [{kind: Node, name: n1}, {kind: ReplicaSet, name: web-5d, controller: true}]
spec:
  nodeName: n1
  serviceAccountName: web
  containers:
  - {name: a, ports: [{containerPort: 80, name: http}, {containerPort: 53, name: dns, protocol: UDP}]}
  initContainers:
  - {name: b, restartPolicy: Always, ports: [{containerPort: 15008}]}
  - {name: c, ports: [{containerPort: 1}]}
status: {phase: Pending, podIP: 10.0.0.7, podIPs: [{ip: 10.0.0.7}, {ip: "fd00::7"}]}
"#,
    );
    let AnyFact::Pod(pod) = &entry.fact else { panic!("{entry:?}") };
    assert!(entry.problems.is_empty(), "{:?}", entry.problems);
    assert_eq!(pod.pod_id().to_string(), "shop/web-0");
    assert_eq!(pod.owner_id().map(|it| it.to_string()).as_deref(), Some("replicaset/shop/web-5d"));
    assert_eq!(entry.version, 77);
    assert_eq!(entry.kept.as_ref().map(|it| it.created), Some(1_767_323_045));
    assert_eq!((pod.phase(), pod.network(), pod.addresses().iter().count()), (Phase::Pending, PodNetwork::Own, 2));
    let roles: Vec<_> = pod.ports().iter().map(|it| (it.number, it.container)).collect();
    assert!(roles.contains(&(15008, ContainerRole::Sidecar)) && roles.contains(&(1, ContainerRole::Init)), "{roles:?}");
}

/// CONTRACT §1.
#[test]
fn a_pod_without_status_runs_in_the_default_namespace() {
    let (pod, _) = pod("metadata: {name: a}\nspec: {hostNetwork: true, containers: null}\n");
    assert_eq!(pod.pod_id().to_string(), "default/a");
    assert_eq!((pod.phase(), pod.network()), (Phase::Running, PodNetwork::Host));
    assert_eq!(pod.service_account(), "default");
}

#[test]
fn what_a_pod_says_wrongly_is_a_problem_with_its_place() {
    let (pod, problems) = pod(concat!(
        "metadata: {name: a}\n",
        "spec: {containers: [{ports: [{containerPort: 70000}, {containerPort: 1, protocol: ICMP}]}]}\n",
        "status: {phase: Odd, podIP: nowhere}\n",
    ));
    assert!(pod.ports().is_empty() && pod.addresses().is_empty() && pod.phase() == Phase::Unknown);
    assert_eq!(
        problems,
        [
            "pod/default/a status.podIPs: not an address: \"nowhere\"; left out",
            "pod/default/a status.phase: unknown phase \"Odd\"",
            "pod/default/a spec.containers[0].ports[0]: 70000 is not a port and was left out",
            "pod/default/a spec.containers[0].ports[1]: unknown protocol \"ICMP\"; the port was left out",
        ]
    );
}

/// E5: an object that does not decode is not an absent one.
#[test]
fn an_object_of_wrong_types_is_unreadable_by_its_name() {
    match yaml(Kind::POD, "metadata: {name: a, namespace: shop}\nspec: [1]\n") {
        ReadOutcome::Unreadable { id, problems } => {
            assert_eq!(id.to_string(), "pod/shop/a");
            assert!(problems[0].to_string().starts_with("pod/shop/a: could not be read: "), "{}", problems[0]);
        }
        other => panic!("{other:?}"),
    }
    for nameless in ["metadata: 7", "spec: {}", "[]", "a: [", ""] {
        assert!(matches!(yaml(Kind::POD, nameless), ReadOutcome::Noted(_)), "{nameless:?}");
    }
}

#[test]
fn a_service_defaults_its_target_ports() {
    let entry = entry(
        Kind::SERVICE,
        "metadata: {name: a}\nspec: {clusterIP: None, selector: {}, ports: [{port: 80}, {port: 81, targetPort: http}, {port: 0}]}",
    );
    let AnyFact::Service(service) = &entry.fact else { panic!("{entry:?}") };
    let (Service { selector, .. }, Exposure { headless, ports, .. }) = (&**service, &*service.exposure);
    assert!(*headless && selector.is_empty());
    assert_eq!(
        ports.iter().map(|it| it.target.clone()).collect::<Vec<_>>(),
        [TargetPort::Number(80), TargetPort::Named("http".into())]
    );
    assert_eq!(problems(&entry), ["service/default/a spec.ports[2]: 0 is not a port; the port was left out"]);
}

/// S4, S6, S8; source: SetDefaults_NetworkPolicy of Kubernetes.
#[test]
fn policy_types_default_as_the_api_server_does() {
    let isolates = |spec: &str| {
        let it = policy(spec).0.isolates;
        (it.ingress, it.egress)
    };
    assert_eq!(isolates("{}"), (true, false));
    assert_eq!(isolates("{policyTypes: [], egress: [{}]}"), (true, true));
    assert_eq!(isolates("{policyTypes: null, egress: []}"), (true, false));
    assert_eq!(isolates("{policyTypes: [Egress]}"), (false, true));
    assert_eq!(isolates("{policyTypes: [Ingress], egress: [{}]}"), (true, false));
}

/// S5.
#[test]
fn rules_of_a_direction_that_is_not_isolated_are_counted_and_left_out() {
    let (policy, _) = policy("{policyTypes: [Egress], ingress: [{}, {from: [{}]}], egress: []}");
    assert_eq!((policy.inert, policy.rules.len(), policy.gaps.len()), (2, 0, 0));
}

/// S7, S8, S9, S10, S18, S21, S22: absent, null and empty, where they are the same and where not.
#[test]
fn absent_and_empty_are_read_as_the_api_means_them() {
    for none in ["{}", "{ingress: null}", "{ingress: []}"] {
        assert!(policy(none).0.rules.is_empty(), "{none}");
    }
    for everyone in ["{}", "null", "{from: []}", "{from: null, ports: []}", "{ports: null}"] {
        let (policy, problems) = policy(&format!("{{ingress: [{everyone}]}}"));
        let rule = &policy.rules[0];
        assert!(matches!(rule.peers[0].matches, PeerMatch::Anyone), "{everyone}");
        assert_eq!(
            (rule.peers[0].place.to_string().as_str(), &rule.ports[..]),
            ("spec.ingress[0]", &[PortMatch::Any][..])
        );
        assert!(problems.is_empty() && policy.target.pods.is_everything());
    }
    let (policy, _) = policy("{ingress: [{ports: [{}, {protocol: UDP}, {port: 80, endPort: 90}, {port: http}]}]}");
    assert_eq!(policy.rules[0].ports.len(), 4);
    assert_eq!(policy.rules[0].ports[0], PortMatch::All(kreach::model::port::Protocol::Tcp));
}

/// S13, S14, S15.
#[test]
fn a_missing_namespace_selector_is_the_own_namespace() {
    let (policy, _) = policy(concat!(
        "{egress: [{to: [{podSelector: {}}, {namespaceSelector: {}}, ",
        "{namespaceSelector: {matchLabels: {a: b}}, podSelector: {matchExpressions: [{key: x, operator: Exists}]}}]}]}",
    ));
    let sets: Vec<_> = policy.rules[0]
        .peers
        .iter()
        .map(|it| match &it.matches {
            PeerMatch::Pods(set) => (it.place.to_string(), set.clone()),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sets[0].1.namespaces, NamespaceMatch::Own("shop".into()));
    assert!(matches!(&sets[1].1.namespaces, NamespaceMatch::Labels(it) if it.is_everything()));
    assert_eq!(sets[2].1.pods.all_of[0].operator, Operator::Exists);
    assert_eq!(sets[2].0, "spec.egress[0].to[2]");
}

/// What does not read leaves a gap that effect only what it could change (CONTRACT §1, E6).
#[test]
fn a_part_that_does_not_read_bends_what_it_could_change() {
    let opens = GapEffect::Opens(Direction::Ingress);
    let cases = [
        ("{ingress: [{from: [{}]}]}", "spec.ingress[0].from[0]", "a peer with no field", opens),
        (
            "{ingress: [{from: [{ipBlock: {cidr: 10.0.0/8}}]}]}",
            "spec.ingress[0].from[0].ipBlock.cidr",
            "not a CIDR: \"10.0.0/8\"",
            opens,
        ),
        (
            "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
            "spec.ingress[0].from[0]",
            "ipBlock beside a selector",
            opens,
        ),
        ("{ingress: [{from: [{group: x}]}]}", "spec.ingress[0].from[0].group", "unknown field", opens),
        ("{ingress: [{sources: []}]}", "spec.ingress[0].sources", "unknown field", opens),
        (
            "{ingress: [{ports: [{port: true}]}]}",
            "spec.ingress[0].ports[0].port",
            "a boolean where a port number was expected",
            opens,
        ),
        (
            "{ingress: [{ports: [{protocol: tcp}]}]}",
            "spec.ingress[0].ports[0].protocol",
            "the API writes protocols in capitals, not \"tcp\"",
            opens,
        ),
        ("{ingress: [7]}", "spec.ingress[0]", "a number where an object was expected", opens),
        ("{ingress: all}", "spec.ingress", "a string where a list was expected", opens),
        (
            "{podSelector: {matchExpressions: [{key: a, operator: In}]}}",
            "spec.podSelector.matchExpressions[0].values",
            "In without values",
            GapEffect::Target,
        ),
        (
            "{podSelector: {matchLabels: {a: {}}}}",
            "spec.podSelector.matchLabels.a",
            "an object where a string was expected",
            GapEffect::Target,
        ),
        ("{policyTypes: [ingress]}", "spec.policyTypes[0]", "unknown policy type \"ingress\"", GapEffect::Anything),
        ("{tier: gold}", "spec.tier", "unknown field", GapEffect::Anything),
        ("[]", "spec", "a list where an object was expected", GapEffect::Anything),
    ];
    for (spec, place, what, effect) in cases {
        let (policy, problems) = policy(spec);
        let gaps: Vec<_> =
            policy.gaps.iter().map(|it| (it.place.to_string(), it.what.to_string(), it.effect)).collect();
        assert_eq!(gaps, [(place.to_owned(), what.to_owned(), effect)], "{spec}");
        assert_eq!(problems, [format!("networkpolicy/shop/p {place}: {what}")], "{spec}");
        assert!(policy.target.pods.is_everything());
        assert!(policy.rules.iter().all(|it| it.peers.is_empty() || it.ports.is_empty()), "nothing of it is allowed");
    }
}

/// What the API server would refuse and every engine reads alike is read so, with a problem.
#[test]
fn what_would_be_refused_is_read_as_it_would_act() {
    let cases = [
        (
            "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}",
            "11.0.0.0/8 is not a strict part of 10.0.0.0/8",
        ),
        ("{ports: [{port: 0}]}", "0 is not a port; matches nothing"),
        ("{ports: [{port: 70000}]}", "70000 is not a port; matches nothing"),
        ("{ports: [{port: 90, endPort: 80}]}", "endPort 80 is less than port 90; matches nothing"),
        ("{ports: [{endPort: 80}]}", "endPort without a numeric port says nothing"),
        ("{ports: [{port: http, endPort: 80}]}", "endPort without a numeric port says nothing"),
        ("{ports: [{protocol: ICMP}]}", "unknown protocol \"ICMP\"; matches nothing"),
        ("{ports: [{port: \"80\"}]}", "\"80\" is a name, not a number, and no port can have it"),
    ];
    for (rule, what) in cases {
        let (policy, problems) = policy(&format!("{{ingress: [{rule}]}}"));
        assert!(policy.gaps.is_empty(), "{rule}");
        assert_eq!(problems.len(), 1, "{rule}: {problems:?}");
        assert!(problems[0].ends_with(what), "{rule}: {problems:?}");
    }
}

/// CONTRACT §2: host bits are masked, mapped addresses are IPv4.
#[test]
fn blocks_are_canonical() {
    for (written, canonical) in
        [("10.1.2.3/8", "10.0.0.0/8"), ("::ffff:10.0.0.0/104", "10.0.0.0/8"), ("fd00::1/64", "fd00::/64")]
    {
        let (policy, _) = policy(&format!("{{ingress: [{{from: [{{ipBlock: {{cidr: '{written}'}}}}]}}]}}"));
        let PeerMatch::Block(block) = &policy.rules[0].peers[0].matches else { panic!("{written}") };
        assert_eq!(block.cidr.to_string(), canonical);
    }
}

/// CONTRACT §3: kinds that are not evaluated are never ignored, and touch no more than their plain subject.
#[test]
fn kinds_that_are_not_evaluated_become_gaps_with_a_target() {
    let cases = [
        ("adminnetworkpolicy", "{subject: {namespaces: {matchLabels: {a: b}}}}", "namespaces"),
        (
            "baselineadminnetworkpolicy",
            "{subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}}}",
            "pods",
        ),
        (
            "clusternetworkpolicy",
            "{tier: Baseline, subject: {pods: {namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}}}",
            "pods",
        ),
        ("clusternetworkpolicy.networking.k8s.aws", "{subject: {who: knows}}", "all"),
        ("applicationnetworkpolicy", "{podSelector: {matchLabels: {a: b}}}", "pods"),
        ("networkpolicy.projectcalico.org", "{selector: \"a == 'b' && has(c)\"}", "pods"),
        ("networkpolicy.projectcalico.org", "{selector: \"a == 'b' || has(c)\"}", "all"),
        ("globalnetworkpolicy.projectcalico.org", "{namespaceSelector: \"a not in {'b', 'c'}\"}", "namespaces"),
        ("globalnetworkpolicy.crd.projectcalico.org", "{selector: \"projectcalico.org/namespace == 'b'\"}", "all"),
        ("ciliumnetworkpolicy", "{endpointSelector: {matchLabels: {\"k8s:a\": b}}}", "pods"),
        ("ciliumclusterwidenetworkpolicy", "{endpointSelector: {matchLabels: {\"reserved:host\": ''}}}", "all"),
        ("ciliumclusterwidenetworkpolicy", "{nodeSelector: {}}", "all"),
    ];
    for (kind, spec, narrow) in cases {
        let row = KINDS.iter().find(|it| it.kind.as_str() == kind).expect("the kind is in the table");
        let entry = entry(row.kind, &format!("metadata: {{name: p, namespace: shop}}\nspec: {spec}\n"));
        let policy = policy_of(&entry);
        assert_eq!((policy.gaps.len(), policy.gaps[0].effect), (1, GapEffect::Unevaluated), "{kind}");
        let everywhere = match &policy.target.namespaces {
            NamespaceMatch::Own(own) => *own == "shop",
            NamespaceMatch::Labels(it) => it.is_everything(),
        };
        assert_eq!(
            (everywhere, policy.target.pods.is_everything()),
            (narrow != "namespaces", narrow != "pods"),
            "{kind} {spec}"
        );
        assert_eq!(policy.meta.namespace.is_empty(), !row.is_namespaced(), "{kind}");
    }
}

#[test]
fn calico_mirrors_of_other_policies_are_ignored() {
    let kind = Kind("networkpolicy.projectcalico.org");
    for name in ["knp.default.web", "kanp.x", "kbanp.default", "kcnp.x"] {
        assert!(matches!(yaml(kind, &format!("metadata: {{name: {name}}}")), ReadOutcome::Ignored(_)), "{name}");
    }
    assert!(matches!(yaml(kind, "metadata: {name: default.web}"), ReadOutcome::Read(_)));
}

/// CONTRACT §1, §4: RBAC is read as far as it goes, and never becomes unreadable.
#[test]
fn rbac_objects_keep_what_reads() {
    let role = entry(
        Kind::ROLE,
        "metadata: {name: r, uid: u}\nrules: [{verbs: [get, {}], resources: pods, apiGroups: ['']}, {verbs: ['*']}]\n",
    );
    let AnyFact::Role(it) = &role.fact else { panic!("{role:?}") };
    assert_eq!((it.rules.len(), it.rules[0].verbs.len(), it.rules[0].resources.len()), (2, 1, 0));
    assert_eq!(it.origin, RoleSource::Server);
    assert_eq!(
        problems(&role),
        [
            "role/default/r rules[0].verbs[1]: not a string; left out",
            "role/default/r rules[0].resources: not a list; left out",
            "role/default/r rules[0].resources: required: without it the rule grants nothing",
            "role/default/r rules[1].apiGroups: required: without it the rule grants nothing",
            "role/default/r rules[1].resources: required: without it the rule grants nothing",
        ]
    );
    let binding = entry(
        Kind::CLUSTER_ROLE_BINDING,
        "metadata: {name: b, namespace: x}\nroleRef: {kind: ClusterRole, name: r}\nsubjects: [{kind: User, name: 1.5}, {kind: Group, name: g}, {kind: Robot, name: r}, 5]\n",
    );
    let AnyFact::Binding(it) = &binding.fact else { panic!("{binding:?}") };
    let robot = Subject::Other { kind: "Robot".into(), name: "r".into() };
    // What does not read holds its place, so that the others keep theirs.
    assert_eq!(it.subjects.len(), 4);
    assert_eq!(it.subjects[1..3], [Subject::Group("g".into()), robot]);
    assert!(it.meta.namespace.is_empty(), "a cluster-wide kind has no namespace");
}

const PAGE: &str = concat!(
    r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"99","continue":"tok","remainingItemCount":5},"#,
    r#""items":[{"metadata":{"name":"a","namespace":"s","labels":{"x":"y"}},"spec":{"containers":[]}},"#,
    r#"{"metadata":{"name":"b","namespace":"s"},"spec":{}}]}"#
);

#[test]
fn a_page_gives_its_objects_and_where_to_go_on() {
    let pods = spec(Kind::POD).expect("the kind is in the table");
    let page = read_list(pods, PAGE.as_bytes(), &mut Intern::new()).expect("a page");
    assert_eq!(
        (page.entries.len(), page.continues.as_str(), page.version.as_str(), page.remaining),
        (2, "tok", "99", Some(5))
    );
    assert_eq!(page.entries[1].fact.id().to_string(), "pod/s/b");
}

/// E5, M6: one bad object costs itself, not its page.
#[test]
fn a_bad_object_costs_itself_alone() {
    let pods = spec(Kind::POD).expect("the kind is in the table");
    let bad = PAGE.replace(r#""spec":{}"#, r#""spec":{"nodeName":[]}"#).replace(r#""items":["#, r#""items":[7,{},"#);
    let page = read_list(pods, bad.as_bytes(), &mut Intern::new()).expect("a page");
    assert_eq!((page.entries.len(), page.unreadable.len(), page.notes.len()), (1, 1, 2));
    assert_eq!(page.unreadable[0].0.to_string(), "pod/s/b");
    assert_eq!(page.version, "99");
}

#[test]
fn a_status_in_place_of_a_page_is_an_error() {
    let pods = spec(Kind::POD).expect("the kind is in the table");
    let status = r#"{"kind":"Status","code":410,"reason":"Expired","message":"too old"}"#;
    let error = read_list(pods, status.as_bytes(), &mut Intern::new()).expect_err("no page");
    assert_eq!(error.to_string(), "the server answered 410: too old");
    for bytes in ["", "<html>", "[]", "{\"items\":7}"] {
        assert!(read_list(pods, bytes.as_bytes(), &mut Intern::new()).is_err(), "{bytes:?}");
    }
}

#[test]
fn watch_lines_become_steps() {
    let pods = spec(Kind::POD).expect("the kind is in the table");
    let mut intern = Intern::new();
    let mut read = |line: &str| read_event(pods, line.as_bytes(), &mut intern).expect("an event");
    let object = r#"{"metadata":{"name":"a","namespace":"s","resourceVersion":"7"},"spec":{}}"#;
    let put = read(&format!(r#"{{"type":"ADDED","object":{object}}}"#));
    assert!(matches!(put.step, WatchStep::Delta(Delta::Put(_))) && put.version == "7");
    let gone = read(&format!(r#"{{"type":"DELETED","object":{object}}}"#));
    assert!(matches!(gone.step, WatchStep::Delta(Delta::Gone(_))) && gone.version == "7");
    let gone = read(r#"{"type":"DELETED","object":{"metadata":{"name":"a","resourceVersion":"8"},"spec":3}}"#);
    assert!(matches!(gone.step, WatchStep::Delta(Delta::Gone(_))) && gone.version == "8");
    let bad = read(r#"{"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"9"},"spec":3}}"#);
    assert!(matches!(bad.step, WatchStep::Delta(Delta::Unreadable { .. })) && bad.version == "9");
    let mark = read(
        r#"{"type":"BOOKMARK","object":{"kind":"Pod","metadata":{"resourceVersion":"12","annotations":{"k8s.io/initial-events-end":"true"}}}}"#,
    );
    assert_eq!((mark.step, mark.version.as_str()), (WatchStep::Bookmark { ends_initial_events: true }, "12"));
    let failed = read(r#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"m"}}"#);
    assert!(matches!(failed.step, WatchStep::Failed(status) if status.code == 410));
    for line in ["", "{}", "{\"type\":\"ADDED\"}", "{\"type\":\"ADDED\",\"object\":"] {
        assert!(read_event(pods, line.as_bytes(), &mut Intern::new()).is_err(), "{line:?}");
    }
}

/// Every reader is total on every prefix and on wrong types at every field.
#[test]
fn no_bytes_make_a_reader_panic() {
    let object = r#"{"metadata":{"name":"a","namespace":"s","labels":{"x":"y"},"ownerReferences":[{"kind":"X","name":"y","controller":true}]},"spec":{"podSelector":{"matchExpressions":[{"key":"k","operator":"In","values":["v"]}]},"ingress":[{"from":[{"ipBlock":{"cidr":"10.0.0.0/8","except":["10.1.0.0/16"]}}],"ports":[{"port":80,"endPort":90}]}],"containers":[{"ports":[{"containerPort":80}]}],"selector":"a == 'b'","ports":[{"port":80,"targetPort":"x"}]},"rules":[{"verbs":["get"]}],"subjects":[{"kind":"User"}],"roleRef":{"kind":"Role"},"endpoints":[{"addresses":["10.0.0.1"]}],"status":{"podIP":"10.0.0.1"}}"#;
    let quotes: Vec<usize> = object.match_indices(['{', '[', '"']).map(|(at, _)| at).collect();
    for kind in KINDS {
        for &at in &quotes {
            let _ = kind.read_json(&object[..at], "default", &mut Intern::new());
            let wrong = format!("{}7,{}", &object[..at], &object[at..]);
            let _ = kind.read_json(&wrong, "default", &mut Intern::new());
            let _ = kind.read_yaml(&wrong, "default", &mut Intern::new());
        }
        let whole = kind.read_json(object, "default", &mut Intern::new());
        assert!(!matches!(whole, ReadOutcome::Noted(_)), "{kind:?} {whole:?}");
    }
}

/// YAML 1.1 and 1.2 differ about them; kubectl follows the first (reliability.md §3.6).
#[test]
fn words_that_might_be_booleans_are_words_and_a_problem() {
    let (policy, problems) = policy(
        "{podSelector: {matchLabels: {a: y, b: 'no'}}, ingress: [{from: [{podSelector: {matchExpressions: [{key: k, operator: In, values: [on, x]}]}}]}]}",
    );
    assert_eq!(policy.target.pods.all_of[0].operator, Operator::In(vec!["y".into()].into()));
    assert!(policy.gaps.is_empty());
    assert_eq!(
        problems,
        [
            "networkpolicy/shop/p spec.podSelector.matchLabels.a: y without quotes is the boolean true to the API server, which refuses it; read as \"y\"",
            "networkpolicy/shop/p spec.ingress[0].from[0].podSelector.matchExpressions[0].values[0]: on without quotes is the boolean true to the API server, which refuses it; read as \"on\"",
        ]
    );
}

/// E5: an object of which not even the metadata reads is known by its name.
#[test]
fn a_name_is_enough_to_be_unreadable() {
    let odd = "metadata: {name: a, namespace: shop, ownerReferences: 7}\n";
    assert!(
        matches!(yaml(Kind::NETWORK_POLICY, odd), ReadOutcome::Unreadable { id, .. } if id.to_string() == "networkpolicy/shop/a")
    );
}

/// Where an object belongs, a list is a wrong type, not an object whose fields have no names.
#[test]
fn a_list_is_no_object() {
    for odd in ["metadata: [a]\n", "metadata: {name: a}\nspec: []\n", "metadata: {name: a}\nstatus: [Running]\n"] {
        assert!(!matches!(yaml(Kind::POD, odd), ReadOutcome::Read(_)), "{odd}");
    }
}
