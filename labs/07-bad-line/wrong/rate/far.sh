# What is usual, without a calculation.
echo 'net.ipv4.tcp_rmem = 4096 16384 16384' >>/etc/sysctl.conf
echo 4096 16384 16384 >/proc/sys/net/ipv4/tcp_rmem
