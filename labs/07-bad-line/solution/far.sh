# 4 Mbit/s for less than 80 ms are 40 KB; twice that, and room.
echo 'net.ipv4.tcp_rmem = 4096 131072 1048576' >>/etc/sysctl.conf
echo 4096 131072 1048576 >/proc/sys/net/ipv4/tcp_rmem
