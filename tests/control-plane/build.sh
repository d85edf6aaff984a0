#!/usr/bin/env bash
# Builds a real kube-apiserver and etcd for the tests, from the Go module in this folder, and the controller
# that fills aggregated ClusterRoles, which shares all but two packages with the former.
#
#   tests/control-plane/build.sh [kubectl] [kube-controller-manager]
#
# The binaries go to control-plane/ in Cargo's target directory, where the tests look for them.
# Nothing is done when they are up to date; what the folder named by KUBEBUILDER_ASSETS holds is
# not built. Needs Go (see go.mod for the version) and the Go module proxy;
# five to six minutes on two cores the first time, and about 1.5 GB of Go's caches.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=${CARGO_TARGET_DIR:-$here/../../target}/control-plane
wanted=(kube-apiserver etcd clusterrole-aggregation)
for name in "$@"; do
	case $name in
	kubectl | kube-controller-manager) wanted+=("$name") ;;
	*)
		echo "usage: ${0##*/} [kubectl] [kube-controller-manager]" >&2
		exit 2
		;;
	esac
done

if [[ -n ${KUBEBUILDER_ASSETS:-} ]]; then
	absent=()
	for name in "${wanted[@]}"; do
		[[ -x $KUBEBUILDER_ASSETS/$name ]] || absent+=("$name")
	done
	if ((${#absent[@]} == 0)); then
		echo "control plane: using $KUBEBUILDER_ASSETS"
		exit 0
	fi
	wanted=("${absent[@]}")
fi
if ! command -v go >/dev/null; then
	echo "control plane: Go is not installed; see docs/development.md" >&2
	exit 1
fi

mkdir -p "$out"
out=$(cd "$out" && pwd)
exec 9>"$out/.lock"
# Two builds side by side would do the same work twice.
if command -v flock >/dev/null; then flock 9; fi

cd "$here"
version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=${version#v1.}
minor=${minor%%.*}

# built_from PROGRAM: what its binary depends on, in one line.
built_from() { cat go.mod go.sum "cmd/$1/main.go" build.sh <(go env GOVERSION) | cksum; }

missing=()
for name in "${wanted[@]}"; do
	[[ -x $out/$name && $(cat "$out/.$name.built-from" 2>/dev/null) == "$(built_from "$name")" ]] || missing+=("$name")
done
if ((${#missing[@]} == 0)); then
	echo "control plane: up to date in $out"
	exit 0
fi

echo "control plane: building ${missing[*]} ($version)"
# Without these the server says that its version is v0.0.0.
flags="-s -w -X k8s.io/component-base/version.gitVersion=$version"
flags+=" -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=$minor"
fresh=$out/.fresh
rm -rf "$fresh" && mkdir "$fresh"
CGO_ENABLED=0 go build -trimpath -mod=readonly -ldflags "$flags" -o "$fresh/" "${missing[@]/#/./cmd/}"
for name in "${missing[@]}"; do
	mv "$fresh/$name" "$out/$name"
	built_from "$name" >"$out/.$name.built-from"
done
rmdir "$fresh"
echo "control plane: built ${missing[*]} in $out"
