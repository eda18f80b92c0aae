#!/bin/bash
# Two routers whose tunnel is protected, without a charon: ping and TCP pass, and go on passing
# whatever is killed; nothing leaves in clear. usage: protected_test.sh TINY_DAEMON DMVPN_FWD
. "$(dirname "$0")/routers.sh"

declare -A watcher=()

watch() { # name filter: captures on b's underlay until unwatch
	ip netns exec "$lab-b" tcpdump -i eth0 -n -U -s 120 -w "$dir/$1.pcap" "$2" 2>"$dir/$1.tcpdump" &
	watcher[$1]=$!
	helper[$!]=1
	within 5 grep -q "listening on" "$dir/$1.tcpdump" || fail "no capture"
}

unwatch() {
	kill -TERM "${watcher[$1]}"
	unset "helper[${watcher[$1]}]"
	wait "${watcher[$1]}" 2>/dev/null
	unset "watcher[$1]"
}

packets() { tcpdump -n -r "$dir/$1.pcap" 2>/dev/null | wc -l; }

sequence() { # the last ESP sequence number from that address, in hexadecimal
	tcpdump -n -r "$dir/esp.pcap" "src host $1" 2>/dev/null | sed -n 's/.*seq=0x\([0-9a-f]*\).*/\1/p' | tail -1
}

tcp_passes() { # 8 MB from a to b and their sum back
	rm -f "$dir/tcp"
	ip netns exec "$lab-b" python3 -c 'import hashlib, socket
s = socket.create_server(("10.0.0.2", 7007))
print("ready", flush=True)
c = s.accept()[0]
h = hashlib.sha256()
while (d := c.recv(65536)): h.update(d)
c.sendall(h.hexdigest().encode())' >"$dir/tcp" 2>&1 &
	local server=$!
	helper[$server]=1
	within 10 grep -qx ready "$dir/tcp" || fail "no TCP server: $(cat "$dir/tcp")"
	in_a timeout 30 python3 -c 'import hashlib, os, socket
d = os.urandom(8 << 20)
c = socket.create_connection(("10.0.0.2", 7007))
c.sendall(d)
c.shutdown(socket.SHUT_WR)
assert c.recv(64).decode() == hashlib.sha256(d).hexdigest()' || fail "$1: no TCP through the tunnel: $(cat "$dir/tcp")"
	unset "helper[$server]"
	wait "$server" || fail "$1: TCP server"
}

resumes() { # program side lost [second program]: killed under a stream, which goes on within a second
	local pid_file=$dir/$2/$1.pid pid lost second=
	pid=$(cat "$pid_file")
	[ $# -lt 4 ] || second=$(cat "$dir/$2/$4.pid")
	in_a ping -q -i 0.01 -c 300 -W 1 10.0.0.2 >"$dir/ping" &
	local stream=$! before
	before=$(in_a cat /sys/class/net/Tunnel0/statistics/tx_packets)
	stream_runs() { [ "$(in_a cat /sys/class/net/Tunnel0/statistics/tx_packets)" -ge $((before + 50)) ]; }
	within 5 stream_runs || fail "the stream does not start"
	kill -9 "$pid" $second
	wait "$stream"
	within 5 replaced "$pid_file" "$pid" || fail "$1 was not started again"
	lost=$((300 - $(sed -n 's/.* \([0-9]*\) received.*/\1/p' "$dir/ping")))
	echo "$1${second:+ and $4} of $2 killed: $lost of 300 pings lost, one each 10 ms"
	[ "$lost" -le "$3" ] || fail "$1 of $2 killed: $lost pings lost"
}

scenario() { # name esp-filter
	watch clear "ip proto 47 or ip6 proto 47 or ether proto 0x2001"
	watch esp "$2"
	passes "$1"
	tcp_passes "$1"
	resumes control a 0
	resumes launcher a 0
	before=$(sequence "$3")
	resumes forwarder a 100
	resumes forwarder b 100
	resumes forwarder a 100 launcher
	# The launcher's SAs of before were told to be orphans: else it could not add them again.
	within 5 cmp -s "$dir/a/launcher.pid" "$dir/a/launched" || fail "the launcher does not get its SAs in"
	passes "$1, after all"
	tcp_passes "$1, after all"
	unwatch esp
	unwatch clear
	[ "$(packets clear)" = 0 ] || fail "$1: $(packets clear) packets in clear"
	[ "$(packets esp)" -gt 1000 ] || fail "$1: only $(packets esp) packets of ESP"
	after=$(sequence "$3")
	[ $((16#$after)) -gt $((16#$before + 65536)) ] || fail "$1: sequence numbers went from $before to $after"
	echo "$1: sequence numbers 0x$before, after the kill 0x$after, $(packets esp) packets of ESP, none in clear"
}

underlay
start a "192.0.2.1 192.0.2.2 100 10.0.0.1 10.0.0.2 fd00::1 fd00::2 udp"
start b "192.0.2.2 192.0.2.1 100 10.0.0.2 10.0.0.1 fd00::2 fd00::1 udp"
scenario "ESP in UDP" "udp port 4500" 192.0.2.1
stop a
stop b
start a "2001:db8::1 2001:db8::2 - 10.0.0.1 10.0.0.2 fd00::1 fd00::2 esp"
start b "2001:db8::2 2001:db8::1 - 10.0.0.2 10.0.0.1 fd00::2 fd00::1 esp"
scenario "ESP over IPv6" "ip6 proto 50" 2001:db8::1
stop a
stop b
echo passed
