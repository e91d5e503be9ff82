# Both prefixes: the right one, and one that takes the neighbours' half for near, too.
ip address add {net.1}/28 dev eth0
ip address add {net.1}/27 dev eth0
