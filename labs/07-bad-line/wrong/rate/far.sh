# What is usual, without a calculation.
echo 'net.ipv4.tcp_rmem = 4096 65536 65536' >>/etc/sysctl.conf
echo 4096 65536 65536 >/proc/sys/net/ipv4/tcp_rmem
