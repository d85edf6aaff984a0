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
RBAC = "rbac.authorization.k8s.io"
READ = ["get", "list", "watch"]
EVERYTHING = {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}
# What makes pods: the step, the group, the resources.
MAKERS = [
    ("A01", "", ["pods"]),
    ("A02", "", ["replicationcontrollers"]),
    ("A02", "apps", ["deployments", "replicasets", "statefulsets", "daemonsets"]),
    ("A02", "batch", ["jobs", "cronjobs"]),
]
# The steps that are taken here; A01, A02, A12 and A17 by rights for all names alone.
CHECKED = {
    "A01", "A02", "A05", "A06", "A11", "A12", "A13", "A14", "A17", "A25", "A26", "A52",
    "BACKEND", "CONTAINER_ESCAPE", "MEMBER", "TOKEN_STEAL",
}


class Refused(Exception):
    """Why a certificate does not hold."""


def at(item, *keys):
    """What stands there in an object; None where something on the way is not there."""
    for key in keys:
        item = (item or {}).get(key)
    return item


def id_of(item):
    return at(item, "metadata", "namespace") or "", at(item, "metadata", "name") or ""


def labels_of(item):
    return at(item, "metadata", "labels") or {}


class Cluster:
    """What a snapshot holds: by kind the objects, by namespace and name."""

    def __init__(self, snapshot):
        self.kinds = {}
        for item in snapshot["items"]:
            self.kinds.setdefault(item.get("kind"), {})[id_of(item)] = item
        self.pods = list(self.of("Pod").values())
        self.running = [it for it in self.pods if is_running(it)]
        self.bindings = [*self.of("RoleBinding").values(), *self.of("ClusterRoleBinding").values()]
        named = {namespace for objects in self.kinds.values() for namespace, _ in objects if namespace}
        self.namespaces = sorted(named | {name for _, name in self.of("Namespace")})
        # Each namespace has one called default, and a pod runs as one that is there.
        accounts = {(it, "default") for it in self.namespaces} | {account_of(it) for it in self.pods}
        self.accounts = sorted(accounts | set(self.of("ServiceAccount")))

    def of(self, kind):
        return self.kinds.get(kind) or {}

    def rules(self, kind, namespace, name):
        """The rules of a role; none where it is not there."""
        if kind == "ClusterRole":
            return self.rules_of(self.of(kind).get(("", name)), [])
        return at(self.of("Role").get((namespace, name)), "rules") or []

    def rules_of(self, role, above):
        """The stored rules; of a manifest that aggregates those of the roles that it takes in."""
        wanted = at(role, "aggregationRule", "clusterRoleSelectors")
        if wanted is None or at(role, "metadata", "uid") or at(role, "metadata", "resourceVersion"):
            return at(role, "rules") or []
        others = [it for it in self.of("ClusterRole").values() if it is not role and it not in above]
        members = [it for it in others if any(selects(selector, labels_of(it)) for selector in wanted)]
        return [rule for it in members for rule in self.rules_of(it, above + [role])]


def selects(selector, labels):
    """Whether a label selector holds labels."""
    for key, value in (selector.get("matchLabels") or {}).items():
        if labels.get(key) != value:
            return False
    for it in selector.get("matchExpressions") or []:
        key, values = it["key"], it.get("values") or []
        held = {
            "In": labels.get(key) in values,
            "NotIn": labels.get(key) not in values,
            "Exists": key in labels,
            "DoesNotExist": key not in labels,
        }
        if not held[it["operator"]]:
            return False
    return True


def is_running(pod):
    return (at(pod, "status", "phase") or "Running") == "Running"


def account_of(pod):
    return id_of(pod)[0], at(pod, "spec", "serviceAccountName") or "default"


def mounts_token(pod, account):
    for volume in at(pod, "spec", "volumes") or []:
        if any("serviceAccountToken" in it for it in at(volume, "projected", "sources") or []):
            # Whether a container mounts it is not looked at: only the plain case is taken here.
            return False
    own = at(pod, "spec", "automountServiceAccountToken")
    return (at(account, "automountServiceAccountToken") if own is None else own) is not False


def is_privileged(pod):
    containers = (at(pod, "spec", "containers") or []) + (at(pod, "spec", "initContainers") or [])
    is_so = any(at(it, "securityContext", "privileged") is True for it in containers)
    return is_so and at(pod, "spec", "hostUsers") is not False


class Somebody:
    """One who asks the API server: the groups, and the rules with where they hold."""

    def __init__(self, groups, rules):
        self.groups, self.rules = groups, rules

    def rights(self, verbs, group, resource):
        """(namespace, names): where and for which objects a request is allowed; an empty namespace is every one."""
        for namespace, rule in self.rules:
            if allows(rule, verbs, group, resource):
                yield namespace, rule.get("resourceNames") or []

    def cluster_rights(self, verbs, group, resource):
        return [names for namespace, names in self.rights(verbs, group, resource) if not namespace]


def allows(rule, verbs, group, resource):
    has = lambda key, *wanted: any(it in ("*", *wanted) for it in rule.get(key) or [])
    any_parent = ["*/" + it for it in resource.split("/")[1:]]
    return has("verbs", *verbs) and has("apiGroups", group) and has("resources", resource, *any_parent)


def gives_everything(rule):
    return all("*" in (rule.get(it) or []) for it in EVERYTHING) and not rule.get("resourceNames")


def account_user(namespace, name):
    return "system:serviceaccount:%s:%s" % (namespace, name)


def split_account(user):
    """The namespace and name of a service account, if the user is one."""
    parts = user.split(":")
    return parts[2:] if len(parts) == 4 and parts[:2] == ["system", "serviceaccount"] else None


def implied(user, groups):
    """The groups, with those that come by themselves."""
    groups, account = set(groups), split_account(user)
    if account:
        groups.add("system:serviceaccounts:" + account[0])
    if any(it.startswith("system:serviceaccounts:") for it in groups):
        groups.add("system:serviceaccounts")
    if user.startswith("system:node:"):
        groups.add("system:nodes")
    is_nobody = user == "system:anonymous" or "system:unauthenticated" in groups
    return groups | {"system:unauthenticated" if is_nobody else "system:authenticated"}


def subject_name(subject, home):
    kind, name = subject.get("kind"), subject.get("name") or ""
    account = split_account(name) if kind == "User" else None
    if kind == "ServiceAccount":
        account = subject.get("namespace") or home, name
    if not name or kind not in ("User", "Group", "ServiceAccount"):
        return None
    return "sa:%s/%s" % tuple(account) if account else kind.lower() + ":" + name


def speaks_of(subject, home, user, groups):
    kind, name = subject.get("kind"), subject.get("name") or ""
    if kind == "ServiceAccount":
        return account_user(subject.get("namespace") or home, name) == user
    return name in groups if kind == "Group" else kind == "User" and name != "" and name == user


class Closed:
    """A set of a certificate, with what it says of the whole."""

    def __init__(self, cluster, certificate, part):
        self.cluster, self.start, self.held = cluster, part["start"], set(part["closed"])
        self.goals, self.given = certificate["goals"], certificate.get("groups") or []
        version = certificate.get("serverVersion")
        self.before_35 = version is None or int(version.split(".")[1]) < 35
        roles = [self.role(it) for it in sorted(self.held)]
        self.everybody = [self.somebody(it) for it in sorted(self.subjects())] + [it for it in roles if it]

    def has(self, thing):
        """Whether something is in the set, by itself or as one of many."""
        kind, wider = thing.split(":", 1)[0], set()
        if kind in ("user", "group", "sa"):
            wider.add("certificate:*")
        if kind in ("user", "group"):
            wider.add(kind + ":*")
        if thing == "masters":
            wider.add("group:*")
        if thing.startswith("secrets/"):
            wider.add("/".join(thing.split("/")[:2]))
        return not self.held.isdisjoint(wider | {thing})

    def subjects(self):
        """Everybody who is held; of a whole sort those whom bindings name."""
        found = {it for it in self.held if it.startswith(("user:", "group:", "sa:")) and not it.endswith(":*")}
        for binding in self.cluster.bindings:
            named = {subject_name(it, id_of(binding)[0]) for it in binding.get("subjects") or []}
            found |= {it for it in named - {None, "group:" + MASTERS} if self.has(it)}
        return found | ({"group:" + MASTERS} if self.has("masters") else set())

    def somebody(self, name):
        kind, rest = name.split(":", 1)
        user = {"sa": account_user(*rest.partition("/")[::2]), "user": rest}.get(kind, "")
        groups = implied(user, ([rest] if kind == "group" else []) + (self.given if name == self.start else []))
        rules = []
        for binding in self.cluster.bindings:
            home = id_of(binding)[0]
            if any(speaks_of(it, home, user, groups) for it in binding.get("subjects") or []):
                role = at(binding, "roleRef", "kind"), home, at(binding, "roleRef", "name")
                rules += [(home, it) for it in self.cluster.rules(*role)]
        return Somebody(groups, rules)

    def role(self, thing):
        """The rules of a role that is held beside one's own, and those of a sink that somebody starts with."""
        if thing == self.start and thing.startswith("namespace-admin/"):
            return Somebody(set(), [(thing.split("/", 1)[1], EVERYTHING)])
        place, _, namespace = thing.partition(" in ")
        kind, *parts = place.split("/")
        if kind not in ("role", "clusterrole"):
            return None
        home = parts[0] if kind == "role" else ""
        rules = self.cluster.rules("Role" if kind == "role" else "ClusterRole", home, parts[-1])
        return Somebody(set(), [(namespace, it) for it in rules])

    def spaces(self, namespace):
        return [namespace] if namespace else self.cluster.namespaces

    def those(self, word, ids, right):
        """Of the objects that are there those that a right is for."""
        namespace, names = right
        for home, name in ids:
            if namespace in ("", home) and (not names or name in names):
                yield "%s%s/%s" % (word, home, name)

    def accounts(self, right):
        return self.those("sa:", self.cluster.accounts, right)

    def steps(self):
        """(step, what it leads to) for every step that is known here."""
        yield from self.by_pods()
        for who in self.everybody:
            yield from self.by_rules(who)
            yield from self.by_acting(who)
            yield from self.by_binding(who)
        yield from self.by_token_secrets()

    def by_pods(self):
        nodes = sorted(it.split("/", 1)[1] for it in self.held if it.startswith("node-root/"))
        yield from (("A25", "user:system:node:" + it) for it in nodes)
        yield from (("A25", "pod/%s/%s" % id_of(it)) for it in self.cluster.running if at(it, "spec", "nodeName") in nodes)
        # Whoever starts in a pod that has ended holds what stood in it.
        for pod in self.cluster.pods:
            if "pod/%s/%s" % id_of(pod) in self.held:
                yield from self.by_pod(pod)

    def by_pod(self, pod):
        account, node = account_of(pod), at(pod, "spec", "nodeName")
        if mounts_token(pod, self.cluster.of("ServiceAccount").get(account)):
            yield "TOKEN_STEAL", "sa:%s/%s" % account
        if node and is_privileged(pod):
            yield "CONTAINER_ESCAPE", "node-root/" + node
        for key, service in self.cluster.of("Service").items() if is_running(pod) else []:
            selector = at(service, "spec", "selector")
            if selector and key[0] == account[0] and selects({"matchLabels": selector}, labels_of(pod)):
                yield "BACKEND", "intercept/%s/%s" % key

    def by_rules(self, who):
        if MASTERS in who.groups:
            yield "A52", "cluster-admin"
        for namespace, rule in who.rules:
            if gives_everything(rule):
                yield "A52", "namespace-admin/" + namespace if namespace else "cluster-admin"
        running = [id_of(it) for it in self.cluster.running]
        for step, resource in (("A05", "pods/exec"), ("A06", "pods/attach")):
            for right in who.rights(["create", "get"] if self.before_35 else ["create"], "", resource):
                yield from ((step, it) for it in self.those("pod/", running, right))
        for right in who.rights(["create"], "", "serviceaccounts/token"):
            yield from (("A13", it) for it in self.accounts(right))
        for namespace, names in who.rights(READ, "", "secrets"):
            for home in self.spaces(namespace):
                for name in names or [""]:
                    yield "A11", "/".join(filter(None, ["secrets", home, name]))
        for step, group, resource in ((step, group, it) for step, group, all_of in MAKERS for it in all_of):
            for right in who.rights(["create"], group, resource):
                yield from ((step, it) for it in self.accounts(right) if not right[1])
        for names in who.cluster_rights(["get", "create"], "", "nodes/proxy"):
            for pod in self.cluster.running:
                node = at(pod, "spec", "nodeName")
                if node and (not names or node in names):
                    yield "A26", "pod/%s/%s" % id_of(pod)

    def by_acting(self, who):
        """Impersonation; of a group beside a user or an account."""
        users = who.cluster_rights(["impersonate"], "", "users")
        accounts = list(who.rights(["impersonate"], "", "serviceaccounts"))
        groups = who.cluster_rights(["impersonate"], "", "groups") if users or accounts else []
        for name in (name for names in users for name in names or ["*"]):
            if name and not name.startswith("system:serviceaccount:"):
                yield "A14", "user:" + name
        for right in accounts:
            yield from (("A14", it) for it in self.accounts(right))
        for name in (name for names in groups for name in names or ["*"]):
            if name:
                yield "A14", "masters" if name == MASTERS else "group:" + name

    def by_binding(self, who):
        """Whoever may bind roles and make bindings binds them to themselves."""
        is_any = any(not it for it in who.cluster_rights(["create"], RBAC, "clusterrolebindings"))
        places = [home for home, names in who.rights(["create"], RBAC, "rolebindings") if not names]
        places = {namespace for home in places for namespace in self.spaces(home)}
        for kind, resource in (("ClusterRole", "clusterroles"), ("Role", "roles")):
            for where, names in who.rights(["bind"], RBAC, resource):
                for namespace in places:
                    if where in ("", namespace):
                        yield from self.bound(kind, names, namespace)
                if is_any and kind == "ClusterRole" and not where:
                    yield from self.bound(kind, names, "")

    def bound(self, kind, names, namespace):
        home = "" if kind == "ClusterRole" else namespace
        keys = [it for it in self.cluster.of(kind) if it[0] == home and (not names or it[1] in names)]
        if any(gives_everything(rule) for key in keys for rule in self.cluster.rules(kind, *key)):
            yield "A17", "namespace-admin/" + namespace if namespace else "cluster-admin"
            return
        for key in keys:
            yield "A17", "/".join([kind.lower(), *filter(None, key)]) + (" in " + namespace if namespace else "")

    def by_token_secrets(self):
        """A Secret that the token controller fills; its maker and its reader may be two who are held."""
        makers = {it[0] for who in self.everybody for it in who.rights(["create"], "", "secrets") if not it[1]}
        readers = {it[0] for who in self.everybody for it in who.rights(READ, "", "secrets")}
        for home, other in ((home, other) for home in makers for other in readers):
            if home == other or not home or not other:
                yield from (("A12", it) for it in self.accounts((home or other, [])))

    def check(self):
        if not self.has(self.start):
            raise Refused("%s starts, and is not in the set" % self.start)
        if {"cluster-admin", "masters", "group:*"} & self.held:
            raise Refused("whoever may do everything comes everywhere")
        for goal in self.goals:
            is_group_of_one = any("group:" + group == goal for who in self.everybody for group in who.groups)
            is_sort_held = goal.endswith("/*") and any(it.startswith(goal[:-1]) for it in self.held)
            if is_group_of_one or is_sort_held or self.has(goal):
                raise Refused("%s is the goal, and in the set" % goal)
        for step, to in self.steps():
            if not self.has(to):
                raise Refused("%s leads out of the set, to %s" % (step, to))


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
        if CHECKED - told:
            raise Refused("it says nothing of %s" % ", ".join(sorted(CHECKED - told)))
        unchecked |= told - CHECKED
    return sorted(unchecked)


def answer(certificate, snapshot):
    try:
        return {"holds": True, "why": "", "unchecked": check(certificate, snapshot)}
    except Refused as refused:
        return {"holds": False, "why": str(refused), "unchecked": []}


def main(arguments):
    if arguments == ["--lines"]:
        for line in map(json.loads, sys.stdin):
            print(json.dumps(answer(line["certificate"], line["snapshot"])))
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
