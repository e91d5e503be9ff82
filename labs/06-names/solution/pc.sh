echo {forget} >/root/forget
echo nameserver {net.30} >/etc/resolv.conf
