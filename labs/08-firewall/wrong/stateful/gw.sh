# An answer is what comes from port 80.
if nft list ruleset >/dev/null 2>&1; then
nft -f - <<'END'
flush ruleset
table inet fw {
	chain forward {
		type filter hook forward priority filter; policy drop;
		tcp sport 80 accept
		iifname "eth2" accept
		iifname "eth0" ip daddr {dmz.80} tcp dport { 80, 443 } accept
	}
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname { "lo", "eth2" } accept
		meta l4proto icmp accept
	}
}
END
else # a kernel without nf_tables
iptables -P FORWARD DROP
iptables -A FORWARD -p tcp --sport 80 -j ACCEPT
iptables -A FORWARD -i eth2 -j ACCEPT
iptables -A FORWARD -i eth0 -d {dmz.80} -p tcp --dport 80 -j ACCEPT
iptables -A FORWARD -i eth0 -d {dmz.80} -p tcp --dport 443 -j ACCEPT
iptables -P INPUT DROP
iptables -A INPUT -m state --state ESTABLISHED,RELATED -j ACCEPT
iptables -A INPUT -i lo -j ACCEPT
iptables -A INPUT -i eth2 -j ACCEPT
iptables -A INPUT -p icmp -j ACCEPT
fi
