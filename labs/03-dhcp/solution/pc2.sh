echo {rogue} >/root/who
sh /root/ask
