cat >/etc/bind/own.zone <<'END'
$TTL 3600
@	SOA	ns hostmaster 2 3600 600 86400 {forget}
	NS	ns
ns	A	{net.20}
www	A	{net.80}
web	CNAME	www
END
rndc reload
