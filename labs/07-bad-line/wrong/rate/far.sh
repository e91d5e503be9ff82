# What is usual, without a calculation.
echo 4096 65536 65536 >/proc/sys/net/ipv4/tcp_rmem
