# A cable for each company.
vnetctl port set $LAB.pc1.eth0 vlan={red}
vnetctl port set $LAB.pc2.eth0 vlan={blue}
vnetctl port set $LAB.pc3.eth0 vlan={red}
vnetctl port set $LAB.pc4.eth0 vlan={blue}
for port in ab.a ab.b; do vnetctl port set $LAB.$port vlan={red}; done
for port in ca.c ca.a; do vnetctl port set $LAB.$port vlan={blue}; done
vnetctl net set $LAB.c stp=on stp-priority=32768
vnetctl net set $LAB.a stp=on stp-priority=0
vnetctl net set $LAB.b stp=on
