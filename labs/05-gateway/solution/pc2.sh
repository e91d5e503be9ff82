ip route replace default via {office.1}
