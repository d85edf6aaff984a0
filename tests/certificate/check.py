#!/usr/bin/env python3
"""Checks a "no" of `kreach reach END --to GOAL --certificate FILE` against what the cluster holds.

    kreach snapshot -o json > cluster.json
    kreach reach sa:ci/runner --to cluster-admin --certificate no.json
    python3 tests/certificate/check.py no.json cluster.json

A certificate is a set of things that are held: it says that whoever starts with one of them never comes to anything
outside, and that the goal is outside. This program reads roles, bindings, pods and the rest by itself, takes every step
that it knows from everything in the set, and refuses the certificate where one of them leads out. It shares no code with
kreach, and needs nothing but Python. Steps that it does not know are told as unchecked.

Exit code: 0 it holds, 1 it is refused, 2 it cannot be read. With --lines: a JSON object {"certificate", "snapshot"} a line
on stdin, a JSON object {"holds", "why", "unchecked"} a line on stdout.
"""

import json
import sys

MASTERS = "system:masters"
WORKLOADS = {
    "apps": ["deployments", "replicasets", "statefulsets", "daemonsets"],
    "batch": ["jobs", "cronjobs"],
    "": ["replicationcontrollers"],
}
# The steps that are taken here; A01, A02, A12 and A17 by rights for all names alone.
CHECKED = [
    "A01", "A02", "A05", "A06", "A11", "A12", "A13", "A14", "A17", "A25", "A26", "A52",
    "BACKEND", "CONTAINER_ESCAPE", "MEMBER", "TOKEN_STEAL",
]
RBAC = "rbac.authorization.k8s.io"


class Refused(Exception):
    """Why a certificate does not hold."""


def meta(item):
    data = item.get("metadata") or {}
    return data.get("namespace") or "", data.get("name") or ""


class Cluster:
    """What a snapshot holds, by what steps ask of it."""

    def __init__(self, snapshot):
        self.roles, self.cluster_roles, self.bindings = {}, {}, []
        self.accounts, self.pods, self.services, self.namespaces = {}, [], [], set()
        for item in snapshot["items"]:
            self.read(item)
        for role in self.cluster_roles.values():
            role["effective"] = self.rules_of(role, [])
        for pod in self.pods:
            self.namespaces.add(meta(pod)[0])
            self.accounts.setdefault((meta(pod)[0], account_of(pod)), None)
        for namespace in self.namespaces:
            self.accounts.setdefault((namespace, "default"), None)

    def read(self, item):
        kind, key = item.get("kind"), meta(item)
        if kind == "Namespace":
            self.namespaces.add(key[1])
        elif kind == "ServiceAccount":
            self.accounts[key] = item
        elif kind == "Pod":
            self.pods.append(item)
        elif kind == "Service":
            self.services.append(item)
        elif kind == "Role":
            self.roles[key] = item
        elif kind == "ClusterRole":
            self.cluster_roles[key[1]] = item
        elif kind in ("RoleBinding", "ClusterRoleBinding"):
            self.bindings.append(item)
        if key[0]:
            self.namespaces.add(key[0])

    def rules_of(self, role, above):
        """The stored rules; of a manifest that aggregates those of the roles that it takes in."""
        wanted = (role.get("aggregationRule") or {}).get("clusterRoleSelectors")
        stored = (role.get("metadata") or {}).get("uid") or (role.get("metadata") or {}).get("resourceVersion")
        if wanted is None or stored:
            return role.get("rules") or []
        rules = []
        for other in self.cluster_roles.values():
            labels = (other.get("metadata") or {}).get("labels") or {}
            if other is not role and other not in above and any(selects(it, labels) for it in wanted):
                rules += self.rules_of(other, above + [role])
        return rules

    def rules(self, reference, namespace):
        """The rules that a binding refers to; none where the role is not there."""
        if reference.get("kind") == "ClusterRole":
            role = self.cluster_roles.get(reference.get("name"))
            return role["effective"] if role else []
        role = self.roles.get((namespace, reference.get("name"))) if namespace else None
        return (role.get("rules") or []) if role else []

    def running(self):
        return [it for it in self.pods if is_running(it)]


def selects(selector, labels):
    """Whether a label selector holds labels."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for it in selector.get("matchExpressions") or []:
        key, values, operator = it["key"], it.get("values") or [], it["operator"]
        held = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }[operator]
        if not held:
            return False
    return True


def account_of(pod):
    return (pod.get("spec") or {}).get("serviceAccountName") or "default"


def is_running(pod):
    return ((pod.get("status") or {}).get("phase") or "Running") == "Running"


def pod_name(pod):
    return "pod/%s/%s" % meta(pod)


class Somebody:
    """One who asks the API server: a user, the groups, and the rules with where they hold."""

    def __init__(self, user, groups, rules):
        self.user, self.groups, self.rules = user, groups, rules

    def rights(self, verbs, group, resource):
        """(namespace, names): where and for which objects a request is allowed; an empty namespace is every one."""
        for namespace, rule in self.rules:
            if allows(rule, verbs, group, resource):
                yield namespace, rule.get("resourceNames") or []

    def cluster_rights(self, verbs, group, resource):
        return [names for namespace, names in self.rights(verbs, group, resource) if not namespace]


def allows(rule, verbs, group, resource):
    has = lambda words, one: "*" in words or one in words
    resources = rule.get("resources") or []
    is_named = "*" in resources or resource in resources
    if "/" in resource:
        is_named = is_named or "*/" + resource.split("/", 1)[1] in resources
    return (
        is_named
        and has(rule.get("apiGroups") or [], group)
        and any(has(rule.get("verbs") or [], it) for it in verbs)
    )


def gives_everything(rule):
    lists = (rule.get(it) or [] for it in ("verbs", "apiGroups", "resources"))
    return all("*" in it for it in lists) and not rule.get("resourceNames")


def account_user(namespace, name):
    return "system:serviceaccount:%s:%s" % (namespace, name)


def implied(user, groups):
    """The groups that come by themselves."""
    groups = list(groups)
    parts = user.split(":") if user else []
    if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"]:
        groups += ["system:serviceaccounts", "system:serviceaccounts:" + parts[2]]
    if user.startswith("system:node:"):
        groups.append("system:nodes")
    groups += ["system:serviceaccounts" for it in groups if it.startswith("system:serviceaccounts:")][:1]
    is_nobody = user == "system:anonymous" or "system:unauthenticated" in groups
    groups.append("system:unauthenticated" if is_nobody else "system:authenticated")
    return set(groups)


class Closed:
    """A set of a certificate, with what it says of the whole."""

    def __init__(self, cluster, certificate, part):
        self.cluster, self.start = cluster, part["start"]
        self.held = set(part["closed"])
        self.goals, self.given = certificate["goals"], certificate.get("groups") or []
        version = certificate.get("serverVersion")
        self.before_35 = version is None or int(version.split(".")[1]) < 35
        self.everybody = [self.somebody(it) for it in sorted(self.subjects())]
        self.everybody += [it for it in (self.role(it) for it in sorted(self.held)) if it]

    def has(self, thing):
        """Whether something is in the set, by itself or as one of many."""
        if thing in self.held:
            return True
        kind = thing.split(":", 1)[0]
        if kind == "user" and {"user:*", "certificate:*"} & self.held:
            return True
        if (kind == "group" or thing == "masters") and "group:*" in self.held:
            return True
        if kind in ("group", "sa") and "certificate:*" in self.held:
            return True
        parts = thing.split("/")
        return parts[0] == "secrets" and len(parts) == 3 and "/".join(parts[:2]) in self.held

    def subjects(self):
        """Everybody who is held; of a whole sort those whom bindings name."""
        found = {it for it in self.held if it.split(":", 1)[0] in ("user", "group", "sa") and not it.endswith(":*")}
        sorts = [it for it in ("user:*", "group:*", "certificate:*") if it in self.held]
        for binding in self.cluster.bindings if sorts else []:
            for subject in binding.get("subjects") or []:
                name = subject_name(subject, meta(binding)[0])
                if name and name != "group:" + MASTERS and self.has(name):
                    found.add(name)
        if "masters" in self.held or "group:*" in self.held:
            found.add("group:" + MASTERS)
        return found

    def somebody(self, name):
        kind, rest = name.split(":", 1)
        user = account_user(*rest.split("/", 1)) if kind == "sa" else rest if kind == "user" else ""
        groups = ([rest] if kind == "group" else []) + (self.given if name == self.start else [])
        groups = implied(user, groups)
        rules = []
        for binding in self.cluster.bindings:
            namespace = meta(binding)[0]
            if any(speaks_of(it, namespace, user, groups) for it in binding.get("subjects") or []):
                rules += [(namespace, it) for it in self.cluster.rules(binding.get("roleRef") or {}, namespace)]
        return Somebody(user, groups, rules)

    def role(self, thing):
        """The rules of a role that is held beside one's own, and those of a sink that somebody starts with."""
        star = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
        if thing == self.start and thing.startswith("namespace-admin/"):
            return Somebody("", set(), [(thing.split("/", 1)[1], star)])
        place, _, namespace = thing.partition(" in ")
        parts = place.split("/")
        if parts[0] == "clusterrole":
            rules = self.cluster.rules({"kind": "ClusterRole", "name": parts[1]}, namespace)
        elif parts[0] == "role":
            rules = self.cluster.rules({"kind": "Role", "name": parts[2]}, parts[1])
        else:
            return None
        return Somebody("", set(), [(namespace, it) for it in rules])

    def spaces(self, namespace):
        return [namespace] if namespace else sorted(self.cluster.namespaces)

    def accounts(self, namespace, names=()):
        """Service accounts that are there."""
        for home, name in sorted(self.cluster.accounts):
            if (not namespace or home == namespace) and (not names or name in names):
                yield "sa:%s/%s" % (home, name)

    def pods(self, namespace, names=()):
        for pod in self.cluster.running():
            home, name = meta(pod)
            if (not namespace or home == namespace) and (not names or name in names):
                yield pod_name(pod)

    def steps(self):
        """(step, what it leads to) for every step that is known here."""
        yield from self.by_pods()
        for who in self.everybody:
            yield from self.by_rules(who)
            yield from self.by_acting(who)
            yield from self.by_binding(who)
        yield from self.by_token_secrets()

    def by_pods(self):
        held_nodes = {it.split("/", 1)[1] for it in self.held if it.startswith("node-root/")}
        # Whoever starts in a pod that has ended holds what stood in it.
        for pod in self.cluster.pods:
            spec, (namespace, _) = pod.get("spec") or {}, meta(pod)
            node = spec.get("nodeName")
            if node in held_nodes and is_running(pod):
                yield "A25", pod_name(pod)
            if pod_name(pod) not in self.held:
                continue
            if mounts_token(pod, self.cluster.accounts.get((namespace, account_of(pod)))):
                yield "TOKEN_STEAL", "sa:%s/%s" % (namespace, account_of(pod))
            if node and is_privileged(spec):
                yield "CONTAINER_ESCAPE", "node-root/" + node
            for service in self.cluster.services if is_running(pod) else []:
                selector = (service.get("spec") or {}).get("selector")
                labels = (pod.get("metadata") or {}).get("labels") or {}
                if selector and meta(service)[0] == namespace and selects({"matchLabels": selector}, labels):
                    yield "BACKEND", "intercept/%s/%s" % meta(service)
        for node in sorted(held_nodes):
            yield "A25", "user:system:node:" + node

    def by_rules(self, who):
        if MASTERS in who.groups:
            yield "A52", "cluster-admin"
        for namespace, rule in who.rules:
            if gives_everything(rule):
                yield "A52", "namespace-admin/" + namespace if namespace else "cluster-admin"
        for step, resource in (("A05", "pods/exec"), ("A06", "pods/attach")):
            for namespace, names in who.rights(["create", "get"] if self.before_35 else ["create"], "", resource):
                for pod in self.pods(namespace, names):
                    yield step, pod
        for namespace, names in who.rights(["create"], "", "serviceaccounts/token"):
            for account in self.accounts(namespace, names):
                yield "A13", account
        for namespace, names in who.rights(["get", "list", "watch"], "", "secrets"):
            for home in self.spaces(namespace):
                for name in names or [None]:
                    yield "A11", "secrets/" + home + ("/" + name if name else "")
        makes = [("A01", "", "pods")] + [("A02", group, it) for group in WORKLOADS for it in WORKLOADS[group]]
        for step, group, resource in makes:
            for namespace, names in who.rights(["create"], group, resource):
                for account in [] if names else self.accounts(namespace):
                    yield step, account
        for names in who.cluster_rights(["get", "create"], "", "nodes/proxy"):
            for pod in self.cluster.running():
                node = (pod.get("spec") or {}).get("nodeName")
                if node and (not names or node in names):
                    yield "A26", pod_name(pod)

    def by_acting(self, who):
        """Impersonation; of a group beside a user or an account."""
        beside = False
        for names in who.cluster_rights(["impersonate"], "", "users"):
            beside = True
            for name in names or ["*"]:
                if name and not name.startswith("system:serviceaccount:"):
                    yield "A14", "user:" + name
        for namespace, names in who.rights(["impersonate"], "", "serviceaccounts"):
            beside = True
            for account in self.accounts(namespace, names):
                yield "A14", account
        for names in who.cluster_rights(["impersonate"], "", "groups") if beside else []:
            for name in names or ["*"]:
                if name:
                    yield "A14", "masters" if name == MASTERS else "group:" + name

    def by_binding(self, who):
        """Whoever may bind roles and make bindings binds them to themselves."""
        for kind, resource in (("clusterrole", "clusterroles"), ("role", "roles")):
            binds = list(who.rights(["bind"], RBAC, resource))
            for home, names in who.rights(["create"], RBAC, "rolebindings") if binds else []:
                for namespace in [] if names else self.spaces(home):
                    for where, which in binds:
                        if where in ("", namespace):
                            yield from self.bound(kind, which, namespace)
            if kind == "clusterrole" and any(not it for it in who.cluster_rights(["create"], RBAC, "clusterrolebindings")):
                for which in [names for where, names in binds if not where]:
                    yield from self.bound(kind, which, "")

    def bound(self, kind, names, namespace):
        if kind == "clusterrole":
            roles = [(name, "clusterrole/" + name, it["effective"]) for name, it in self.cluster.cluster_roles.items()]
        else:
            mine = [(key[1], it) for key, it in self.cluster.roles.items() if key[0] == namespace]
            roles = [(name, "role/%s/%s" % (namespace, name), it.get("rules") or []) for name, it in mine]
        roles = [it for it in roles if not names or it[0] in names]
        if any(gives_everything(rule) for it in roles for rule in it[2]):
            yield "A17", "namespace-admin/" + namespace if namespace else "cluster-admin"
            return
        for _, role, _ in roles:
            yield "A17", role + (" in " + namespace if namespace else "")

    def by_token_secrets(self):
        """A Secret that the token controller fills; its maker and its reader may be two who are held."""
        makers = [it for who in self.everybody for it in who.rights(["create"], "", "secrets") if not it[1]]
        readers = [it for who in self.everybody for it in who.rights(["get", "list", "watch"], "", "secrets")]
        for home, _ in makers:
            for other, _ in readers:
                if home == other or not home or not other:
                    for account in self.accounts(home or other):
                        yield "A12", account

    def check(self):
        if not self.has(self.start):
            raise Refused("%s starts, and is not in the set" % self.start)
        if {"cluster-admin", "masters", "group:*"} & self.held:
            raise Refused("whoever may do everything comes everywhere")
        for thing in self.goal_met():
            raise Refused("%s is the goal, and in the set" % thing)
        for step, to in self.steps():
            if not self.has(to):
                raise Refused("%s leads out of the set, to %s" % (step, to))

    def goal_met(self):
        for goal in self.goals:
            if goal.endswith("/*"):
                yield from (it for it in sorted(self.held) if it.startswith(goal[:-1]))
            elif self.has(goal):
                yield goal
            elif goal.startswith("group:") and any(goal[6:] in it.groups for it in self.everybody):
                yield goal


def mounts_token(pod, account):
    spec = pod.get("spec") or {}
    for volume in spec.get("volumes") or []:
        for source in (volume.get("projected") or {}).get("sources") or []:
            if "serviceAccountToken" in source:
                # Whether a container mounts it is not looked at: only the plain case is taken here.
                return False
    own = spec.get("automountServiceAccountToken")
    if own is None:
        own = (account or {}).get("automountServiceAccountToken")
    return own is not False


def is_privileged(spec):
    if spec.get("hostUsers") is False:
        return False
    containers = (spec.get("containers") or []) + (spec.get("initContainers") or [])
    return any((it.get("securityContext") or {}).get("privileged") is True for it in containers)


def subject_name(subject, home):
    kind, name = subject.get("kind"), subject.get("name") or ""
    if not name:
        return None
    if kind == "ServiceAccount":
        return "sa:%s/%s" % (subject.get("namespace") or home, name)
    parts = name.split(":")
    if kind == "User" and len(parts) == 4 and parts[:2] == ["system", "serviceaccount"]:
        return "sa:%s/%s" % (parts[2], parts[3])
    return {"User": "user:" + name, "Group": "group:" + name}.get(kind)


def speaks_of(subject, home, user, groups):
    kind, name = subject.get("kind"), subject.get("name") or ""
    if kind == "User":
        return bool(name) and name == user
    if kind == "Group":
        return name in groups
    return kind == "ServiceAccount" and account_user(subject.get("namespace") or home, name) == user


def check(certificate, snapshot):
    """Checks every set of a certificate; gives the steps that were not checked."""
    if certificate.get("kind") != "Certificate" or certificate.get("version") != "kreach/v1":
        raise Refused("this is no certificate")
    if not certificate["sets"]:
        raise Refused("nobody starts")
    cluster, unchecked = Cluster(snapshot), set()
    for part in certificate["sets"]:
        Closed(cluster, certificate, part).check()
        told = {it["edge"] for it in part["steps"]}
        if not told.issuperset(CHECKED):
            raise Refused("it says nothing of %s" % ", ".join(sorted(set(CHECKED) - told)))
        unchecked |= told - set(CHECKED)
    return sorted(unchecked)


def answer(certificate, snapshot):
    try:
        return {"holds": True, "why": "", "unchecked": check(certificate, snapshot)}
    except Refused as refused:
        return {"holds": False, "why": str(refused), "unchecked": []}


def main(arguments):
    if arguments == ["--lines"]:
        for line in sys.stdin:
            asked = json.loads(line)
            print(json.dumps(answer(asked["certificate"], asked["snapshot"])))
        return 0
    if len(arguments) != 2:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    try:
        found = answer(*(json.load(open(it, encoding="utf-8")) for it in arguments))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        print("cannot be read: %r" % error, file=sys.stderr)
        return 2
    if not found["holds"]:
        print("refused: " + found["why"])
        return 1
    print("holds; not checked: " + ", ".join(found["unchecked"]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
