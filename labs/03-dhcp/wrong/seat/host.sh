# For pc1.
vnetctl port set $LAB.{rogue}.eth0 dhcp-guard=on
vnetctl dhcp reserve $LAB.office 52:54:00:bb:00:01 {net.77}
