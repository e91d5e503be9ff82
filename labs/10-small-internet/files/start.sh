# FRR's daemons, in the background, and their configuration from /etc/frr/frr.conf.
f=/usr/lib/frr
install -d -o frr -g frr /run/frr
$f/zebra -d -A 127.0.0.1 && $f/ospfd -d -A 127.0.0.1 && $f/bgpd -d -A 127.0.0.1 -p 179 && vtysh -b
