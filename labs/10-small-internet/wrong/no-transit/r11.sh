# Everything goes out.
vtysh <<'END'
configure terminal
interface eth1
 ip ospf dead-interval 4
exit
ip prefix-list own permit {net}
route-map out permit 10
route-map in permit 10
router bgp {as}
 bgp router-id 10.1.255.11
 timers bgp 1 3
 neighbor 10.1.255.12 remote-as {as}
 neighbor 10.1.255.12 update-source lo
 neighbor 10.1.255.12 timers connect 1
 neighbor 172.16.12.2 remote-as 65002
 neighbor 172.16.12.2 timers connect 1
 address-family ipv4 unicast
  network {net}
  neighbor 10.1.255.12 next-hop-self
  neighbor 172.16.12.2 route-map in in
  neighbor 172.16.12.2 route-map out out
end
write memory
END
