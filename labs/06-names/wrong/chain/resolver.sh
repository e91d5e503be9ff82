cat >>/etc/bind/named.conf <<'END'
zone "{tree}" { type forward; forward only; forwarders { {net.20}; }; };
END
rndc reconfig
