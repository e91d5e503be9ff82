# The server is told a way to the office instead: pages come, and the street sees everybody.
echo 1 >/proc/sys/net/ipv4/ip_forward
