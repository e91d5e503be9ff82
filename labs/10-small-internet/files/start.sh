# FRR's daemons, in the background, and their configuration from /etc/frr/frr.conf.
if command -v frr >/dev/null; then # the image has a program for it
	FRR_DAEMONS="ospfd bgpd" exec frr start
fi
mkdir -p /run/frr /var/tmp/frr && chown frr:frr /run/frr /var/tmp/frr
for daemon in zebra ospfd bgpd; do
	/usr/lib/frr/$daemon -d -A 127.0.0.1 || exit
done
vtysh -b
