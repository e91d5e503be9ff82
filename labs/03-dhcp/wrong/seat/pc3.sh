# By hand.
ip address add {net.77}/24 dev eth0
