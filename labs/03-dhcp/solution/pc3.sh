sh /root/ask
