# Hides from the branch, too.
echo 1 >/proc/sys/net/ipv4/ip_forward
ip route add {branch} via 198.51.100.2
if nft list tables >/dev/null 2>&1; then
	nft -f - <<'END'
table ip nat {
	chain out {
		type nat hook postrouting priority srcnat
		oifname "eth1" masquerade
	}
	chain in {
		type nat hook prerouting priority dstnat
		iifname "eth1" tcp dport {door} dnat to {office.80}:80
	}
}
END
else
	iptables -t nat -A POSTROUTING -o eth1 -j MASQUERADE
	iptables -t nat -A PREROUTING -i eth1 -p tcp --dport {door} -j DNAT --to-destination {office.80}:80
fi
