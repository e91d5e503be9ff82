# One way is half of it.
echo $(({rtt} / 2)) >/root/rtt
