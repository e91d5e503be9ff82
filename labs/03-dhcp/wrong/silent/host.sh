# The guard at the victim's port: it keeps pc2 from serving, not from being served.
vnetctl port set $LAB.pc2.eth0 dhcp-guard=on
vnetctl dhcp reserve $LAB.office 52:54:00:bb:00:03 {net.77}
