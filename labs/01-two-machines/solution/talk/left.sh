ping -c 1 -W 2 {net.2}
ip neighbour show {net.2} | sed -n 's/.*lladdr \([^ ]*\).*/\1/p' >/root/who
