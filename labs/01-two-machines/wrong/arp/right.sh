# The cable's other end stays deaf.
ip address add {net.2}/28 dev eth0
