# Two routers in namespaces, each with the real keeper and forwarder: sourced by the tests with
# TINY_DAEMON and DMVPN_FWD as arguments.
set -u
daemon=$1 forwarder=$2
stream=$(dirname "$0")/stream.py
[ "$(id -u)" = 0 ] && [ -c /dev/net/tun ] && unshare -n true 2>/dev/null || { echo "needs root, namespaces and TUN"; exit 77; }

lab=fwdtest-$$
dir=$(mktemp -d)
declare -A keeper=() helper=() # helper: pids of further programs in the background

cleanup() {
	for side in "${!keeper[@]}"; do kill -9 "${keeper[$side]}" 2>/dev/null; done
	for pid in "${!helper[@]}"; do kill -9 "$pid" 2>/dev/null; done
	wait 2>/dev/null
	ip netns del "$lab-a" 2>/dev/null
	ip netns del "$lab-b" 2>/dev/null
	rm -rf "$dir"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

fail() { echo "FAILED: $*"; cat "$dir"/*.log; exit 1; }
in_a() { ip netns exec "$lab-a" "$@"; }
in_b() { ip netns exec "$lab-b" "$@"; }
# within SECONDS COMMAND...: until it succeeds
within() {
	local end=$((SECONDS + $1 + 1)); shift
	until "$@" >/dev/null 2>&1; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done
}

start() { # side plan
	mkdir -p "$dir/$1"
	echo "$2" >"$dir/$1.plan"
	ip netns exec "$lab-$1" "$daemon" "$dir/$1.plan" "$dir/$1" "$forwarder" >>"$dir/$1.log" 2>&1 &
	keeper[$1]=$!
	within 5 ip -n "$lab-$1" addr show dev Tunnel0 || fail "$1 has no Tunnel0"
}

stop() { # side: a clean stop leaves nothing behind
	kill -TERM "${keeper[$1]}"
	wait "${keeper[$1]}" || fail "keeper $1 ended with code $?"
	unset "keeper[$1]"
	ip -n "$lab-$1" link show Tunnel0 >/dev/null 2>&1 && fail "$1 still has Tunnel0"
	for file in control.sock dmvpnd.pid control.pid forwarder.pid; do
		[ ! -e "$dir/$1/$file" ] || fail "$1 left $file"
	done
}

passes() { # ping4 and ping6 pass; the first packets wait for the neighbour
	within 5 in_a ping -q -c 1 -W 1 10.0.0.2 || fail "$1: no IPv4 through the tunnel"
	within 5 in_a ping -q -c 1 -W 1 fd00::2 || fail "$1: no IPv6 through the tunnel"
}

ready() { grep -q ready "$dir/got"; }

arrives() { # kind, address, what the sender wants further: the receiver's and the sender's words are kept
	: >"$dir/got"
	in_b python3 "$stream" "$1-receive" "$2" 5001 ${count:-} >"$dir/got" 2>&1 &
	local receiver=$!
	within 5 ready || fail "no receiver: $(cat "$dir/got")"
	in_a python3 "$stream" "$1-send" "$2" 5001 "${@:3}" >"$dir/sent" 2>&1 || fail "$1 to $2: $(cat "$dir/sent")"
	wait "$receiver" || fail "$1 to $2: $(cat "$dir/got")"
}

carries() { # address: a stream of TCP comes out as it went in
	arrives tcp "$1" 8000000 "$RANDOM"
	[ "$(tail -n 1 "$dir/got")" = "$(cat "$dir/sent")" ] || fail "another stream came from $1: $(cat "$dir/got" "$dir/sent")"
}

statistic() { ip netns exec "$lab-$1" cat "/sys/class/net/Tunnel0/statistics/$2"; }

supers() { # side, rx or tx: octets of an average packet of a stream are more than a wire takes
	local octets packets
	octets=$(statistic "$1" "$2_bytes") packets=$(statistic "$1" "$2_packets")
	carries "$3"
	octets=$(($(statistic "$1" "$2_bytes") - octets)) packets=$(($(statistic "$1" "$2_packets") - packets))
	[ "$octets" -gt $((packets * 3000)) ] || fail "$1 $2: $packets packets of $octets octets: no super-packets"
}

datagrams() { # address: all of them, whole and in order
	count=96 arrives udp "$1" 1000 96
	[ "$(tail -n 1 "$dir/got")" = 96 ] || fail "datagrams to $1: $(cat "$dir/got")"
}

replaced() { [ "$(cat "$1")" != "$2" ]; }

survives() { # program side: kill -9, the interface and neighbours stay, packets pass again
	local pid_file=$dir/$2/$1.pid pid before after
	pid=$(cat "$pid_file")
	before=$(ip -n "$lab-$2" neigh show dev Tunnel0 nud permanent | sort)
	kill -9 "$pid"
	[ "$(in_a cat /sys/class/net/Tunnel0/carrier)" = 1 ] || fail "carrier lost with $1"
	after=$(ip -n "$lab-$2" neigh show dev Tunnel0 nud permanent | sort)
	[ -n "$before" ] && [ "$before" = "$after" ] || fail "neighbours lost with $1"
	within 5 replaced "$pid_file" "$pid" || fail "$1 was not started again"
	passes "after kill of $1"
}

underlay() { # family-specific addresses of the veth pair
	ip netns add "$lab-a" && ip netns add "$lab-b" || fail "no namespaces"
	ip -n "$lab-a" link add eth0 type veth peer name eth0 netns "$lab-b"
	for side in a b; do
		ip -n "$lab-$side" link set lo up
		ip -n "$lab-$side" link set eth0 up
	done
	ip -n "$lab-a" addr add 192.0.2.1/24 dev eth0
	ip -n "$lab-b" addr add 192.0.2.2/24 dev eth0
	ip -n "$lab-a" addr add 2001:db8::1/64 dev eth0 nodad
	ip -n "$lab-b" addr add 2001:db8::2/64 dev eth0 nodad
}

