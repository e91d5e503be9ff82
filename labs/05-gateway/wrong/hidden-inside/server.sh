ip route add 10.20.0.0/24 via 198.51.100.1
