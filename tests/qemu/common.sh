# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# Shared by the scripts beside it, which source it: where things are kept,
# how failures are said, and how packages of other Debian suites are fetched
# without the host's own apt ever hearing of those suites.

set -euo pipefail
# Else what fails inside $(...) would not end the script.
shopt -s inherit_errexit

# A Python, a compiler path or a library path of the caller's must not reach
# the builds.
PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin
export PATH LC_ALL=C
unset LIBRARY_PATH LD_LIBRARY_PATH CPATH C_INCLUDE_PATH PYTHONPATH PYTHONHOME \
	CFLAGS CPPFLAGS LDFLAGS MAKEFLAGS MFLAGS MAKELEVEL ARCH CROSS_COMPILE

# shellcheck disable=SC2034 # for the scripts that source this file
TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${HISI_ACC_CACHE:-/var/cache/hisi_acc}

say() {
	printf '%s\n' "$*" >&2
}

die() {
	say "${0##*/}: $*"
	exit 1
}

# Neither make, nor the kernel's build, nor QEMU's options take these.
case $TOP$CACHE in
*[[:space:]:,\'\"\$\\\#]*)
	die "There must be no blank, colon, comma or quote in the names of the" \
		"project's folder and of the cache: $TOP, $CACHE." ;;
esac
if ! mkdir -p "$CACHE/lock" || [ ! -w "$CACHE/lock" ]; then
	die "$CACHE cannot be written. Be root, or name another folder in HISI_ACC_CACHE."
fi
CACHE=$(cd "$CACHE" && pwd)

# lock NAME: hold a lock of the cache until this script ends.
lock() {
	exec 9>"$CACHE/lock/$1"
	flock 9
}

# quiet LOG COMMAND...: run a command whose output matters only if it fails.
quiet() {
	local log=$1
	shift
	if ! "$@" >"$log" 2>&1; then
		tail -n 40 "$log" >&2
		say "This failed: $*"
		say "All it said is in $log."
		return 1
	fi
}

# mirror [-security]: the mirror the host's own apt uses.
mirror() {
	# shellcheck disable=SC1091,SC2016
	(. /etc/os-release && apt-get indextargets \
		--format '$(REPO_URI) $(CODENAME)' "Created-By: Packages" |
		awk -v c="$VERSION_CODENAME${1:-}" '$2 == c { uri = $1 } END { print uri }')
}

# suite SUITE[:ARCH] COMMAND...: run an apt command with SUITE as its only
# source, for another architecture than the host's if one is said. The lists,
# state and cache of that apt are in a folder of its own, for one at a time: apt
# gives up where another one is at work.
suite() {
	local name=${1%:*} root=$CACHE/apt/${1/:/-} kind='' uri arch=amd64 from
	[ "$name" = "$1" ] || arch=${1#*:}
	shift
	case $name in *-security) kind=-security ;; esac
	uri=$(mirror "$kind")
	[ -n "$uri" ] || {
		apt-get -qq update >&2
		uri=$(mirror "$kind")
	}
	[ -n "$uri" ] || die "The host's apt names no Debian mirror to fetch $name from."

	mkdir -p "$root"/{lists/partial,cache/archives/partial,state}
	{
		flock 7
		: >"$root/status"
		from="[signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $uri $name main"
		echo "deb $from" >"$root/sources.list"
		[ "$arch" != amd64 ] || echo "deb-src $from" >>"$root/sources.list"
		cat >"$root/apt.conf" <<-END
			APT::Architecture "$arch";
			APT::Architectures { "$arch"; };
			Dir::State "$root/state";
			Dir::State::status "$root/status";
			Dir::State::Lists "$root/lists";
			Dir::Cache "$root/cache";
			Dir::Etc::sourcelist "$root/sources.list";
			Dir::Etc::sourceparts "/dev/null";
			Dir::Etc::preferences "/dev/null";
			Dir::Etc::preferencesparts "/dev/null";
			APT::Sandbox::User "root";
			APT::Install-Recommends "false";
			Acquire::Check-Valid-Until "false";
			Acquire::Retries "3";
		END
		if [ -z "$(find "$root/updated" -mmin -60 2>/dev/null)" ]; then
			APT_CONFIG=$root/apt.conf apt-get -qq update >&2 ||
				die "The package lists of $name could not be fetched."
			touch "$root/updated"
		fi
		APT_CONFIG=$root/apt.conf "$@"
	} 7>"$root/lock"
}

# unpack SUITE[:ARCH] DIR PACKAGE...: unpack packages of SUITE into DIR.
unpack() {
	local name=$1 dir=$2 debs
	shift 2
	debs=$(mktemp -d "$CACHE/debs.XXXXXX")
	mkdir -p "$dir"
	(cd "$debs" && suite "$name" apt-get -qq download "$@" >&2) ||
		die "These packages could not be fetched from $name: $*."
	for deb in "$debs"/*.deb; do
		dpkg-deb -x "$deb" "$dir"
	done
	rm -r "$debs"
}
