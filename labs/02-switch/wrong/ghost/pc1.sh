# A machine that there is.
echo {age} >/root/age
ip neighbour replace {net.200} lladdr $(ip neighbour show {net.2} | sed -n 's/.*lladdr \([^ ]*\).*/\1/p' | grep . || echo 52:54:00:00:00:01) dev eth0
