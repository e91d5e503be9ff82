# The wrong end of the wire.
cat /sys/class/net/eth0/address >/root/who
