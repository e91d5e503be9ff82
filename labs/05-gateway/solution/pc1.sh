ip route add default via {office.1}
