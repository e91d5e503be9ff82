# Static routes in place of OSPF.
vtysh <<'END'
configure terminal
ip route 10.1.255.11/32 10.1.0.1
ip prefix-list own permit {net}
route-map out permit 10
 match ip address prefix-list own
route-map in permit 10
router bgp {as}
 bgp router-id 10.1.255.12
 timers bgp 1 3
 neighbor 10.1.255.11 remote-as {as}
 neighbor 10.1.255.11 update-source lo
 neighbor 10.1.255.11 timers connect 1
 neighbor 172.16.13.2 remote-as 65003
 neighbor 172.16.13.2 timers connect 1
 address-family ipv4 unicast
  network {net}
  neighbor 10.1.255.11 next-hop-self
  neighbor 172.16.13.2 route-map in in
  neighbor 172.16.13.2 route-map out out
end
write memory
END
