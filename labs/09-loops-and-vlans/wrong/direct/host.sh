# The root is whoever was there first.
vnetctl port set $LAB.pc1.eth0 vlan={red}
vnetctl port set $LAB.pc2.eth0 vlan={blue}
vnetctl port set $LAB.pc3.eth0 vlan={red}
vnetctl port set $LAB.pc4.eth0 vlan={blue}
for port in ab.a ab.b bc.b bc.c ca.c ca.a; do vnetctl port set $LAB.$port trunk={red},{blue}; done
vnetctl net set $LAB.a stp=on
vnetctl net set $LAB.b stp=on
vnetctl net set $LAB.c stp=on
