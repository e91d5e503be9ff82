sed -i 's/{net.21}/{net.20}/' /etc/bind/root.zone && rndc reload
