echo {rtt} >/root/rtt
