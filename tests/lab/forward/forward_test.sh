#!/bin/bash
# Two routers with the real keeper and forwarder: packets pass, and go on passing whatever
# child is killed. usage: forward_test.sh TINY_DAEMON DMVPN_FWD
. "$(dirname "$0")/routers.sh"

underlay
start a "192.0.2.1 192.0.2.2 100 10.0.0.1 10.0.0.2 fd00::1 fd00::2"
start b "192.0.2.2 192.0.2.1 100 10.0.0.2 10.0.0.1 fd00::2 fd00::1"
passes "IPv4 underlay"
# Larger than the underlay's MTU behind GRE: the inner packet is fragmented by the kernel.
in_a ping -q -c 1 -W 2 -s 3000 10.0.0.2 >/dev/null || fail "large packets"

# Streams cross as super-packets on either TAP, and come out octet for octet.
for address in 10.0.0.2 fd00::2; do
	supers a tx "$address"
	supers b rx "$address"
	datagrams "$address"
done
# With every fiftieth packet lost on the way it is still the same stream.
if in_b nft 'table inet loss { chain input { type filter hook input priority 0; meta l4proto 47 numgen inc mod 50 0 counter drop; }; }'; then
	carries 10.0.0.2
	carries fd00::2
	in_b nft list table inet loss | grep -q "packets 0 " && fail "nothing was lost"
	in_b nft delete table inet loss
fi

# A second daemon on the same folder, and one with a folder of its own, say what is wrong.
in_a "$daemon" "$dir/a.plan" "$dir/a" "$forwarder" >"$dir/second" 2>&1
[ $? = 2 ] && grep -q "another dmvpnd runs with" "$dir/second" || fail "second daemon: $(cat "$dir/second")"
in_a "$daemon" "$dir/a.plan" "$dir/a2" "$forwarder" >"$dir/second" 2>&1
[ $? = 2 ] && grep -q "another dmvpnd runs in this network namespace" "$dir/second" || fail "second daemon in the namespace: $(cat "$dir/second")"

survives forwarder a
survives control a
# Without any control process packets go on: none of a steady stream is lost.
sent() { in_a cat /sys/class/net/Tunnel0/statistics/tx_packets; }
before=$(sent)
stream_runs() { [ "$(sent)" -ge $((before + 5)) ]; }
in_a ping -q -i 0.02 -c 50 -W 1 10.0.0.2 >"$dir/ping" &
ping_pid=$!
within 5 stream_runs || fail "the stream does not start"
kill -9 "$(cat "$dir/a/control.pid")" "$(cat "$dir/b/control.pid")"
wait "$ping_pid"
grep -q "50 received" "$dir/ping" || fail "packets lost while the control process was away: $(cat "$dir/ping")"

# Forwarder and control process run without root.
for program in forwarder; do
	uid=$(awk '/^Uid:/ {print $2}' "/proc/$(cat "$dir/a/$program.pid")/status")
	caps=$(awk '/^CapEff:/ {print $2}' "/proc/$(cat "$dir/a/$program.pid")/status")
	[ "$uid" != 0 ] && [ "$caps" = 0000000000000000 ] || fail "$program has uid $uid, capabilities $caps"
	grep -q "^Seccomp:[[:space:]]*2" "/proc/$(cat "$dir/a/$program.pid")/status" || fail "$program has no filter of system calls"
done

# Children end with a keeper that is killed.
pids="$(cat "$dir/b/control.pid") $(cat "$dir/b/forwarder.pid")"
kill -9 "${keeper[b]}"
wait "${keeper[b]}" 2>/dev/null
unset "keeper[b]"
for pid in $pids; do
	within 3 bash -c "! kill -0 $pid 2>/dev/null" || fail "child $pid outlives its keeper"
done
within 3 bash -c "! ip -n $lab-b link show Tunnel0" || fail "Tunnel0 outlives its keeper"
stop a

# The same over IPv6, without a key. b starts over the stale socket of its killed forerunner.
start a "2001:db8::1 2001:db8::2 - 10.0.0.1 10.0.0.2 fd00::1 fd00::2"
start b "2001:db8::2 2001:db8::1 - 10.0.0.2 10.0.0.1 fd00::2 fd00::1"
passes "IPv6 underlay"
stop a
stop b
echo passed
