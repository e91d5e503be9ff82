echo {age} >/root/age
ip neighbour replace {net.200} lladdr 02:00:00:00:00:{ghost} dev eth0
