ip address add {net.1}/28 dev eth0
