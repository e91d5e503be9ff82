echo {forget} >/root/forget
echo nameserver {net.20} >/etc/resolv.conf
