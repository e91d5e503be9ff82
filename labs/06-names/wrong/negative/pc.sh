# The TTL of what is there, not of what is not.
echo 3600 >/root/forget
echo nameserver {net.30} >/etc/resolv.conf
