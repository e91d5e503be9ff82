ip address add {net.2}/28 dev eth0
ip link set eth0 arp on
