ip route add {office} via 198.51.100.1
