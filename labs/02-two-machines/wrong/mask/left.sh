ip address add {net.1}/32 dev eth0
ip route add default dev eth0
